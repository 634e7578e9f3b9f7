"""The words of filters: how things compare, and the periods that dates can lie in."""

from __future__ import annotations

from collections.abc import Mapping

from kernel.i18n import Text, _

_WEEK, _MONTH, _YEAR = "STARTOFWEEK(TODAY())", "STARTOFMONTH(TODAY())", "YEAR(TODAY())"
_QUARTER = "MOD(MONTH(TODAY()) - 1, 3)"


def _span(first: str, after: str) -> str:
    return f"AND($ >= {first}, $ < {after})"


# Each with its condition; $ stands for the date.
PERIODS: Mapping[str, tuple[Text, str]] = {
    "today": (_("today"), "$ = TODAY()"),
    "yesterday": (_("yesterday"), "$ = TODAY() - 1"),
    "tomorrow": (_("tomorrow"), "$ = TODAY() + 1"),
    "this_week": (_("this week"), _span(_WEEK, f"{_WEEK} + 7")),
    "last_week": (_("last week"), _span(f"{_WEEK} - 7", _WEEK)),
    "next_week": (_("next week"), _span(f"{_WEEK} + 7", f"{_WEEK} + 14")),
    "this_month": (_("this month"), f"AND($ >= {_MONTH}, $ <= EOMONTH(TODAY(), 0))"),
    "last_month": (_("last month"), _span(f"EDATE({_MONTH}, -1)", _MONTH)),
    "next_month": (_("next month"), _span(f"EDATE({_MONTH}, 1)", f"EDATE({_MONTH}, 2)")),
    "this_quarter": (_("this quarter"), _span(f"EDATE({_MONTH}, -{_QUARTER})", f"EDATE({_MONTH}, 3 - {_QUARTER})")),
    "this_year": (_("this year"), _span(f"DATE({_YEAR}, 1, 1)", f"DATE({_YEAR} + 1, 1, 1)")),
    "last_year": (_("last year"), _span(f"DATE({_YEAR} - 1, 1, 1)", f"DATE({_YEAR}, 1, 1)")),
    "next_7": (_("the next 7 days"), "AND($ >= TODAY(), $ < TODAY() + 7)"),
    "last_7": (_("the last 7 days"), "AND($ > TODAY() - 7, $ <= TODAY())"),
    "last_30": (_("the last 30 days"), "AND($ > TODAY() - 30, $ <= TODAY())"),
    "past": (_("in the past"), "$ < TODAY()"),
    "future": (_("in the future"), "$ > TODAY()"),
}
WORDS: Mapping[str, Text] = {
    "eq": _("is"), "ne": _("is not"), "lt": _("below"), "le": _("at most"), "gt": _("above"), "ge": _("at least"), "between": _("between"), "in": _("is"),
    "not_in": _("is not"), "has": _("includes"), "has_all": _("includes all of"), "has_not": _("does not include"), "contains": _("contains"),
    "not_contains": _("does not contain"), "starts": _("starts with"), "blank": _("is empty"), "not_blank": _("is filled in"), "within": _("in"),
    "before": _("before"), "after": _("not before"), "last_n": _("in the last"), "next_n": _("in the next"),
}
PLAIN = frozenset({"blank", "not_blank"})
NAMED: Mapping[str, Text] = {"last_n": _("{n} days"), "next_n": _("{n} days")}
