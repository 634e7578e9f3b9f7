"""What counts as done, and events from outside: fields that hold what is written into them, and that nobody else can write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from builder.checks.finding import Finding
from builder.checks.place import Place
from builder.checks.references import missing
from kernel.expr.findings import ExpressionError
from kernel.expr.types import Kind
from kernel.i18n import _
from kernel.model.elements import Element, Entity, Evidence, Intake

_MOMENT, _SPAN = frozenset({Kind.INSTANT}), frozenset({Kind.DURATION, Kind.NUMBER})


def check(place: Place) -> Iterable[Finding]:
    """Every policy and every intake by itself."""
    for policy in place.application.evidence:
        if place.schema.exists(policy.entity):
            yield from _policy(place, policy)
    seen: dict[str, Intake] = {}
    for intake in place.application.intakes:
        if place.schema.exists(intake.entity):
            yield from _intake(place, intake)
        for kind in intake.kinds:
            if seen.setdefault(kind, intake) is not intake:
                yield place.find(intake, "doubled_kind", "kinds", _("Events “{kind}” have two intakes.", kind=kind), _("Remove one of them."))


def _policy(place: Place, policy: Evidence) -> Iterator[Finding]:
    target = place.schema.type_at(policy.entity, policy.path)
    if target is None:
        return  # said by the references
    if target.entity is None or target.kind is not Kind.RECORD:
        yield place.find(policy, "no_subject", "of", _("“{name}” is no path to one record.", name=policy.of), _("Name a path that ends with a reference."))
        return
    model = next((e for e in place.application.evidence if e.key == policy.like), policy)
    if not model.levels:
        yield place.find(policy, "no_levels", "levels", _("Nothing counts for “{label}”.", label=policy.label), _("Add a level with a way to count, or name a policy in “like”."))
    if policy.like is not None and (policy.levels or model.like is not None or model.entity != policy.entity):
        yield place.find(policy, "like", "like", _("“like” takes the levels of a policy over the same records that has levels of its own."), _("Remove the own levels, or name another policy."))
    numbers = [level.number for level in policy.levels]
    if len(set(numbers)) != len(numbers):
        yield place.find(policy, "doubled_level", "levels", _("Two levels have the same number."), _("Larger is stricter: give each its own."))
    if not policy.stamps:
        yield place.find(policy, "no_stamp", "stamps", _("“{label}” writes nothing.", label=policy.label), _("Name the field that takes the moment under “stamps”."))
    subject = place.application.entities.get(target.entity)
    for stamp in policy.stamps:
        if subject is not None:
            yield from _own(place, stamp, "key", subject, stamp.key, ("datetime",))
        yield from _typed(place, stamp, "apart", _SPAN)
    yield from _typed(place, policy, "at", _MOMENT)
    yield from _typed(place, policy, "level", frozenset({Kind.NUMBER}))
    fields = place.application.entities[policy.entity].by_key
    for key in policy.marks:
        if key not in fields:
            yield missing(place, policy, f"marks.{key}", "field", key, fields)
    steps = {t.key for machine in place.application.machines_of(target.entity) for t in machine.transitions}
    for index, click in enumerate(policy.clicks):
        if click not in steps:
            yield missing(place, policy, f"clicks.{index}", "transition", click, steps)


def _intake(place: Place, intake: Intake) -> Iterator[Finding]:
    entity = place.application.entities[intake.entity]
    for key in intake.fields:
        if key not in entity.by_key:
            yield missing(place, intake, f"fields.{key}", "field", key, entity.by_key)
    own: tuple[tuple[str, str | None, tuple[str, ...]], ...] = (
        ("verified", intake.verified, ("boolean",)), ("source", intake.source, ("text",)), ("received_at", intake.received_at, ("datetime",)), ("hash", intake.hash, ("text",)))
    for name, held, types in own:
        if held is not None and held in entity.by_key:
            yield from _own(place, intake, name, entity, held, types)
    for find in intake.finds:
        other, field = find.place
        if other not in place.application.entities:
            yield missing(place, find, "by", "entity", other, place.application.entities)
        elif place.schema.find_field(other, field) is None:
            yield missing(place, find, "by", "field", field, place.schema.fields(other))
        elif find.takes is not None and place.schema.find_field(other, find.takes) is None:
            yield missing(place, find, "takes", "field", find.takes, place.schema.fields(other))
        if find.sets != "owner" and find.sets not in entity.by_key:
            yield missing(place, find, "sets", "field", find.sets, [*entity.by_key, "owner"])


def _own(place: Place, element: Element, path: str, entity: Entity, key: str, types: tuple[str, ...]) -> Iterator[Finding]:
    field = entity.by_key.get(key)
    if field is None:
        yield missing(place, element, path, "field", key, entity.by_key)
    elif field.type not in types:
        yield place.find(element, "wrong_type", path, _("“{label}” can't hold it.", label=field.label), _("It must be of the type {type}.", type=types[0]))
    elif (field.read_only_when or "").strip().upper() != "TRUE":
        yield place.find(
            element, "open_stamp", path, _("“{label}” is written by the platform alone, but people could change it.", label=field.label), _("Give it “read_only_when: \"TRUE\"”."))


def _typed(place: Place, element: Element, name: str, wanted: frozenset[Kind]) -> Iterator[Finding]:
    try:
        found = place.schema.expression(element, name)
    except ExpressionError:
        return  # said by the formulas' check
    if found is not None and found.type.kind not in wanted | {Kind.ANY, Kind.BLANK}:
        words = _("a date and time") if wanted is _MOMENT else _("a duration, or a number of seconds") if wanted is _SPAN else _("a number")
        yield place.find(element, "wrong_type", name, _("Here {wanted} is needed.", wanted=words))
