"""Asking for what is missing: who can be asked, what they are told, and that asks close by themselves when the fact is there."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from kernel.platform import accounts
from kernel.platform import tables as t
from kernel.platform.database import count_statements
from runtime.asks import act, rows
from runtime.asks.fact import of_missing
from runtime.asks.suppliers import groups
from runtime.notices import inbox
from runtime.records import reading, road
from runtime.records.record import Input
from tests.factories.work import work
from tests.integration.asks.conftest import as_person, change, make


def missing(desk, login, deal, step="sign"):
    """(what, from, rule, path, groups with people) of everything that is missing."""
    names = {v: k for k, v in desk.people.items()}
    with as_person(desk, login) as ctx:
        seen = reading.get(ctx, "deal", deal)
        door = next(d for d in reading.doors(ctx, seen) if d.key == step)
        found = {}
        for m in door.missing:
            fact = of_missing("deal", ctx.app.transition("deal", step)[1], m)
            found[str(m.what)] = (str(m.source), fact.rule, fact.mark, {g.role: sorted(names[p] for p in g.people) for g in groups(ctx, seen.env, fact)})
        return found


def ask(desk, login, deal, what, step="sign", **more):
    _source, rule, path, _groups = missing(desk, login, deal, step)[what]
    with as_person(desk, login) as ctx:
        return act.open(ctx, "deal", deal, transition=step, rule=rule, path=path, **more)


def tasks(desk, login):
    with as_person(desk, login) as ctx:
        return [str(n.words) for n in inbox.entries(ctx, tasks=True)]


def news(desk, login):
    with as_person(desk, login) as ctx:
        return [str(n.words) for n in inbox.entries(ctx, tasks=False) if n.kind.key.startswith("ask")]


def outcome(desk, ask_id):
    with desk.ctx() as ctx:
        found = rows.find(ctx, ask_id)
        return found.outcome


@pytest.fixture
def deal(desk):
    """A deal of Sam's with a firm that nobody checked."""
    firm = make(desk, "cat", "firm", name="Acme")
    return make(desk, "sam", "deal", name="Big one", firm=firm)


def test_each_fact_names_who_could_supply_it_and_only_people_who_may(desk, deal):
    found = missing(desk, "sam", deal)
    assert found["Amount"][0] == "you" and found["Amount"][3] == {"boss": ["bob"]}
    assert found["Terms"][3] == {"boss": ["bob"], "lawyer": ["leo", "liz"]}
    assert found["Checked (Firm)"][3] == {"clerk": ["cat"]}
    # Sue may make calls too, but not about a deal she can't see.
    assert found["Two calls (2 more)"][3] == {"boss": ["bob"]}
    # A step that only others may take is asked of them.
    assert missing(desk, "sam", deal, "fast")["This step is taken by: Boss"][3] == {"boss": ["bob"]}


def test_asked_supplied_closed_and_told(desk, deal):
    made = ask(desk, "sam", deal, "Terms", role="lawyer", note="Before Friday, please")
    assert len(made.people) == 2 and not made.again
    assert tasks(desk, "leo")[0] == "Sam asks you for Terms: Big one"
    with as_person(desk, "leo") as ctx:
        assert inbox.entries(ctx, tasks=True)[0].excerpt == "Before Friday, please"
    before = news(desk, "sam")
    change(desk, "leo", "deal", deal, terms="30 days")
    assert outcome(desk, made.ask.id) == "supplied" and not any("Terms" in line for line in tasks(desk, "leo") + tasks(desk, "liz"))
    assert news(desk, "sam")[0] == "Terms is there now: Big one" and len(news(desk, "sam")) == len(before) + 1


def test_a_fact_in_another_record_is_supplied_there_by_somebody_who_does_not_see_this_one(desk, deal):
    made = ask(desk, "sam", deal, "Checked (Firm)")
    with as_person(desk, "cat") as ctx:
        (entry, *_rest) = inbox.entries(ctx, tasks=True)
        assert entry.entity == "firm" and str(entry.words).endswith(": Acme")
        firm = entry.record
        with pytest.raises(NotFound):
            reading.get(ctx, "deal", deal)
    change(desk, "cat", "firm", firm, level=3)
    assert outcome(desk, made.ask.id) is None
    change(desk, "cat", "firm", firm, checked=True)
    assert outcome(desk, made.ask.id) == "supplied"


def test_records_that_refer_close_it_too(desk, deal):
    made = ask(desk, "sam", deal, "Two calls (2 more)", person=desk.people["bob"])
    make(desk, "sam", "call", topic="First", deal=deal)
    assert outcome(desk, made.ask.id) is None
    make(desk, "bob", "call", topic="Second", deal=deal)
    assert outcome(desk, made.ask.id) == "supplied"


def test_a_total_over_other_records_closes_it_through_the_derived_value(desk, deal):
    made = ask(desk, "sam", deal, "Half an hour on the phone", "fast")
    make(desk, "bob", "call", topic="Short", deal=deal, minutes="10")
    assert outcome(desk, made.ask.id) is None
    make(desk, "bob", "call", topic="Long", deal=deal, minutes="25")
    assert outcome(desk, made.ask.id) == "supplied"


