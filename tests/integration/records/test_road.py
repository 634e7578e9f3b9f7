"""The record road on both databases: what it does and what it refuses, with the rule's id."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from kernel.errors import Forbidden, Invalid, NotFound, Refused, Stale
from kernel.platform import tables as t
from runtime.records import changelog, checking, comments, history, reading, road, spans
from runtime.records.record import Input
from tests.factories.records import make_record


def refusals(error):
    return {(p.code, p.path, p.rule) for p in error.value.problems}


def test_create_and_read(place, boss):
    project = make_record(place, "project", {"name": "Bridge"}, boss)
    made = make_record(
        place,
        "task",
        {
            "name": "Dig",
            "project": project.id,
            "helpers": [boss.person],
            "kind": "repair",
            "tags": ["red", "blue"],
            "hours": "2.50",
            "price": {"amount": "10.00"},
            "items": [{"fields": {"what": "sand", "amount": "4"}}, {"fields": {"what": "gravel"}}],
        },
        boss,
    )
    assert made.values["total"] == 5
    with place.read(boss) as ctx:
        seen = reading.get(ctx, "task", made.id)
    assert seen.title == "T-0001 Dig"
    assert seen.record.values["size"] == "small"
    assert seen.record.values["project_tier"] == "basic"
    assert seen.record.values["days_left"] == 7
    assert seen.record.values["price"].currency == "CNY"
    assert [r.values["double"] for r in seen.record.values["items"]] == [8, 2]
    assert seen.labels[project.id] == "Bridge"
    assert seen.labels[boss.person] == "Bea Boss"
    assert seen.record.state == "open" and seen.record.states["check"][0] == "unchecked"
    assert seen.record.version == 1 and seen.record.owner == boss.person


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {("required", "fields.name", "test:task.name#required")}),
        ({"name": "x" * 81}, {("too_long", "fields.name", "test:task.name#type")}),
        ({"name": 5, "hours": "-1"}, {("type", "fields.name", "test:task.name#type"), ("too_small", "fields.hours", "test:task.hours#type")}),
        ({"name": "a", "nowhere": 1}, {("unknown_field", "fields.nowhere", "test:task#fields")}),
        ({"name": "a", "total": 5}, {("not_writable", "fields.total", "test:task.total#type")}),
        ({"name": "a", "code": "x"}, {("not_writable", "fields.code", "test:task.code#type")}),
        ({"name": "a", "check": "checked"}, {("not_writable", "fields.check", "test:machine/check#field#type")}),
        ({"name": "a", "state": "done"}, {("not_writable", "fields.state", "test:task#system")}),
        ({"name": "a", "owner": "x"}, {("not_writable", "fields.owner", "test:task#system")}),
        ({"name": "a", "hours": "1001"}, {("validation", "fields.hours", "test:task.validations.sane")}),
        (
            {"name": "a", "urgent": True},
            {("required", "fields.reason", "test:task.reason#required_when"), ("validation", "fields.kind", "test:task.validations.kind_given")},
        ),
        ({"name": "a", "locked": True, "fixed": "b"}, {("read_only", "fields.fixed", "test:task.fixed#read_only_when")}),
        ({"name": "a", "kind": "old"}, {("not_offered", "fields.kind", "test:task.kind#type")}),
        ({"name": "a", "project": "0192f0c1-7a3b-7cde-8f01-23456789abcd"}, {("not_found", "fields.project", "test:task.project#reference")}),
        ({"name": "a", "items": [{"fields": {"what": "s"}}, {"fields": {"amount": "x"}}]}, {("type", "fields.items[1].amount", "test:task.items.amount#type")}),
        ({"name": "a", "items": [{"fields": {"amount": "1"}}]}, {("required", "fields.items[0].what", "test:task.items.what#required")}),
        ({"name": "a", "items": [{"fields": {"what": "s", "double": "3"}}]}, {("not_writable", "fields.items[0].double", "test:task.items.double#type")}),
        (
            {"name": "a", "items": [{"id": "0192f0c1-7a3b-7cde-8f01-23456789abcd", "fields": {}}]},
            {("unknown_row", "fields.items[0].id", "test:task.items#type")},
        ),
        ({"name": "a", "items": [{"who": 1}]}, {("type", "fields.items[0]", "test:task.items#type")}),
        ({"name": "a", "items": "x"}, {("type", "fields.items", "test:task.items#type")}),
    ],
)
def test_refusals_name_path_and_rule(place, boss, fields, expected):
    with pytest.raises(Invalid) as error:
        make_record(place, "task", fields, boss)
    assert refusals(error) == expected
    with place.read() as ctx:
        assert ctx.conn.execute(select(t.change_log.c.id).where(t.change_log.c.entity == "task")).first() is None


def test_a_suggestion_for_a_mistyped_field(place, boss):
    with pytest.raises(Invalid) as error:
        make_record(place, "task", {"name": "a", "houra": 1}, boss)
    assert str(error.value.problems[0].hint) == "Did you mean hours?"


def test_unique(place, boss):
    make_record(place, "task", {"name": "a", "ref": "R1"}, boss)
    with pytest.raises(Invalid) as error:
        make_record(place, "task", {"name": "b", "ref": "R1"}, boss)
    assert refusals(error) == {("not_unique", "fields.ref", "test:task.ref#unique")}


def test_unique_is_race_safe(place, boss, monkeypatch):
    """The check saw nothing, the index did: the same answer."""
    make_record(place, "task", {"name": "a", "ref": "R1"}, boss)
    monkeypatch.setattr(checking, "check_unique", lambda work: None)
    with pytest.raises(Invalid) as error:
        make_record(place, "task", {"name": "b", "ref": "R1"}, boss)
    assert refusals(error) == {("not_unique", "fields.ref", "test:task.ref#unique")}
    other = make_record(place, "task", {"name": "c"}, boss)
    with pytest.raises(Invalid) as error, place.write(boss) as ctx:
        road.update(ctx, "task", other.id, Input({"ref": "R1"}), version=1)
    assert refusals(error) == {("not_unique", "fields.ref", "test:task.ref#unique")}


def test_hidden_by_rule_is_kept_out(place, boss):
    made = make_record(place, "task", {"name": "a", "reason": "because"}, boss)
    assert made.values["reason"] is None
    made = make_record(place, "task", {"name": "a", "urgent": True, "kind": "build", "reason": "because"}, boss)
    assert made.values["reason"] == "because"
    with place.write(boss) as ctx:
        assert road.update(ctx, "task", made.id, Input({"urgent": False}), version=1).values["reason"] is None


def test_update_child_rows_and_history(place, boss):
    made = make_record(place, "task", {"name": "a", "items": [{"fields": {"what": "s", "amount": "3"}}, {"fields": {"what": "t"}}]}, boss)
    first, second = made.values["items"]
    with place.write(boss) as ctx:
        done = road.update(ctx, "task", made.id, Input({"items": [{"id": second.id, "fields": {"amount": "9"}}, {"fields": {"what": "new"}}]}), version=1)
    assert [(r.values["what"], r.values["amount"]) for r in done.values["items"]] == [("t", 9), ("new", 1)]
    assert (done.values["total"], done.values["size"], done.version) == (10, "large", 2)
    with place.read(boss) as ctx:
        seen = reading.get(ctx, "task", made.id)
        assert [r.id for r in seen.record.values["items"]] == [r.id for r in done.values["items"]]
        assert seen.record.values["items"][0].values["double"] == 18
        entries = history.of(ctx, "task", made.id)
        assert [e.kind for e in entries] == ["update", "create"]
        change = next(c for c in entries[0].changes if c["field"] == "items")
        assert {r["did"] for r in change["rows"]} == {"added", "removed", "changed"}
        assert entries[0].actor_name == "Bea Boss"
        assert changelog.verify(ctx, "task", made.id)
        assert [s.value for s in spans.of(ctx, "task", made.id, "size")] == ["small", "large"]
    with place.write(boss) as ctx:
        assert road.update(ctx, "task", made.id, Input({"items": None}), version=2).values["total"] is not None
    assert first.id != second.id


def test_a_tampered_history_is_found(place, boss):
    made = make_record(place, "task", {"name": "a"}, boss)
    with place.write(boss) as ctx:
        road.update(ctx, "task", made.id, Input({"name": "b"}), version=1)
        rows = ctx.conn.execute(select(t.change_log.c.id, t.change_log.c.changes).order_by(t.change_log.c.seq).where(t.change_log.c.record_id == made.id)).all()
        changes = rows[0].changes
        changes["items"][0]["to"] = "forged"
        ctx.conn.execute(t.change_log.update().where(t.change_log.c.id == rows[0].id).values(changes=changes))
        assert not changelog.verify(ctx, "task", made.id)


def test_no_change_no_version(place, boss):
    made = make_record(place, "task", {"name": "a", "hours": "1.5"}, boss)
    with place.write(boss) as ctx:
        assert road.update(ctx, "task", made.id, Input({"name": "a", "hours": "1.50"}), version=1).version == 1


def test_stale_and_merge(place, boss):
    made = make_record(place, "task", {"name": "a"}, boss)
    with place.write(boss) as ctx:
        road.update(ctx, "task", made.id, Input({"name": "b"}), version=1)
    with pytest.raises(Stale) as stale, place.write(boss) as ctx:
        road.update(ctx, "task", made.id, Input({"hours": "1"}), version=1)
    assert stale.value.current == 2
    with pytest.raises(Stale), place.write(boss) as ctx:
        road.update(ctx, "task", made.id, Input({"name": "c"}), version=1, merge=True)
    with place.write(boss) as ctx:
        merged = road.update(ctx, "task", made.id, Input({"hours": "1"}), version=1, merge=True)
    assert (merged.values["name"], merged.values["hours"], merged.version) == ("b", 1, 3)
    with pytest.raises(Stale), place.write(boss) as ctx:
        road.update(ctx, "task", made.id, Input({"hours": "2"}), version=9, merge=True)


def test_transition_and_its_actions(place, boss):
    made = make_record(place, "task", {"name": "a"}, boss)
    with place.write(boss) as ctx:
        with pytest.raises(Refused) as refused:
            road.transition(ctx, "task", made.id, "start", version=1)
        assert [(m.ask["field"], m.rule) for m in refused.value.missing] == [("hours", "test:machine/task.transitions.start#needs")]
    with place.write(boss) as ctx:
        done = road.transition(ctx, "task", made.id, "start", input=Input({"hours": "0.5"}), version=1)
        assert (done.state, done.version) == ("doing", 2)
    with place.write(boss) as ctx:
        with pytest.raises(Refused) as refused:
            road.transition(ctx, "task", made.id, "finish", asks={"result": "ok"}, version=2)
        assert refused.value.missing[0].rule == "test:machine/task.transitions.finish.guards.enough"
        with pytest.raises(Invalid) as error:
            road.transition(ctx, "task", made.id, "finish", input=Input({"hours": "2"}), version=2)
        assert ("required", "asks.result") in {(p.code, p.path) for p in error.value.problems}
        with pytest.raises(Invalid):
            road.transition(ctx, "task", made.id, "finish", input=Input({"hours": "2"}), asks={"result": "x", "more": 1}, version=2)
    place.clock.advance(hours=2)
    with place.write(boss) as ctx:
        done = road.transition(ctx, "task", made.id, "finish", input=Input({"hours": "2"}), asks={"result": "ok"}, version=2)
        assert (done.state, done.values["note"], done.values["done_at"]) == ("done", "ok", ctx.now)
        log = road.last_created_by(ctx, "log", "task", made.id)
        assert log is not None
        assert road.load(ctx, "log", log).values["task"] == made.id
        assert [c.body for c in comments.of(ctx, "task", made.id)] == ["Finished a"]
        assert spans.time_in(ctx, "task", made.id) == {"open": timedelta(0), "doing": timedelta(hours=2), "done": timedelta(0)}
        entry = history.of(ctx, "task", made.id)[0]
        assert entry.kind == "transition" and entry.reason["asks"] == {"result": "ok"}
        with pytest.raises(Refused) as refused:
            road.transition(ctx, "task", made.id, "start", version=3)
        assert refused.value.missing[0].ask["kind"] == "state"


def test_a_further_machine(place, boss, worker):
    made = make_record(place, "task", {"name": "a"}, worker)
    with pytest.raises(Refused) as refused, place.write(worker) as ctx:
        road.transition(ctx, "task", made.id, "approve", version=1)
    assert refused.value.missing[0].rule == "test:machine/check.transitions.approve#who"
    place.clock.advance(hours=1)
    with place.write(boss) as ctx:
        done = road.transition(ctx, "task", made.id, "approve", version=1)
    assert done.values["check"] == "checked" and done.state == "open"
    with place.read(boss) as ctx:
        seen = reading.get(ctx, "task", made.id)
        assert seen.record.states["check"] == ("checked", place.clock.now())
        assert [s.value for s in spans.of(ctx, "task", made.id, "check")] == ["unchecked", "checked"]
        doors = {d.key: d for d in reading.doors(ctx, seen)}
    assert set(doors) == {"start", "close"}
    assert not doors["start"].open and doors["start"].needs == ("hours",)


def test_unknown_transition(place, boss):
    made = make_record(place, "task", {"name": "a"}, boss)
    with pytest.raises(NotFound), place.write(boss) as ctx:
        road.transition(ctx, "task", made.id, "vanish", version=1)


def test_assign(place, boss, worker):
    made = make_record(place, "task", {"name": "a"}, boss)
    with place.write(boss) as ctx:
        done = road.assign(ctx, "task", made.id, owner=worker.person, version=1)
    assert (done.owner, done.team, done.version) == (worker.person, worker.team, 2)
    with pytest.raises(Forbidden) as refused, place.write(worker) as ctx:
        road.assign(ctx, "task", made.id, owner=boss.person, version=2)
    assert refused.value.rule == "test:role/worker.task"
    with pytest.raises(Invalid), place.write(boss) as ctx:
        road.assign(ctx, "task", made.id, owner="0192f0c1-7a3b-7cde-8f01-23456789abcd", version=2)
    with pytest.raises(Stale), place.write(boss) as ctx:
        road.assign(ctx, "task", made.id, owner=boss.person, version=1)
    with place.read(boss) as ctx:
        entry = history.of(ctx, "task", made.id)[0]
        assert {c["field"] for c in entry.changes} >= {"owner", "team"}


def test_create_for_somebody_else_needs_the_right_to_assign(place, boss, worker):
    with place.write(boss) as ctx:
        assert road.create(ctx, "task", Input({"name": "a"}), owner=worker.person).owner == worker.person
    with pytest.raises(Forbidden), place.write(worker) as ctx:
        road.create(ctx, "task", Input({"name": "a"}), owner=boss.person)


def test_delete_and_restore(place, boss):
    project = make_record(place, "project", {"name": "Bridge"}, boss)
    task = make_record(place, "task", {"name": "a", "project": project.id, "ref": "R1"}, boss)
    with pytest.raises(Stale), place.write(boss) as ctx:
        road.delete(ctx, "project", project.id, version=7)
    with place.write(boss) as ctx:
        road.delete(ctx, "project", project.id, version=1)
    with place.read(boss) as ctx:
        with pytest.raises(NotFound):
            reading.get(ctx, "project", project.id)
        assert reading.get(ctx, "task", task.id).labels[project.id] == "Bridge (removed)"
    with pytest.raises(NotFound), place.write(boss) as ctx:
        road.update(ctx, "project", project.id, Input({"name": "x"}), version=2)
    with place.write(boss) as ctx:
        road.delete(ctx, "task", task.id, version=1)
    make_record(place, "task", {"name": "b", "ref": "R1"}, boss)
    with pytest.raises(Invalid) as error, place.write(boss) as ctx:
        road.restore(ctx, "task", task.id)
    assert refusals(error) == {("not_unique", "fields.ref", "test:task.ref#unique")}
    with place.write(boss) as ctx:
        assert road.restore(ctx, "project", project.id).version == 3
        assert reading.get(ctx, "project", project.id).record.values["name"] == "Bridge"


def test_rollups_follow_in_the_same_transaction(place, boss):
    one, two = (make_record(place, "project", {"name": n}, boss) for n in ("One", "Two"))
    task = make_record(place, "task", {"name": "a", "project": one.id, "items": [{"fields": {"what": "x", "amount": "200"}}]}, boss)

    def totals():
        with place.read(boss) as ctx:
            found = [reading.get(ctx, "project", p.id).record for p in (one, two)]
        return [(p.values["open_tasks"], p.values["effort"], p.values["heavy"]) for p in found]

    assert totals() == [(1, 200, True), (0, 0, False)]
    with place.write(boss) as ctx:
        road.update(ctx, "task", task.id, Input({"project": two.id}), version=1)
    assert totals()[0][:2] == (0, 0) and totals()[1] == (1, 200, True)
    with place.write(boss) as ctx:
        road.update(ctx, "task", task.id, Input({"hours": "3", "items": []}), version=2)
        road.transition(ctx, "task", task.id, "start", version=3)
    assert totals()[1][:2] == (1, 0)
    with place.write(boss) as ctx:
        road.delete(ctx, "task", task.id, version=4)
    assert totals()[1][0] == 0
    with place.read(boss) as ctx:
        assert changelog.verify(ctx, "project", two.id)
        assert reading.get(ctx, "project", two.id).record.version == 1


def test_preview_is_the_road_without_the_write(place, boss):
    with place.read(boss) as ctx:
        seen = road.preview(ctx, "task", None, Input({"name": "", "urgent": "yes", "items": [{"fields": {"what": "s", "amount": "12"}}]}, "text"))
        assert (seen.values["total"], seen.values["size"], seen.values["days_left"]) == (12, "large", 7)
        assert seen.rules["reason"].shown and seen.rules["reason"].required
        assert {p.path for p in seen.problems} == {"fields.name", "fields.reason", "fields.kind"}
    made = make_record(place, "task", {"name": "a"}, boss)
    with place.read(boss) as ctx:
        seen = road.preview(ctx, "task", made.id, Input({"locked": True}))
        assert seen.rules["fixed"].read_only
        seen = road.preview(ctx, "task", made.id, Input({}), transition="start")
        assert [m.ask["field"] for m in seen.missing] == ["hours"]
        seen = road.preview(ctx, "task", made.id, Input({"hours": "1"}), transition="start")
        assert seen.missing == ()
        assert road.load(ctx, "task", made.id).version == 1


def test_text_style_reads_what_people_type(place, boss):
    project = make_record(place, "project", {"name": "Bridge"}, boss)
    with place.write(boss) as ctx:
        made = road.create(ctx, "task", Input({"name": " Dig ", "project": ["Bridge"], "kind": ["Repair"], "due": ["tomorrow"], "hours": ["1.5"]}, "text"))
    assert (made.values["name"], made.values["project"], made.values["kind"]) == ("Dig", project.id, "repair")
    assert made.values["due"] == date(2026, 11, 25)


def test_many_at_once_by_the_same_rules(place, boss):
    with pytest.raises(Invalid) as error, place.write(boss) as ctx:
        road.create_many(ctx, "task", [Input({"name": "a"}), Input({}), Input({"name": "b", "hours": "x"})])
    assert {p.path for p in error.value.problems} == {"items[1].fields.name", "items[2].fields.hours"}
    with pytest.raises(Invalid) as error, place.write(boss) as ctx:
        road.create_many(ctx, "task", [Input({"name": "a", "ref": "R"}), Input({"name": "b", "ref": "R"})])
    assert refusals(error) == {("not_unique", "items[1].fields.ref", "test:task.ref#unique")}
    with place.write(boss) as ctx:
        made = road.create_many(ctx, "task", [Input({"name": f"n{i}", "items": [{"fields": {"what": "w"}}]}) for i in range(20)])
        assert len({m.values["code"] for m in made}) == 20
        assert all(changelog.verify(ctx, "task", m.id) for m in made)


def test_teams_move_rights(place, boss):
    top = place.team("Top")
    below = place.team("Below", top)
    with place.read() as ctx:
        from kernel.platform.teams import teams_below

        assert teams_below(ctx.conn, top) == {top, below}
        before = ctx.conn.execute(select(t.tenant_state.c.rights_epoch)).scalar_one()
    with pytest.raises(Invalid) as error, place.write(boss) as ctx:
        road.update(ctx, "team", top, Input({"parent": below}), version=1)
    assert error.value.problems[0].code == "team_circle"
    with place.write(boss) as ctx:
        road.update(ctx, "person", boss.person, Input({"team": below}), version=1)
    with place.read() as ctx:
        assert ctx.conn.execute(select(t.tenant_state.c.rights_epoch)).scalar_one() > before
