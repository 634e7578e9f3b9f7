"""Rights name fields and states that exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from builder.checks.finding import Finding
from builder.checks.place import Place
from builder.checks.references import missing
from kernel.expr.findings import ExpressionError
from kernel.expr.types import BOOLEAN
from kernel.i18n import _
from kernel.model.elements import Entity, Right
from kernel.model.schema import SCOPE_WORDS


def check(place: Place) -> Iterable[Finding]:
    """Fields, rows' fields and states of every right; scopes of states that are expressions; entities nobody may see."""
    seen: set[str] = set()
    for role in place.application.roles.values():
        for right in role.rights:
            entity = place.application.entities.get(right.key)
            if entity is None:
                continue  # said by the references' check
            if right.read != "none":
                seen.add(entity.key)
            yield from _fields(place, right, entity, right.fields, "fields")
            yield from _states(place, right, entity)
    for entity in place.application.entities.values():
        if place.application.roles and entity.key not in seen:
            yield place.find(
                entity,
                "nobody_sees",
                "",
                _("No role may read “{label}”: nobody will see it.", label=entity.label),
                _("Give a role a right to it, for example {example}.", example=f"rights: {{{entity.key}: {{read: all}}}}"),
                severity="warning",
            )


def _fields(place: Place, right: Right, entity: Entity, names: Iterable[str], path: str) -> Iterator[Finding]:
    for name in names:
        key, _dot, inner = name.partition(".")
        field = entity.by_key.get(key)
        if field is None:
            yield missing(place, right, f"{path}.{name}", "field", key, entity.by_key)
        elif inner and inner not in field.by_key:
            yield missing(place, right, f"{path}.{name}", "field", inner, field.by_key)


def _states(place: Place, right: Right, entity: Entity) -> Iterator[Finding]:
    machine = place.application.first_machine(entity.key)
    for key, narrowed in right.states.items():
        if machine is None or key not in machine.by_key:
            yield missing(place, right, f"states.{key}", "state", key, machine.by_key if machine else ())
            continue
        for name in ("read_only", "hidden"):
            yield from _fields(place, right, entity, narrowed.get(name) or (), f"states.{key}.{name}")
        for name in ("update", "delete"):
            text = narrowed.get(name)
            if text is not None and text not in SCOPE_WORDS:
                try:
                    place.schema.expression_of(text, entity.key, "record", BOOLEAN, for_sql=True)
                except ExpressionError as error:
                    for finding in error.findings:
                        yield place.find(
                            right,
                            f"formula_{finding.code}",
                            f"states.{key}.{name}",
                            finding.message,
                            finding.hint,
                            witness={"text": text, "start": finding.start, "end": finding.end},
                        )
