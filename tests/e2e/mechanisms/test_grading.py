"""M1.3: leads are graded A, B or C from source, budget and length of the decision chain, again on every change of these."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from builder.publish.tenant_overlay import add_documents
from kernel.platform import tables as t
from tests.e2e.mechanisms import keys, screen

LIMITS = {"A": keys.A_BUDGET, "B": keys.B_BUDGET, "chain": keys.SHORT_CHAIN}

# source, budget (a limit and what is added to it), deciders (the limit and what is added), grade
GRADES = [
    ("exhibition", ("A", 0), ("chain", 3), "A"),
    ("exhibition", ("A", 1_000_000), None, "A"),
    ("exhibition", ("A", 0), ("chain", 0), "A"),
    ("exhibition", ("A", -1), ("chain", 3), "B"),
    ("exhibition", ("B", 0), None, "B"),
    ("exhibition", ("B", -1), ("chain", 3), "C"),
    ("exhibition", None, ("chain", 0), "B"),
    ("exhibition", None, None, "C"),
    ("website", ("A", 0), ("chain", 3), "B"),
    ("website", ("A", 9_000_000), None, "B"),
    ("website", ("B", -1), ("chain", 1), "C"),
    ("website", ("B", -1), ("chain", 0), "B"),
    ("referral", ("B", 0), ("chain", 3), "B"),
    ("referral", None, ("chain", -1), "B"),
    ("referral", None, ("chain", 1), "C"),
    ("phone_in", None, None, "C"),
    ("other", ("B", -1), None, "C"),
]


@pytest.fixture(scope="module")
def limits(demo):
    """The numbers as the tenant has them."""
    return {name: keys.parameter(demo, key) for name, key in LIMITS.items()}


def amount(limits, part):
    """A limit with what is added to it; None stays empty."""
    return None if part is None else int(limits[part[0]]) + part[1]


def facts(limits, source, budget, deciders):
    """Source, budget and deciders as the API takes them."""
    money = amount(limits, budget)
    return {"source": source, "budget": None if money is None else keys.cny(money), "deciders": amount(limits, deciders)}


@pytest.mark.parametrize(("source", "budget", "deciders", "grade"), GRADES)
def test_every_lead_gets_its_grade(rep, limits, source, budget, deciders, grade):
    assert rep.make("lead", **keys.lead_fields(**facts(limits, source, budget, deciders)))["fields"]["grade"] == grade


def test_a_grade_cannot_be_written(rep):
    refused = rep.post("/records/lead", {"fields": keys.lead_fields(grade="A")})
    assert refused.status_code == 422 and refused.json["problems"][0]["path"] == "fields.grade"


@pytest.mark.browser
def test_the_form_grades_while_one_types(people, limits):
    page = people.page(keys.REP, "/e/lead/new")
    for source, budget, deciders, grade in GRADES:
        page.locator("#f-source").select_option(source)
        page.locator("#f-budget").fill(str(amount(limits, budget) or ""))
        page.locator("#f-deciders").fill(str(amount(limits, deciders) or ""))
        screen.live(page, "grade", grade)
    assert screen.fits(page)
    page.locator("#f-company").fill("杭州未来印象幼儿园")
    page.locator("#f-name").fill("施园长")
    page.locator("#f-phone").fill("13805710002")
    screen.save_form(page)
    screen.saved(page, "lead")
    screen.shows(page, "grade", GRADES[-1][3])


def test_graded_again_on_every_change_with_a_trace(demo, rep, limits):
    made = rep.make("lead", **keys.lead_fields(**facts(limits, "exhibition", ("B", -1), ("chain", 5))))
    path = f"/records/lead/{made['id']}"
    steps = [({"budget": keys.cny(amount(limits, ("B", 0)))}, "B"), ({"budget": keys.cny(amount(limits, ("A", 0)))}, "A"), ({"source": "website"}, "B"),
             ({"budget": None}, "C"), ({"deciders": amount(limits, ("chain", 0))}, "B"), ({"need": "隔断和收纳柜"}, "B")]
    grades = [made["fields"]["grade"]]
    for version, (change, grade) in enumerate(steps, start=1):
        answer = rep.patch(path, {"fields": change}, version=version)
        assert answer.status_code == 200 and answer.json["fields"]["grade"] == grade, change
        entry = rep.get(f"{path}/history").json["items"][0]
        touched = {c["field"]: (c["from"], c["to"]) for c in entry["changes"]}
        # Each change of the grade stands beside the change that made it: that is the trace of why.
        assert next(iter(change)) in touched
        assert touched.get("grade") == (None if grade == grades[-1] else (grades[-1], grade))
        grades.append(grade)
    changed = [g for before, g in zip([None, *grades], grades, strict=False) if g != before]
    with demo.home.read() as conn:
        spans = conn.execute(select(t.span.c.value, t.span.c.to_at).where(
            t.span.c.record_id == made["id"], t.span.c.facet == "grade").order_by(t.span.c.id)).all()
    assert [s.value for s in spans] == changed, "how long it stood at which grade can be asked"
    assert [s.to_at is None for s in spans] == [False] * (len(spans) - 1) + [True]


@pytest.mark.browser
def test_the_timeline_tells_of_a_new_grade(people, rep, limits):
    made = rep.make("lead", **keys.lead_fields(**facts(limits, "exhibition", ("A", 0), None)))
    rep.patch(f"/records/lead/{made['id']}", {"fields": {"source": "website"}}, version=1)
    page = people.page(keys.REP, f"/e/lead/{made['id']}")
    told = screen.timeline(page)
    assert "等级" in told and "展会" in told and "官网" in told
    assert screen.fits(page)


def test_a_published_number_grades_what_is_saved_after_it(demo, rep, limits):
    """The last test of this module: it changes the company's rules."""
    before = rep.make("lead", **keys.lead_fields(**facts(limits, "exhibition", ("A", 0), None)))
    assert before["fields"]["grade"] == "A"
    raised = int(limits["A"]) * 2
    result = add_documents(demo.home, f"parameter: {keys.A_BUDGET.removeprefix('param.')}\nvalue: {raised}\n", clock=demo.clock, by=demo.person(keys.ADMIN))
    assert not result.unchanged
    assert rep.make("lead", **keys.lead_fields(**facts(limits, "exhibition", ("A", 0), None)))["fields"]["grade"] == "B"
    assert rep.make("lead", **keys.lead_fields(source="exhibition", budget=keys.cny(raised)))["fields"]["grade"] == "A"
    edited = rep.patch(f"/records/lead/{before['id']}", {"fields": {"budget": keys.cny(int(limits["A"]) + 1)}}, version=before["version"])
    assert edited.json["fields"]["grade"] == "B"