def test_the_last_fact_says_that_the_step_is_open(desk, deal):
    change(desk, "sam", "deal", deal, amount="50")
    change(desk, "bob", "deal", deal, terms="x")
    for topic in ("a", "b"):
        make(desk, "bob", "call", topic=topic, deal=deal)
    ask(desk, "sam", deal, "Checked (Firm)")
    with as_person(desk, "sam") as ctx:
        firm = reading.get(ctx, "deal", deal).record.values["firm"]
    change(desk, "cat", "firm", firm, checked=True)
    assert news(desk, "sam")[0] == "Nothing is missing any more: Big one"
    with as_person(desk, "sam") as ctx:
        assert next(d for d in reading.doors(ctx, reading.get(ctx, "deal", deal)) if d.key == "sign").open


def test_asking_twice_is_one_ask_and_notes_who_asked_too(desk, deal):
    first = ask(desk, "sam", deal, "Terms", role="lawyer")
    again = ask(desk, "sam", deal, "Terms", role="lawyer")
    assert again.again and again.ask.id == first.ask.id and again.people == ()
    joined = ask(desk, "bob", deal, "Terms", role="lawyer")
    assert joined.ask.id == first.ask.id and joined.ask.askers == (desk.people["sam"], desk.people["bob"])
    assert ask(desk, "sam", deal, "Terms", person=desk.people["leo"]).ask.id != first.ask.id
    with as_person(desk, "sam") as ctx:
        act.withdraw(ctx, first.ask.id)
    assert outcome(desk, first.ask.id) is None, "Bob still wants to know"
    change(desk, "liz", "deal", deal, terms="x")
    assert news(desk, "bob")[0].startswith("Terms is there now")


def test_withdrawn_by_who_asked_alone(desk, deal):
    made = ask(desk, "sam", deal, "Terms", role="lawyer")
    with as_person(desk, "leo") as ctx, pytest.raises(Forbidden):
        act.withdraw(ctx, made.ask.id)
    with as_person(desk, "cat") as ctx, pytest.raises(NotFound):
        act.withdraw(ctx, made.ask.id)
    with as_person(desk, "sam") as ctx:
        act.withdraw(ctx, made.ask.id)
        with pytest.raises(Conflict):
            act.withdraw(ctx, made.ask.id)
    assert outcome(desk, made.ask.id) == "withdrawn" and not any("Terms" in line for line in tasks(desk, "leo"))


def test_declined_with_a_reason_and_the_others_still_may(desk, deal):
    made = ask(desk, "sam", deal, "Terms", role="lawyer")
    with as_person(desk, "leo") as ctx:
        with pytest.raises(Invalid):
            act.decline(ctx, made.ask.id, "  ")
        act.decline(ctx, made.ask.id, "Not my field")
    assert outcome(desk, made.ask.id) is None and not any("Terms" in line for line in tasks(desk, "leo"))
    assert news(desk, "sam")[0] == "Leo can't supply Terms: Big one"
    with as_person(desk, "sam") as ctx:
        assert next(n for n in inbox.entries(ctx, tasks=False) if n.kind.key == "ask_declined").excerpt == "Not my field"
    with as_person(desk, "liz") as ctx:
        act.decline(ctx, made.ask.id, "Nor mine")
    assert outcome(desk, made.ask.id) == "declined"
    with as_person(desk, "sam") as ctx, pytest.raises(Forbidden):
        other = act.open(ctx, "deal", deal, transition="sign", rule=made.ask.rule, path="terms", role="lawyer")
        act.decline(ctx, other.ask.id, "I asked it myself")


def test_an_answer_in_words_leaves_a_fact_open(desk, deal):
    made = ask(desk, "sam", deal, "Terms", person=desk.people["leo"])
    with as_person(desk, "leo") as ctx:
        act.answer(ctx, made.ask.id, "Tomorrow")
    assert outcome(desk, made.ask.id) is None and news(desk, "sam")[0] == "Leo answered about Terms: Big one"


@pytest.mark.parametrize(("given", "error"), [
    ({"role": "clerk"}, Invalid), ({"person": "cat"}, Invalid), ({"note": "x" * 2000}, Invalid), ({"note": "a\x00b"}, Invalid), ({"rule": "nothing"}, Conflict),
    ({"path": "amount", "rule": "x#needs"}, Conflict), ({"transition": "nowhere"}, NotFound)])
def test_what_cannot_be_asked_is_said(desk, deal, given, error):
    _source, rule, path, _groups = missing(desk, "sam", deal)["Terms"]
    if "person" in given:
        given = {**given, "person": desk.people[given["person"]]}
    with as_person(desk, "sam") as ctx, pytest.raises(error):
        act.open(ctx, "deal", deal, **({"transition": "sign", "rule": rule, "path": path} | given))
    with as_person(desk, "sue") as ctx, pytest.raises(NotFound):
        act.open(ctx, "deal", deal, transition="sign", rule=rule, path=path)


