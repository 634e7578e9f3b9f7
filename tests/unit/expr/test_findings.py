"""Every refusal names what is wrong, where, and how to mend it."""

from __future__ import annotations

import pytest

from kernel.expr import ExpressionError, check, parse
from kernel.expr.types import BOOLEAN, DATE, NUMBER, TEXT, Option, Type, choice, record

from .world import KINDS, SCOPE


def findings(text: str, expect: Type | None = None, **options: bool) -> list[tuple[str, str, str]]:
    """Code, place and hint of what is wrong."""
    with pytest.raises(ExpressionError) as caught:
        check(text, SCOPE, expect, **options)
    return [(f.code, text[f.start : f.end], str(f.hint or "")) for f in caught.value.findings]


@pytest.mark.parametrize(
    ("text", "code", "place", "hint"),
    [
        ("", "empty", "", "IF("),
        ("   ", "empty", "", "IF("),
        ("a b", "syntax", "b", "operator"),
        ("amount +", "incomplete", "+", "missing"),
        ("(amount", "bracket", "(", "closing"),
        ("amount)", "bracket", ")", "opening"),
        ("kind != 1", "syntax", "!=", "<>"),
        ("kind == 1", "syntax", "==", "="),
        ("done && done", "syntax", "&&", "AND(a, b)"),
        ("done || done", "syntax", "||", "OR(a, b)"),
        ("'text'", "syntax", "'", "double"),
        ('"open', "unclosed_text", '"open', "quotation mark"),
        ("done AND done", "syntax", "AND", "AND(a, b)"),
        ("NOT done", "syntax", "NOT done", "NOT(...)"),
        ("amount, 2", "syntax", ",", ""),
        ("()", "syntax", ")", ""),
        ("amount # 2", "syntax", "#", ""),
        ("amonut + 1", "unknown_name", "amonut", "amount"),
        ("project.nmae", "unknown_name", "nmae", "name"),
        ("param.limits", "unknown_name", "limits", "limit"),
        ("param", "namespace", "param", "param."),
        ("title.name", "no_parts", "name", "references"),
        ("FLOR(1)", "unknown_function", "FLOR(1)", "FLOOR"),
        ("TODAY", "function", "TODAY", "TODAY(...)"),
        ('kind = "Offce"', "unknown_option", '"Offce"', "Office"),
        ('HAS(colours, "purple")', "unknown_option", '"purple"', ""),
        ("steps", "rows", "steps", "COUNT(steps)"),
        ("steps.amount + 1", "rows", "steps.amount", "SUM"),
        ("SUM(steps)", "rows", "steps", "SUM(rows"),
        ("SUM(steps.amount * 2)", "rows", "steps.amount", "aggregate"),
        ("project.tasks.steps.name", "rows", "name", "aggregate of an aggregate"),
        ("COUNT(steps, done)", "arguments", "COUNT(steps, done)", "COUNTIF"),
        ("COUNTIF(steps)", "arguments", "COUNTIF(steps)", "COUNTIF("),
        ("COUNTIF(amount, done)", "rows", "COUNTIF(amount, done)", "COUNTIF("),
        ("LEFT()", "arguments", "LEFT()", "LEFT(text"),
        ("LEFT(title, 1, 2)", "arguments", "LEFT(title, 1, 2)", "LEFT(text"),
        ("LEFT(amount)", "type", "amount", "TEXT"),
        ('ROUND("1.5")', "type", '"1.5"', "VALUE"),
        ("amount + title", "type", "amount + title", "&"),
        ("due + HOURS(1)", "type", "due + HOURS(1)", "+ 3"),
        ("begun + 1", "type", "begun + 1", "HOURS(2)"),
        ("begun - due", "type", "begun - due", "TODATE"),
        ("effort > 3", "type", "effort > 3", "HOURS(2)"),
        ("begun > due", "type", "begun > due", "TODATE"),
        ("colours = kind", "type", "colours = kind", ""),
        ("kind < kind2", "type", "kind < kind2", "Only = and <>"),
        ("owner = project", "type", "owner = project", ""),
        ("1 < amount < 3", "chain", "1 < amount < 3", "AND(a < b, b < c)"),
        ("-title", "type", "title", "VALUE"),
        ('IF(done, 1, "a")', "type", '"a"', "VALUE"),
        ("IF(amount, 1, 2)", "type", "amount", ""),
        ("IF(done, owner, project)", "type", "project", ""),
        ("IFS(done, 1, amount > 1)", "arguments", "IFS(done, 1, amount > 1)", "TRUE"),
        ('TEXT(amount, "yyyy")', "pattern", '"yyyy"', "0.00"),
        ('TEXT(due, "hh:mm")', "pattern", '"hh:mm"', "yyyy"),
        ("TEXT(amount, title)", "literal", "title", ""),
        ('DATEDIF(start, due, "W")', "unit", '"W"', '"YM"'),
        ('TEXTJOIN(",", FALSE, title)', "arguments", "FALSE", "COALESCE"),
        ("title & effort", "type", "effort", "HOURS"),
        ("title & owner", "type", "owner", "name"),
        ("1.1234567890123", "number", "1.1234567890123", ""),
        ("123456789012345678901234567", "number", "123456789012345678901234567", ""),
    ],
)
def test_refusals(text: str, code: str, place: str, hint: str) -> None:
    found = findings(text)
    assert (found[0][0], found[0][1]) == (code, place)
    assert hint in found[0][2]


def test_all_findings_at_once() -> None:
    assert [f[0] for f in findings('IF(amonut > 1, foo(1), kind = "x")')] == ["unknown_name", "unknown_function", "unknown_option"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("title", NUMBER), ("amount", TEXT), ("due", BOOLEAN), ("begun", DATE), ("project", record("person")), ("title", choice(KINDS)), ('"x"', choice(KINDS))],
)
def test_what_the_place_expects(text: str, expected: Type) -> None:
    assert findings(text, expected)[0][0] in ("type", "unknown_option")


def test_texts_become_options_where_a_choice_is_expected() -> None:
    made = check('IF(done, "办公", IF(unsure, "Home", BLANK))', SCOPE, choice(KINDS))
    assert made.type.kind.value == "choice"
    assert check('"anything"', SCOPE, choice([Option("anything")])).type.kind.value == "choice"


def test_what_no_filter_can_do() -> None:
    assert findings("WORKDAY(due, 3) > due", for_sql=True)[0][0] == "not_in_filters"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("(" * 10_000 + "1" + ")" * 10_000, "too_long"),
        ("(" * 1_500 + "1" + ")" * 1_500, "too_deep"),
        ("-" * 3_000 + "1", "too_deep"),
        ("NOT(" * 51 + "done" + ")" * 51, "too_deep"),
        ("+".join(["1"] * 400), "too_deep"),
        ("SUM(" + ",".join(["1"] * 1_100) + ")", "too_large"),
        ('"' + "x" * 5_000 + '"', "too_long"),
        ("\ud800", "syntax"),
        ('"\x00"', "syntax"),
    ],
)
def test_budgets(text: str, code: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.findings[0].code == code


def test_a_long_chain_within_the_budget_works() -> None:
    made = check("&".join(["code"] * 100), SCOPE)
    assert made.type.kind.value == "text"


def test_problems_for_the_error_family() -> None:
    with pytest.raises(ExpressionError) as caught:
        check("amonut", SCOPE)
    problem = caught.value.problems("fields.total.value")[0]
    assert (problem.code, problem.path, problem.data) == ("unknown_name", "fields.total.value", {"start": 0, "end": 6})
    assert problem.message.to("zh") == "没有字段 amonut。"  # type: ignore[union-attr]
