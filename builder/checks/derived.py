"""Derived fields that depend on themselves, and choices that govern each other in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from builder.checks.finding import Finding
from builder.checks.place import Place
from kernel.i18n import _
from kernel.model.derivation import CycleError
from kernel.model.elements import Field


def check(place: Place) -> Iterable[Finding]:
    """One finding per circle, with the circle as its witness."""
    seen: set[frozenset[str]] = set()
    for entity in place.application.entities.values():
        try:
            place.schema.derivation_order(entity.key)
        except CycleError as error:
            members = frozenset(f.uid for f in error.cycle)
            if members not in seen:
                seen.add(members)
                problem = error.problem()
                yield place.find(
                    error.cycle[0], "circular_formula", "", problem.message, problem.hint, witness={"circle": [f"{f.place}.{f.key}" for f in error.cycle]}
                )
        yield from _governed(place, entity.fields)
        for rows in entity.fields:
            yield from _governed(place, rows.fields)


def _governed(place: Place, fields: tuple[Field, ...]) -> Iterator[Finding]:
    by_key = {f.key: f for f in fields}
    done: set[str] = set()
    for start in fields:
        path: list[str] = []
        at: Field | None = start
        while at is not None and at.key not in done:
            if at.key in path:
                circle = [*path[path.index(at.key) :], at.key]
                yield place.find(
                    at,
                    "circular_options",
                    "settings.governed_by",
                    _("These choices govern each other in a circle: {fields}.", fields=" → ".join(circle)),
                    witness={"circle": circle},
                )
                break
            path.append(at.key)
            at = by_key.get(str(at.settings.get("governed_by"))) if at.type in ("choice", "choices") else None
        done.update(path)
