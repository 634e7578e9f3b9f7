"""Filters as chips: every kind of field, every way to compare, on both databases; the same as a typed condition."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from kernel.platform import actors
from kernel.platform.clock import FixedClock
from runtime.forms.prepare import reader_of
from runtime.web import filter_reading
from runtime.web import filters as conditions
from runtime.web.filter_subjects import subjects_of
from runtime.web.filter_words import PERIODS
from runtime.web.filters import OPS
from tests.conftest import NOW
from tests.factories.desk import make_desk, settings_for
from tests.integration.web.test_list_views import Screen

# A: everything filled in, B: other values, C: nothing but a title. Today is 2026-11-24, a Tuesday.
CASES = (
    ("title.contains.pain", "A"), ("title.contains.Pain~Build", "AB"), ("title.not_contains.Pain", "BC"), ("title.eq.C~Nothing", "C"), ("title.ne.C", "AB"), ("title.starts.Paint", "A"),
    ("details.blank.", "BC"), ("details.not_blank.", "A"), ("code.eq.K-1", "A"), ("mail.contains.@a.", "A"), ("number.starts.T-", "ABC"),
    ("effort.ge.5", "A"), ("effort.le.5", "B"), ("effort.gt.7", ""), ("effort.lt.7", "B"), ("effort.eq.7", "A"), ("effort.ne.7", "BC"), ("effort.between.2~7", "AB"), ("effort.blank.", "C"),
    ("count.between.-5~0", "B"), ("budget.ge.1,000", "A"), ("share.le.30%", "B"), ("takes.ge.1h", "A"), ("takes.between.1 min~10 min", "B"), ("weight.ge.14", "A"), ("total.ge.3", "A"),
    ("due.within.today", "A"), ("due.within.next_week", "B"), ("due.within.future", "B"), ("due.within.this_month", "A"), ("due.within.next_month", "B"), ("due.within.this_quarter", "AB"),
    ("due.within.this_year", "AB"), ("due.within.last_year", ""), ("due.between.2026-11-24~2026-11-30", "A"), ("due.before.2026-12-01", "A"),
    ("due.after.2026-12-01", "B"), ("due.eq.2026-12-01", "B"),
    ("due.last_n.3", "A"), ("due.next_n.8", "AB"), ("due.blank.", "C"), ("starts.within.today", "A"), ("starts.eq.2026-11-25", "B"), ("starts.between.2026-11-25~2026-11-25", "B"),
    ("created_at.within.today", "ABC"), ("created_at.last_n.1", "ABC"), ("updated_at.within.past", ""),
    ("done.eq.1", "A"), ("done.eq.0", "B"), ("done.blank.", "C"), ("priority.in.low", "A"), ("priority.in.low~high", "AB"), ("priority.not_in.low", "BC"), ("priority.blank.", "C"),
    ("tags.has.red", "A"), ("tags.has.red~blue", "AB"), ("tags.has_all.red~green", "A"), ("tags.has_not.red", "BC"), ("tags.blank.", "C"),
    ("state.in.open", "ABC"), ("state.not_in.open", ""), ("review.in.waiting", "ABC"),
    ("project.in.{roof}", "A"), ("project.in.{roof}~{barn}", "AB"), ("project.not_in.{roof}", "BC"), ("project.blank.", "C"),
    ("project:name.contains.oo", "A"), ("project:budget.ge.10", "B"), ("project:name.blank.", "C"),
    ("helper.in.me", "A"), ("helper:name.contains.Lin", "B"), ("helpers.has.{mei}", "A"), ("helpers.has.me", "B"), ("helpers.has_not.{mei}", "BC"),
    ("helpers.blank.", "C"), ("owner.in.me", "ABC"), ("owner:name.eq.Wen", "ABC"), ("team.in.{east}", "ABC"),
    ("lines.not_blank.", "AB"), ("lines.blank.", "C"), ("lines.ge.2", "A"), ("lines.le.1", "BC"), ("lines:name.contains.nail", "A"),
    ("lines:amount.between.1~2", "A"), ("lines:amount.blank.", "B"), ("lines:double.ge.4", "A"),
    ("attachment.blank.", "ABC"), ("photo.not_blank.", ""),
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def wen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path_factory.mktemp("filters"), url), FixedClock(NOW)) as desk:
        api = desk.api("wen")
        roof, barn = api.make("project", name="Roof"), api.make("project", name="Barn", budget={"amount": "12", "currency": "CNY"})
        api.make(
            title="Paint it", details="d", code="K-1", effort="7", count=3, budget={"amount": "1500", "currency": "CNY"}, share="0.5", takes=5400,
            due="2026-11-24", starts="2026-11-24T01:00:00Z", done=True,
            priority="low", tags=["red", "green"], mail="x@a.example", project=roof["id"], helper=desk.people["wen"], helpers=[desk.people["mei"]],
            lines=[{"fields": {"name": "nails", "amount": "2"}}, {"fields": {"name": "wood", "amount": "1.5"}}])
        api.make(
            title="Build", effort="3", count=-2, budget={"amount": "10", "currency": "CNY"}, share="0.3", takes=300,
            due="2026-12-01", starts="2026-11-24T17:00:00Z", done=False, priority="high", reason="r",
            tags=["blue"], project=barn["id"], helper=desk.people["lin"], helpers=[desk.people["wen"], desk.people["lin"]], lines=[{"fields": {"name": "rope"}}])
        api.make(title="C")
        screen = Screen(desk, "wen")
        screen.ids = SimpleNamespace(roof=roof["id"], barn=barn["id"], mei=desk.people["mei"], east=desk.teams["east"])  # type: ignore[attr-defined]
        yield screen


@pytest.mark.parametrize(("chip", "expected"), CASES, ids=[c[0] for c in CASES])
def test_a_chip_and_the_condition_it_stands_for(wen: Screen, chip: str, expected: str) -> None:
    chip = chip.format(**vars(wen.ids))  # type: ignore[attr-defined]
    named = {"Paint it": "A", "Build": "B", "C": "C"}
    assert "".join(sorted(named[t] for t in wen.titles(f=chip))) == expected
    written = wen.get("/filter", f=chip, typed="1", chips="1")
    typed = re.search(r'<textarea[^>]*name="typed"[^>]*>(.*?)</textarea>', written, re.S)
    assert typed and typed[1].strip(), "the chip is written out"
    assert "".join(sorted(named[t] for t in wen.titles(where=typed[1].strip()))) == expected
    assert 'class="filter-chip"' in wen.get(f=chip)


def test_the_condition_of_a_chip_is_read_as_that_chip(wen: Screen) -> None:
    """Durations stand in a condition as seconds, so they stay typed; everything else comes back as the chip it was."""
    with wen.desk.ctx() as ctx:
        identity = actors.identify(ctx.conn, ctx.release, wen.desk.people["wen"])
        assert identity is not None
        ctx = ctx.acting(actor=identity.actor(ctx.tenant))
        known, reader = subjects_of(ctx, ctx.app.entity("task")), reader_of(ctx)
        typed = set()
        for chip, _expected in CASES:
            (filter_,) = conditions.read([chip.format(**vars(wen.ids))])  # type: ignore[attr-defined]
            text = conditions.expression([filter_], known, reader)
            assert text is not None
            found, rest = filter_reading.read(text, known, reader)
            if found:
                assert rest == "" and conditions.expression(found, known, reader) == text, chip
            else:
                typed.add(filter_.field)
                assert rest == text
        assert typed <= {"takes", "share"}


def test_every_way_to_compare_is_tried() -> None:
    kinds = {
        "title": "text", "effort": "number", "takes": "duration", "due": "date", "starts": "instant", "done": "boolean", "priority": "choice", "tags": "choices", "project": "record",
        "helpers": "records",
        "lines": "rows"}
    tried = {(kinds[c.split(".")[0]], c.split(".")[1]) for c, _expected in CASES if c.split(".")[0] in kinds}
    same = {"not_blank", "blank"}
    missing = {(kind, op) for kind, ops in OPS.items() for op in ops if kind not in ("other", "clock") and op not in same} - tried
    assert missing <= {("duration", "le"), ("instant", "before"), ("instant", "after"), ("instant", "last_n"), ("instant", "next_n")}, missing
    assert len(PERIODS) >= 15


@pytest.mark.parametrize("period", sorted(PERIODS))
def test_every_period_can_be_asked(wen: Screen, period: str) -> None:
    assert "cannot be used" not in wen.get(f=f"due.within.{period}") + wen.get(f=f"starts.within.{period}")


def test_the_form_offers_and_refuses(wen: Screen) -> None:
    page = wen.get("/filter")
    assert '<optgroup label="Project">' in page and "Project › Name" in page and "Lines › Amount" in page
    assert "secret" not in page.lower() and "hidden" not in re.sub(r"(type=.hidden|aria-hidden| hidden)", "", page).lower(), "what one may not read is not offered"
    for field, op, values, words in (
        ("effort", "ge", ["many"], "number"), ("effort", "between", ["3"], "Write both ends."), ("due", "before", ["soon"], "This is no date."),
        ("due", "last_n", ["x"], "Write a whole number."), ("lines", "ge", ["1.5"], "Write a whole number."),
        ("title", "contains", [" "], "Choose or write a value.")):
        answer = wen.client.get(f"{wen.base}/filter/apply", query_string={"field": field, "op": op, "value": values}, headers={"HX-Request": "true"})
        assert answer.status_code == 422 and words in answer.text, (field, op)
    taken = wen.client.get(f"{wen.base}/filter/apply", query_string={"field": "title", "op": "contains", "value": "one\ntwo"})
    assert taken.status_code == 303 and "title.contains.one~two" in taken.headers["Location"]
    wrong = wen.get(f="effort.ge.many")
    assert "This condition cannot be used." in wrong
    # What can't be read at all, or is not there for this reader, is left out, and said.
    for lost in ("nonsense", "secret.blank.", "nothing.eq.1", "effort.has.1"):
        assert "was left out" in wen.get(f=[lost, "title.eq.C"]), lost
    assert "was left out" not in wen.get(f=["", "title.eq.C"])


def test_a_typed_condition_becomes_chips_as_far_as_it_can(wen: Screen) -> None:
    def typed(text: str, **more: str):
        return wen.client.get(f"{wen.base}/filter/apply", query_string={"typed": text, **more}, headers={"HX-Request": "true"})

    for text, location in (
        ('AND(priority = "low", effort >= 5, LEN(title) > 3)', "f=priority.in.low&f=effort.ge.5&where=LEN%28title%29+%3E+3"),
        ("owner = me", "f=owner.in.me"), ('priority <> "low"', "f=priority.not_in.low"), ("due < DATE(2026, 12, 1)", "f=due.before.2026-12-01"),
        ("AND(effort >= 2, effort <= 7)", "f=effort.between.2~7"), ("share >= 30%", "f=share.ge.30%25"), ("project.name = \"Roof\"", "f=project%3Aname.eq.Roof"),
        ("OR(done, effort > 5)", "where=OR%28done%2C+effort+%3E+5%29"), ("", "")):
        answer = typed(text)
        assert answer.status_code == 303 and answer.headers["Location"].partition("?")[2].replace("%7E", "~") == location, (text, answer.headers.get("Location"))
    kept = typed("effort >= 5", f="title.contains.x")
    assert kept.headers["Location"].endswith("?f=title.contains.x&f=effort.ge.5")
    wrong = typed("efort > 5 AND secret = 1")
    assert wrong.status_code == 422 and "efort &gt; 5" in wrong.text and "field-error" in wrong.text and "secret = 1" in wrong.text
    both = wen.get("/filter", f="effort.ge.5", where="LEN(title) > 3", typed="1", chips="1")
    assert "AND(effort >= 5.00, LEN(title) > 3)" in both


def test_a_condition_is_completed_with_what_the_reader_may_use(wen: Screen) -> None:
    def offered(text: str, **more: str) -> list[str]:
        answer = wen.client.get(f"{wen.base}/filter/suggest", query_string={"text": text, **more})
        assert answer.status_code == 200
        return [o["insert"] for o in answer.json["options"]]

    assert "effort" in offered("eff") and "secret" not in offered("sec") and "ISBLANK(" in offered("isb")
    assert offered("project.na") == ["name"] and offered("project.no") == [], "a note of a project is not there for this reader"
    assert "effort" in offered("eff > 3", at="3") and offered("x" * 9000, at="99999") == []
    assert wen.desk.browser("out").get(f"{wen.base}/filter/suggest?text=e").status_code == 404


def test_options_are_searched_where_they_are_many(wen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    from runtime.web import filter_form

    monkeypatch.setattr(filter_form, "MOST_BOXES", 1)
    assert "/lookup/task/priority?all=1" in wen.get("/filter", field="priority")
    found = wen.client.get(f"/t/{wen.desk.slug}/lookup/task/priority", query_string={"all": "1", "q": "hi"}).json
    assert found["options"] == [{"value": "high", "text": "High"}]
    people = wen.client.get(f"/t/{wen.desk.slug}/lookup/task/helpers", query_string={"all": "1", "q": "mei"}).json
    assert [o["text"] for o in people["options"]] == ["Mei"]
