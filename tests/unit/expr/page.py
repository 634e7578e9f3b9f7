"""Runs trees in a real browser: one page, all trees in one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kernel.expr import Expression, to_js, to_json_value
from kernel.expr.types import Kind

from .world import ENTITIES, NOW, ROOTS, ZONE

JS = Path(__file__).resolve().parents[3] / "kernel" / "web" / "static" / "js"
_PAGE = "http://expressions.test/"

_RUN = """
async ({world, jobs}) => {
  const {evaluate} = await import("/expr.js");
  const target = (entity, key) => world.entities[entity][key];
  const envOf = (db, entity, row) => ({
    now: world.now, zone: world.zone,
    get(path) {
      let [e, r, p] = [entity, row, path];
      const root = world.roots[p[0]];
      if (root !== undefined && !(p[0] in world.entities[entity])) {
        if (!Array.isArray(root)) return root[p[1]];
        if (p.length === 1) return root[1];
        [e, r, p] = [root[0], db[root[0]][root[1]], p.slice(1)];
      }
      for (const key of p.slice(0, -1)) {
        if (r[key] == null) return null;
        [e, r] = [target(e, key), db[target(e, key)][r[key]]];
      }
      return r[p.at(-1)];
    },
    rows(path) {
      let e = entity;
      for (const key of path) e = target(e, key);
      return (this.get(path) ?? []).map((id) => envOf(db, e, db[e][id]));
    },
  });
  return jobs.map(({db, record, trees}) => {
    const env = envOf(db, "task", db.task[record]);
    return trees.map((tree) => {
      try { return evaluate(tree, env); } catch (error) { return {crash: String(error.stack)}; }
    });
  });
}
"""


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value if isinstance(value, list) else to_json_value(value) for key, value in row.items()}


def in_browser(browser: Any, jobs: list[tuple[dict[str, Any], str, list[Expression]]]) -> list[list[Any]]:
    """The outward values of each job's expressions for its record."""
    world = {
        "entities": {e: {k: m.type.entity if m.type.kind in (Kind.RECORD, Kind.ROWS) else None for k, m in ms.items()} for e, ms in ENTITIES.items()},
        "roots": {k: {n: to_json_value(v) for n, v in r.items()} if isinstance(r, dict) else list(r) for k, r in ROOTS.items()},
        "now": to_json_value(NOW), "zone": str(ZONE),
    }  # fmt: skip
    sent = [
        {"db": {e: {i: _row(row) for i, row in rows.items()} for e, rows in db.items()}, "record": record, "trees": [to_js(x) for x in expressions]}
        for db, record, expressions in jobs
    ]
    context = browser.new_context()
    try:
        page = context.new_page()
        page.route(_PAGE + "**", _serve)
        page.goto(_PAGE)
        found: list[list[Any]] = page.evaluate(_RUN, {"world": world, "jobs": sent})
        return found
    finally:
        context.close()


def _serve(route: Any) -> None:
    name = route.request.url.removeprefix(_PAGE)
    if not name:
        route.fulfill(
            content_type="text/html", headers={"Content-Security-Policy": "default-src 'self'; script-src 'self'"}, body="<!doctype html><title>x</title>"
        )
    else:
        route.fulfill(content_type="text/javascript", body=(JS / name).read_text())