def test_it_ends_with_the_step_and_with_the_record(desk, deal):
    step = ask(desk, "sam", deal, "This step is taken by: Boss", "fast")
    other = ask(desk, "sam", deal, "Terms", role="lawyer")
    with as_person(desk, "sam") as ctx:
        road.transition(ctx, "deal", deal, "drop", version=None)
    assert (outcome(desk, step.ask.id), outcome(desk, other.ask.id)) == ("gone", "gone")
    second = make(desk, "sam", "deal", name="Other")
    made = ask(desk, "sam", second, "Terms", role="lawyer")
    with as_person(desk, "bob") as ctx:
        road.delete(ctx, "deal", second, version=None)
    assert outcome(desk, made.ask.id) == "gone" and not any(": Other" in line for line in tasks(desk, "liz"))


def test_a_step_asked_of_others_closes_when_they_take_it(desk, deal):
    made = ask(desk, "sam", deal, "This step is taken by: Boss", "fast")
    assert "Sam asks you for the step “Fast”: Big one" in tasks(desk, "bob")
    make(desk, "bob", "call", topic="Long", deal=deal, minutes="40")
    with as_person(desk, "bob") as ctx:
        road.transition(ctx, "deal", deal, "fast", version=None)
    assert outcome(desk, made.ask.id) == "supplied"


def test_a_field_that_one_may_not_change(desk, deal):
    with as_person(desk, "sam") as ctx:
        made = act.open(ctx, "deal", deal, path="agreed")
    assert "Sam asks you for a change of “Agreed”: Big one" in tasks(desk, "bob")
    change(desk, "bob", "deal", deal, agreed=True)
    assert outcome(desk, made.ask.id) == "supplied" and news(desk, "sam")[0].startswith("a change of “Agreed”")
    with as_person(desk, "sam") as ctx:
        made = act.open(ctx, "deal", deal, path="terms")
    with as_person(desk, "bob") as ctx:
        act.answer(ctx, made.ask.id, "It stays as it is") if made.ask.role == "boss" else None
    with as_person(desk, "sam") as ctx, pytest.raises(Conflict):
        act.open(ctx, "deal", deal, path="amount")


def test_a_field_closed_by_a_rule_opens_with_what_closes_it(desk, deal):
    change(desk, "sam", "deal", deal, done=True)
    with as_person(desk, "sam") as ctx:
        made = act.open(ctx, "deal", deal, path="locked")
        assert made.ask.place["unlock"] == ["done"]
    change(desk, "bob", "deal", deal, done=False)
    assert outcome(desk, made.ask.id) == "supplied"


def test_whoever_asked_and_left_does_not_leave_tasks_behind(desk, deal):
    made = ask(desk, "sam", deal, "Terms", role="lawyer")
    with desk.home.write() as conn:
        conn.execute(t.account.update().where(t.account.c.person_id == desk.people["sam"]).values(disabled_at=desk.clock.now()))
        accounts.bump_rights(conn)
    try:
        change(desk, "bob", "deal", deal, urgent=True)
        assert outcome(desk, made.ask.id) == "gone"
    finally:
        with desk.home.write() as conn:
            accounts.enable(conn, desk.people["sam"])


def test_a_write_without_open_asks_costs_one_statement_more(desk, monkeypatch):
    from runtime import hooks

    deal = make(desk, "sam", "deal", name="Quiet")
    with desk.home.write() as conn:
        conn.execute(t.ask.update().where(t.ask.c.closed_at.is_(None)).values(closed_at=desk.clock.now(), outcome="gone"))

    def statements():
        with desk.ctx() as ctx, count_statements(ctx.conn) as counted:
            road.update(ctx, "deal", deal, Input({"amount": str(counted.total + 7), "name": f"x{len(counts)}"}), version=None)
        return counted.total

    counts: list[int] = []
    statements()
    counts.append(statements())
    monkeypatch.setattr(hooks, "HOOKS", tuple(h for h in hooks.HOOKS if h.__module__ != "runtime.asks.watch"))
    counts.append(statements())
    assert counts[0] - counts[1] <= 1


def test_many_waiting_records_follow_as_a_job(desk, monkeypatch):
    monkeypatch.setattr("runtime.asks.watch.MOST_NOW", 1)
    firm = make(desk, "cat", "firm", name="Shared")
    made = []
    for n in range(3):
        deal = make(desk, "sam", "deal", name=f"Deal {n}", firm=firm)
        made.append(ask(desk, "sam", deal, "Checked (Firm)").ask.id)
    change(desk, "cat", "firm", firm, checked=True)
    assert [outcome(desk, i) for i in made].count("supplied") == 1
    work(desk.app, desk.slug)
    assert [outcome(desk, i) for i in made] == ["supplied"] * 3
    with desk.ctx() as ctx:
        assert ctx.conn.execute(select(t.notice.c.id).where(t.notice.c.kind == "ask", t.notice.c.cause == f"ask:{made[0]}", t.notice.c.done_at.is_(None))).first() is None
