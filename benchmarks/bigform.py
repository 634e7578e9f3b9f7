"""``python -m benchmarks.bigform``: a form of a thousand rows with choices of 5,000 options, as a browser opens it.

Needs Chromium. Prints milliseconds, the median of some rounds: the server's answer, everything ready (all behaviours mounted), and
the first input (a key in the first row until what follows from it stands on the page).
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from kernel.platform.clock import SystemClock
from kernel.web.session import cookie_name
from tests.factories import desk as desks

ROWS, OPTIONS = 1000, 5000

COLUMNS: Mapping[str, Any] = {
    "name": {"type": "text", "required": True, "max": 40},
    "what": {"type": "choice", "options": "many"},
    "quantity": "integer",
    "price": "money",
    "due": "date",
    "helper": "user",
    "done": "boolean",
    "amount": {"type": "computed", "value": "quantity * 2", "places": 2},
}


def documents() -> list[Mapping[str, Any]]:
    """The application of the tests with more columns in the rows of its task."""
    many = {"option_set": "many", "options": {f"o{n}": {"labels": {"en": f"Option {n}", "zh": f"选项 {n}"}} for n in range(OPTIONS)}}
    found: list[Mapping[str, Any]] = [many]
    for document in desks.DOCUMENTS:
        if document.get("entity") == "task" and "fields" in document:
            fields = {**document["fields"], "big": {"type": "rows", "max_rows": ROWS, "fields": COLUMNS}, "sum": {"type": "computed", "value": "SUM(big.quantity)"}}
            document = {**document, "fields": fields}
        if document.get("form") == "task":
            document = {**document, "sections": {"main": {"items": ["title", "sum", "big"]}}}
        found.append(document)
    return found


def rows(count: int = ROWS) -> list[dict[str, Any]]:
    """Every row filled in."""
    return [
        {"fields": {"name": f"Row {n}", "what": f"o{n % OPTIONS}", "quantity": n % 7 + 1, "price": {"amount": "10.50", "currency": "CNY"}, "due": "2026-11-25", "done": n % 2 == 0}}
        for n in range(count)]


def main(rounds: int = 5) -> int:
    """Measure and print. Returns 0; 1 where there is no Chromium."""
    from playwright.sync_api import sync_playwright
    from werkzeug.serving import make_server

    from kernel.platform import sessions
    from runtime.records import road
    from runtime.records.record import Input
    from tests.conftest import CHROMIUM_FLAGS, free_port

    chromium = shutil.which("chromium")
    if chromium is None:
        print("no Chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, desks.make_desk(desks.settings_for("sqlite", Path(folder), None), SystemClock(), documents()) as desk:
        with desk.ctx() as ctx:
            made = road.create(ctx, "task", Input({"title": "Big", "big": rows()}), owner=desk.people["chen"])
        web = desk.app.extensions["fangyuan"]
        with desk.home.write() as conn:
            secret = sessions.create(conn, desk.people["chen"], web.clock.now(), 30)
        port = free_port()
        server = make_server("127.0.0.1", port, desk.app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{port}/t/{desk.slug}/e/task/{made.id}/edit"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            context.add_cookies([{"name": cookie_name(web.settings, desk.slug), "value": secret, "url": url[: url.index("/t/")]}])
            for name, address in (("as it is", url), ("every row drawn", f"{url}?_rows=all")):
                _print(name, [_open(context, address) for _round in range(rounds + 1)])
            browser.close()
        server.shutdown()
        server.server_close()
    return 0


def _open(context: Any, url: str) -> dict[str, float]:
    """One visit. Processor time is that of the page's main thread: what the page would take on a machine with nothing else to do."""
    page = context.new_page()
    page.set_default_timeout(120_000)
    cdp = context.new_cdp_session(page)
    cdp.send("Performance.enable", {"timeDomain": "threadTicks"})

    def processor() -> float:
        return next(float(m["value"]) for m in cdp.send("Performance.getMetrics")["metrics"] if m["name"] == "TaskDuration")

    started, cpu = perf_counter(), processor()
    page.goto(url, wait_until="commit")
    page.wait_for_selector("html[data-behaviours=ready]", state="attached")
    found = {"ready": (perf_counter() - started) * 1000, "ready, processor": (processor() - cpu) * 1000}
    before = page.locator("#f-sum").inner_text()
    started, cpu = perf_counter(), processor()
    page.locator("[name='big-0-quantity']").evaluate(
        "(input) => { input.value = String(Number(input.value) + 10); input.dispatchEvent(new Event('input', { bubbles: true })); }")
    while page.locator("#f-sum").inner_text() == before:
        pass
    found |= {"first input": (perf_counter() - started) * 1000, "first input, processor": (processor() - cpu) * 1000}
    found |= page.evaluate(
        "() => { const n = performance.getEntriesByType('navigation')[0]; return { 'first byte': n.responseStart, 'whole answer': n.responseEnd,"
        " kilobytes: n.decodedBodySize / 1024, elements: document.getElementsByTagName('*').length }; }")
    page.close()
    return found


def _print(name: str, found: list[dict[str, float]]) -> None:
    print(name)
    for figure in found[0]:
        print(f"  {figure:24} {statistics.median(f[figure] for f in found[1:] or found):10.0f}   (first {found[0][figure]:.0f})")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
