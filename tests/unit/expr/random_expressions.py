"""Random typed expressions and random records for the agreement test."""


from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

NUMBERS = ["amount", "budget", "rate", "zero", "none", "count", "param.limit", "project.budget", "owner.age", "0", "1", "-3", "2.5", "0.01", "1000000", "20%"]
TEXTS = ["title", "note", "code", "empty", "project.name", "me.name", '"a"', '"B 桥"', '"12.5"', '"😀"']
BOOLEANS = ["done", "unsure", "TRUE", "FALSE"]
DATES = ["start", "due", "no_day", "DATE(2024, 2, 29)", "TODAY()"]
INSTANTS = ["begun", "ended", "never", "NOW()"]
SPANS = ["effort", "spent", "HOURS(1.5)", "MINUTES(0)", "DAYS(-3)"]
KINDS = ["kind", "kind2", "no_kind", '"home"', '"办公"']


def _call(name: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda found: f"{name}({', '.join(found)})")


def _between(sign: str, a: st.SearchStrategy[str], b: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(a, b).map(lambda found: f"({found[0]} {sign} {found[1]})")


def expressions(depth: int) -> dict[str, st.SearchStrategy[str]]:
    """Strategies by kind, nested at most ``depth`` deep."""
    leaves = {"n": NUMBERS, "t": TEXTS, "b": BOOLEANS, "d": DATES, "i": INSTANTS, "s": SPANS}
    found: dict[str, st.SearchStrategy[str]] = {kind: st.sampled_from(names) for kind, names in leaves.items()}
    choices = st.sampled_from(KINDS)
    fields = st.sampled_from(["kind", "kind2", "no_kind"])
    for _turn in range(depth):
        n, t, b, d, i, s = (found[k] for k in "ntbdis")
        small = st.sampled_from(["0", "1", "2", "3", "-1", "none", "count"])
        compared = [_between(sign, x, x) for sign in ("=", "<>", "<", ">=") for x in (n, t, d, i, s)]
        branch = {k: [_call("IF", b, x, x), _call("IFERROR", x, x), _call("COALESCE", x, x), _call("SWITCH", n, n, x, x)] for k, x in found.items()}
        found = {
            "n": st.one_of(
                n, *branch["n"], *(_between(sign, n, n) for sign in "+-*/"), _call("ROUND", n, small), _call("ROUNDUP", n, small), _call("INT", n), _call("MOD", n, n),
                _call("ABS", n), _call("CEILING", n, n), _call("FLOOR", n, n), _call("SQRT", n), _call("POWER", n, small), _call("MIN", n, n), _call("SUM", n, n, n),
                _call("AVERAGE", n, n), _call("LEN", t), _call("FIND", t, t), _call("VALUE", t), _call("YEAR", d), _call("WEEKDAY", i, small), _between("-", d, d),
                _call("HOURS", s), _between("/", s, s), _call("DATEDIF", d, d, st.just('"M"')), _call("CLAMP", n, n, n),
                st.sampled_from(["SUM(steps.amount)", "COUNT(steps)", "AVERAGE(steps, amount * hours)", "COUNTIF(steps, amount > count)", "MAX(steps.hours)", "SUMIF(steps, done, amount / hours)"]),
            ),
            "t": st.one_of(
                t, *branch["t"], _between("&", t, t), _between("&", n, t), _between("&", d, i), _call("LEFT", t, small), _call("RIGHT", t, small), _call("MID", t, small, small),
                _call("UPPER", t), _call("LOWER", t), _call("TRIM", t), _call("SUBSTITUTE", t, t, t), _call("REPLACE", t, small, small, t), _call("REPT", t, small),
                _call("TEXT", n, st.sampled_from(['"0.00"', '"#,##0"', '"0%"'])), _call("TEXT", i, st.just('"yyyy-mm-dd hh:mm"')), _call("TEXTJOIN", t, t, n),
                st.sampled_from(['TEXTJOIN(",", steps.name)', "FIRST(steps.name)", "LASTIF(steps, done, name)"]),
            ),
            "b": st.one_of(
                b, *branch["b"], *compared, _call("AND", b, b), _call("OR", b, b), _call("NOT", b), _call("XOR", b, b), _call("ISBLANK", n), _call("ISERROR", n),
                _between("=", fields, choices), _between("<>", fields, choices), _call("IN", fields, choices, choices), _call("CONTAINS", t, t), _call("STARTSWITH", t, t),
                st.sampled_from(['HAS(colours, "red")', "ANY(steps, amount > 10)", "ALL(steps, done)", "(owner = me)", "(project <> BLANK)"]),
            ),
            "d": st.one_of(d, *branch["d"], _between("+", d, n), _between("-", d, small), _call("EDATE", d, small), _call("EOMONTH", d, small), _call("TODATE", i), _call("DATE", n, small, small)),
            "i": st.one_of(i, *branch["i"], _between("+", i, s), _between("-", i, s)),
            "s": st.one_of(s, *branch["s"], _between("+", s, s), _between("*", s, n), _between("/", s, n), _between("-", i, i), _call("HOURS", n), st.just("SUM(steps.lasted)")),
        }  # fmt: skip
    return found


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


def _decimals(places: int) -> st.SearchStrategy[Any]:
    return _maybe(st.integers(-(10**9), 10**9).map(lambda n: Decimal(n).scaleb(-places)))


_TEXT = _maybe(st.text(alphabet="aB1 .-桥😀é%", min_size=1, max_size=8))
_DATE = _maybe(st.dates(date(1970, 1, 1), date(2099, 12, 31)))
_INSTANT = _maybe(st.datetimes(datetime(1975, 1, 1), datetime(2035, 12, 31)).map(lambda d: d.replace(tzinfo=UTC)))
_SPAN = _maybe(st.integers(-(10**6), 10**6).map(lambda n: timedelta(seconds=n)))
_KIND = _maybe(st.sampled_from(["home", "office", "field"]))
_BOOL = _maybe(st.booleans())

STEP = st.fixed_dictionaries(
    {
        "name": _TEXT,
        "amount": _decimals(2),
        "hours": _decimals(1),
        "day": _DATE,
        "done": _BOOL,
        "kind": _KIND,
        "lasted": _SPAN,
        "helper": _maybe(st.sampled_from(["p1", "p2"])),
    }
)
TASK = st.fixed_dictionaries(
    {
        "title": _TEXT, "note": _TEXT, "code": _TEXT, "empty": st.none(), "amount": _decimals(2), "budget": _decimals(6), "rate": _decimals(4),
        "zero": st.just(Decimal(0)), "none": st.none(), "count": _maybe(st.integers(-5, 50).map(Decimal)), "done": _BOOL, "unsure": _BOOL,
        "start": _DATE, "due": _DATE, "no_day": st.none(), "begun": _INSTANT, "ended": _INSTANT, "never": st.none(), "effort": _SPAN, "spent": _SPAN,
        "kind": _KIND, "kind2": _KIND, "no_kind": st.none(), "colours": _maybe(st.sampled_from([("red",), ("green", "red"), ("blue",)])), "no_colours": st.none(),
        "project": _maybe(st.just("j1")), "no_project": st.none(), "owner": _maybe(st.sampled_from(["p1", "p2"])), "picture": st.none(), "steps": st.lists(STEP, max_size=4),
        "no_steps": st.just([]),
    }
)  # fmt: skip
