"""Making values fit where they stand: options for texts, texts for numbers in a join, one type for all branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kernel.expr.core import Aggregate, Apply, Const, Core
from kernel.expr.findings import Finding, did_you_mean
from kernel.expr.functions.operators import OPERATORS
from kernel.expr.types import ANY, BLANK, TEXT, Kind, Type, in_words
from kernel.i18n import Text, _

LOOSE = (Kind.ANY, Kind.BLANK)
_BRANCHING = {"IF": (1, 2), "IFS": None, "SWITCH": None, "IFERROR": (0, 1), "COALESCE": None}
_TEXT_OF = {Kind.NUMBER: "number_text", Kind.BOOLEAN: "boolean_text", Kind.DATE: "date_text", Kind.INSTANT: "instant_text"}

HINTS: dict[tuple[Kind, Kind], Text] = {
    (Kind.INSTANT, Kind.DATE): _("Use TODATE(...) to get the date of a moment."),
    (Kind.DATE, Kind.INSTANT): _("A date has no time of day; compare dates, for example with TODATE(...)."),
    (Kind.NUMBER, Kind.TEXT): _('Use TEXT(..., "0.00") or join with &.'),
    (Kind.DATE, Kind.TEXT): _('Use TEXT(..., "yyyy-mm-dd") or join with &.'),
    (Kind.INSTANT, Kind.TEXT): _('Use TEXT(..., "yyyy-mm-dd hh:mm") or join with &.'),
    (Kind.TEXT, Kind.NUMBER): _("Use VALUE(...) to read a number out of a text."),
    (Kind.TEXT, Kind.DATE): _("Use DATEVALUE(...) or DATE(2026, 3, 1)."),
    (Kind.NUMBER, Kind.DURATION): _("Say the unit: HOURS(2), DAYS(1), MINUTES(15)."),
    (Kind.DURATION, Kind.NUMBER): _("Say the unit: HOURS(...), DAYS(...) or MINUTES(...) of the duration."),
    (Kind.DURATION, Kind.TEXT): _("Say the unit: HOURS(...) of the duration is a number that can be joined."),
    (Kind.RECORD, Kind.TEXT): _("Name a field of the record, for example its name: reference.name."),
    (Kind.ROWS, Kind.NUMBER): _("Use SUM, AVERAGE, MIN, MAX or COUNT over the rows."),
    (Kind.LIST, Kind.BOOLEAN): _('Use HAS(list, "option").'),
}


def hint_for(found: Kind, wanted: Kind) -> Text | None:
    """How to get from one kind to another."""
    return HINTS.get((found, wanted))


def branches(core: Apply) -> list[int] | None:
    """The arguments of which one is the result; None for functions that make a new value."""
    name = core.op.op
    if name not in _BRANCHING:
        return None
    fixed = _BRANCHING[name]
    count = len(core.args)
    if fixed is not None:
        return [i for i in fixed if i < count]
    if name == "IFS":
        return list(range(1, count, 2))
    if name == "SWITCH":
        return list(range(2, count, 2)) + ([count - 1] if count % 2 == 0 else [])
    return list(range(count))


def to_choice(core: Core, type_: Type, findings: list[Finding]) -> Core:
    """Texts that are written out become option keys, in branches too; an unknown option is a finding."""
    if isinstance(core, Const) and core.type.kind is Kind.TEXT:
        return replace(core, value=_option(str(core.value), type_, core, findings), type=type_)
    if isinstance(core, Apply) and core.type.kind is Kind.TEXT:
        places = branches(core)
        if places is not None:
            args = tuple(to_choice(arg, type_, findings) if i in places else arg for i, arg in enumerate(core.args))
            return replace(core, args=args, type=type_)
    return core


def _option(written: str, type_: Type, core: Core, findings: list[Finding]) -> str:
    if not type_.options:
        return written
    for option in type_.options:
        if written == option.key:
            return written
    for option in type_.options:
        if written in option.names:
            return option.key
    names = [name for option in type_.options for name in (option.key, *option.names)]
    hint = did_you_mean(written, names) or _("Options are: {options}", options=[o.names[0] if o.names else o.key for o in type_.options[:12]])
    findings.append(Finding("unknown_option", _("“{name}” is no option of this choice.", name=written), core.start, core.end, hint))
    return written


def to_text(core: Core, findings: list[Finding]) -> Core:
    """``core`` as a text, where values are joined."""
    kind = core.type.kind
    if kind in (Kind.TEXT, Kind.CHOICE, *LOOSE):
        return core
    if kind in _TEXT_OF:
        return Apply(TEXT, core.start, core.end, OPERATORS[_TEXT_OF[kind]], (core,))
    mismatch(core, Kind.TEXT, findings)
    return core


def mismatch(core: Core, wanted: Kind, findings: list[Finding], place: Text | None = None) -> None:
    """The finding for a value of the wrong kind."""
    expected = in_words(Type(wanted))
    message = (
        _("{place}: {wanted} is expected, but this is {found}.", place=place, wanted=expected, found=in_words(core.type))
        if place
        else _("{wanted} is expected, but this is {found}.", wanted=expected, found=in_words(core.type))
    )
    findings.append(Finding("type", message, core.start, core.end, hint_for(core.type.kind, wanted)))


def unify(cores: Sequence[Core], findings: list[Finding]) -> tuple[Type, list[Core]]:
    """One type for values of which one will be the result, and the values made to fit it."""
    firm = [core for core in cores if core.type.kind not in LOOSE]
    if not firm:
        loose = next((core.type for core in cores if core.type.kind is Kind.ANY), BLANK)
        return loose, list(cores)
    chosen = next((core.type for core in firm if core.type.kind is Kind.CHOICE), None)
    if chosen is not None:
        merged = Type(Kind.CHOICE, options=tuple({o.key: o for core in firm for o in core.type.options}.values()))
        made = [to_choice(core, merged, findings) for core in cores]
        if any(core.type.kind is Kind.TEXT for core in made):
            return TEXT, made
        firm = [core for core in made if core.type.kind not in LOOSE]
        cores, chosen = made, merged
    first = chosen or firm[0].type
    for core in firm:
        if core.type.kind is not first.kind:
            message = _("All results must be of one kind: the first is {first}, this is {found}.", first=in_words(first), found=in_words(core.type))
            findings.append(Finding("type", message, core.start, core.end, hint_for(core.type.kind, first.kind)))
            return ANY, list(cores)
        if core.type.entity != first.entity:
            findings.append(Finding("type", _("All results must be records of one kind."), core.start, core.end))
            return ANY, list(cores)
    return first, list(cores)


def expect(core: Core, wanted: Type, findings: list[Finding]) -> Core:
    """The whole expression made to fit what its place expects."""
    kind = core.type.kind
    if wanted.kind is Kind.ANY or kind in LOOSE:
        return core
    if wanted.kind is Kind.CHOICE and kind is Kind.TEXT:
        core = to_choice(core, wanted, findings)
        if core.type.kind is Kind.CHOICE:
            return core
    elif wanted.kind is Kind.CHOICE and kind is Kind.CHOICE:
        known = {option.key for option in wanted.options}
        if isinstance(core, Aggregate) or not known or any(o.key in known for o in core.type.options) or not core.type.options:
            return core
    elif (wanted.kind is kind and (wanted.entity is None or core.type.entity is None or wanted.entity == core.type.entity)) or (
        wanted.kind is Kind.TEXT and kind is Kind.CHOICE
    ):
        return core
    mismatch(core, wanted.kind, findings, _("The result"))
    return core
