"""Options: parents that exist, lists that offer something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from builder.checks.finding import Finding
from builder.checks.place import Place
from kernel.i18n import _
from kernel.model.elements import Field, OptionSet
from kernel.model.schemas import nearest_hint


def check(place: Place) -> Iterable[Finding]:
    """Cascades: the governing field is a choice, and the parents of the governed options are its options."""
    application = place.application
    fields = [f for f in application.by_uid.values() if isinstance(f, Field) and f.type in ("choice", "choices")]
    judged: set[str] = set()
    for field in sorted(fields, key=lambda f: f.uid):
        own = application.option_sets.get(str(field.settings.get("options")))
        if own is None:
            continue
        if not any(not o.retired for o in own.options):
            yield place.find(
                field,
                "no_options",
                "settings.options",
                _("“{label}” has nothing to choose from.", label=field.label),
                _("Add options to “{key}”.", key=own.key),
                severity="warning",
            )
        governor = field.settings.get("governed_by")
        if not isinstance(governor, str):
            continue
        above = place.schema.find_field(field.place, governor)
        if above is None:
            continue  # said by the references' check
        parents = application.option_sets.get(str(above.settings.get("options"))) if above.type in ("choice", "choices") else None
        if parents is None:
            yield place.find(field, "bad_governor", "settings.governed_by", _("“{label}” is no choice and can't govern another one.", label=above.label))
            continue
        judged.add(own.key)
        yield from _parents(place, own, parents)
    for own in application.option_sets.values():
        if own.key not in judged:
            yield from _lonely(place, own)


def _parents(place: Place, own: OptionSet, parents: OptionSet) -> Iterator[Finding]:
    for option in own.options:
        if option.parent is not None and option.parent not in parents.by_key:
            yield place.find(
                option,
                "unknown_parent",
                "parent",
                _("“{name}” is no option of “{set}”.", name=option.parent, set=parents.key),
                nearest_hint(option.parent, parents.by_key),
                witness={"missing": option.parent},
            )


def _lonely(place: Place, own: OptionSet) -> Iterator[Finding]:
    """Parents without a governing field may still be of some list; of none, they are a slip of the pen."""
    known = {o.key for s in place.application.option_sets.values() for o in s.options}
    for option in own.options:
        if option.parent is not None and option.parent not in known:
            yield place.find(
                option,
                "unknown_parent",
                "parent",
                _("There is no option “{name}”.", name=option.parent),
                nearest_hint(option.parent, known),
                witness={"missing": option.parent},
            )
