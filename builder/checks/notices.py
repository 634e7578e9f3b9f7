"""Words of notices name what there is, and who is spared something gets it some day or never, as it says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from builder.checks.finding import Finding
from builder.checks.place import Place
from builder.checks.references import broken_at, missing
from kernel.expr.findings import ExpressionError
from kernel.expr.types import Kind
from kernel.i18n import _
from kernel.model.elements import Notification, QuietPeriod

_SLOT = re.compile(r"\{([^{}]*)\}")
_OWN = ("who", "title", "detail")
_MOMENTS = frozenset({Kind.INSTANT, Kind.DATE, Kind.ANY, Kind.BLANK})


def check(place: Place) -> Iterable[Finding]:
    """Every element by itself; two for one occasion are reported."""
    seen: dict[tuple[str, str | None, str | None], Notification] = {}
    for words in place.application.notifications:
        yield from _words(place, words)
        first = seen.setdefault((words.of, words.entity, words.step), words)
        if first is not words:
            yield place.find(
                words, "doubled_notification", "of", _("“{label}” words the same occasion as “{other}”.", label=words.label, other=first.label),
                _("Remove one of them."), witness={"first": first.uid})
    for period in place.application.quiet_periods:
        yield from _period(place, period)


def _words(place: Place, words: Notification) -> Iterator[Finding]:
    if words.of == "clock" and words.step is not None:
        clock, _dot, step = words.step.partition(".")
        promise = next((c for c in place.application.clocks if c.key == clock), None)
        if promise is None:
            yield missing(place, words, "step", "clock", clock, [c.key for c in place.application.clocks])
        elif step not in {s.key for s in promise.steps}:
            yield missing(place, words, "step", "clock_step", step, [s.key for s in promise.steps])
    entity = words.entity if words.entity and place.schema.exists(words.entity) else None
    for name in ("title", "body"):
        for language, text in getattr(words, name).items():
            for slot in _SLOT.findall(text):
                if slot in _OWN:
                    continue
                path = f"{name}.{language}"
                if words.entity is None:
                    yield place.find(
                        words, "slot_without_record", path, _("“{slot}” needs to know which kind of record it is about.", slot=slot),
                        _("Say it in “entity”, or use {who}, {title}, {detail}."))
                elif entity is not None and (wrong := broken_at(place, entity, slot)) is not None:
                    yield missing(place, words, path, "field", *wrong)


def _period(place: Place, period: QuietPeriod) -> Iterator[Finding]:
    if period.does == "hold" and period.until is None:
        yield place.find(
            period, "held_for_ever", "until", _("“{label}” holds notices back, but never says until when.", label=period.label),
            _("Give the moment in “until”, or let it skip them."))
    if period.until is None:
        return
    try:
        found = place.schema.expression(period, "until")
    except ExpressionError:
        return  # said by the formulas' check
    if found is not None and found.type.kind not in _MOMENTS:
        yield place.find(period, "wrong_type", "until", _("Here {wanted} is needed.", wanted=_("a date, or a date and time")))
