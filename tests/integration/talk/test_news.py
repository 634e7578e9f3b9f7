"""Followers are told of what a record goes through, with the change itself, and only while they may see it."""

from __future__ import annotations

from sqlalchemy import func, select

from kernel.jobs import Job, queue
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.platform.database import count_statements
from runtime.bulk import work as bulk
from runtime.bulk.order import Order
from runtime.bulk.work import Selection
from runtime.notices import inbox
from runtime.records import readers, road
from runtime.talk import follow, news
from tests.factories.desk import Desk
from tests.integration.talk.conftest import as_person, forget, told


def make(desk: Desk, login: str = "wen", **fields: object) -> dict:
    return desk.api(login).make(**fields)


def test_a_step_is_told_to_followers_who_may_see_it(desk: Desk) -> None:
    task = make(desk, title="Fence")
    with as_person(desk, "mei") as ctx:
        follow.choose(ctx, "task", task["id"], True)
    with as_person(desk, "chen") as ctx:
        # As if lin had been able to see it once.
        follow.join(ctx, "task", task["id"], [desk.people["lin"]])
        road.transition(ctx, "task", task["id"], "start", version=None)
    assert told(desk, task["id"]) == {("wen", "moved"), ("mei", "moved")}
    with as_person(desk, "mei") as ctx:
        entry = inbox.entries(ctx, tasks=False)[0]
        assert str(entry.words) == "Chen changed Fence: Open → Doing"


def test_fields_alone_are_no_news(desk: Desk) -> None:
    task = make(desk)
    desk.api("chen").patch(f"/records/task/{task['id']}", {"fields": {"effort": 3}}, version=1)
    assert told(desk, task["id"]) == set()


def test_who_gets_a_record_is_told_that_and_nothing_twice(desk: Desk) -> None:
    task = make(desk)
    with as_person(desk, "guo") as ctx:
        follow.choose(ctx, "task", task["id"], True)
    desk.api("chen").post(f"/records/task/{task['id']}/assign", {"owner": desk.people["lin"]}, version=1)
    assert told(desk, task["id"]) == {("lin", "handed_over"), ("guo", "moved")}, "wen can't see it any more"
    with as_person(desk, "guo") as ctx:
        assert str(inbox.entries(ctx, tasks=False)[0].words).endswith(": now owned by Lin")
    forget(desk, task["id"])
    desk.api("chen").post(f"/records/task/{task['id']}/assign", {"owner": desk.people["out"]}, version=2)
    assert told(desk, task["id"]) == {("guo", "moved")}, "out has no rights to tasks: neither told nor shown"


def test_a_new_record_for_somebody_else(desk: Desk) -> None:
    with as_person(desk, "chen") as ctx:
        from runtime.records.record import Input

        record = road.create(ctx, "task", Input({"title": "For you"}), owner=desk.people["wen"])
        sample = road.create(ctx.acting(channel="sample"), "task", Input({"title": "Quiet"}), owner=desk.people["wen"])
    assert told(desk, record.id) == {("wen", "handed_over")} and told(desk, sample.id) == set()


def test_a_further_machine_is_told_to_who_may_read_it(desk: Desk) -> None:
    task = make(desk)
    desk.api("chen").post(f"/records/task/{task['id']}/transitions/check", {}, version=1)
    assert told(desk, task["id"]) == {("wen", "moved")}


def test_who_said_no_stays_out(desk: Desk) -> None:
    task = make(desk)
    with as_person(desk, "wen") as ctx:
        follow.choose(ctx, "task", task["id"], False)
        follow.join(ctx, "task", task["id"], [desk.people["wen"]])
    desk.api("chen").post(f"/records/task/{task['id']}/transitions/start", {}, version=1)
    assert told(desk, task["id"]) == set()
    with as_person(desk, "wen") as ctx:
        follow.choose(ctx, "task", task["id"], True)
        assert follow.of(ctx, [road.load(ctx, "task", task["id"])])[task["id"]] == {desk.people["wen"]}


def test_a_write_notes_its_news_in_one_statement_and_telling_costs_the_same_for_any_number(desk: Desk) -> None:
    writes, telling = [], []
    for people in ([], ["mei"], ["mei", "guo", "chen"]):
        task = make(desk)
        with as_person(desk, "chen") as ctx:
            follow.join(ctx, "task", task["id"], [desk.people[p] for p in people])
            with count_statements(ctx.conn) as count:
                road.transition(ctx, "task", task["id"], "start", version=None)
            writes.append([s for s in count.statements if "job" in s or "notice" in s or "follow" in s])
        with desk.ctx() as ctx:
            job = newest(ctx)
            with count_statements(ctx.conn) as count:
                news.carry_out(ctx, job)
            telling.append(count.total)
        told(desk, task["id"])
    assert [len(w) for w in writes] == [1, 1, 1] and telling[1] == telling[2]


def newest(ctx: Ctx) -> Job:
    found = queue.find(ctx.conn, ctx.conn.execute(select(func.max(t.job.c.id)).where(t.job.c.kind == news.KIND)).scalar_one())
    assert found is not None
    return found


def test_whoever_acts_alone_on_a_record_leaves_nothing_to_do(desk: Desk) -> None:
    task = make(desk, "lin")
    told(desk, task["id"])
    with as_person(desk, "lin") as ctx:
        before = ctx.conn.execute(select(func.count()).select_from(t.job).where(t.job.c.kind == news.KIND)).scalar_one()
        road.transition(ctx, "task", task["id"], "start", version=None)
        assert ctx.conn.execute(select(func.count()).select_from(t.job).where(t.job.c.kind == news.KIND)).scalar_one() == before
    task = make(desk, "lin")
    with as_person(desk, "lin") as ctx:
        follow.join(ctx, "task", task["id"], [desk.people["chen"]])
        road.transition(ctx, "task", task["id"], "start", version=None)
    assert told(desk, task["id"]) == {("chen", "moved")}


def test_rights_count_when_it_is_told(desk: Desk) -> None:
    task = make(desk)
    desk.api("chen").post(f"/records/task/{task['id']}/transitions/start", {}, version=1)
    with desk.ctx() as ctx:
        road.delete(ctx, "task", task["id"], version=None)
    assert told(desk, task["id"]) == set(), "a record in the bin is nobody's news"


def test_one_act_on_many_records_is_one_job(desk: Desk) -> None:
    ids = [make(desk, title=f"Many {n}")["id"] for n in range(3)]
    lost = make(desk, "lin", title="Out of sight")["id"]
    told(desk, lost)
    with as_person(desk, "chen") as ctx:
        road.transition(ctx, "task", ids[2], "start", version=None)
    for id_ in ids:
        told(desk, id_)
        forget(desk, id_)
    with as_person(desk, "chen") as ctx:
        before = newest(ctx).id
        work_on = Selection([(id_, None) for id_ in ids])
        bulk.ask(ctx, Order("transition", "task", step="start"), work_on)
        job = newest(ctx)
        assert job.id > before and [one["id"] for one in job.data["news"]] == ids[:2], "the refused one is no news"
    assert [told(desk, id_) for id_ in ids] == [{("wen", "moved")}, {("wen", "moved")}, set()]


def test_everybody_is_asked_as_themselves(desk: Desk) -> None:
    task = make(desk)
    with as_person(desk, "wen") as ctx:
        record = road.load(ctx, "task", task["id"])
        found = readers.who_may_read(ctx, record, [*desk.people.values(), "nobody"])
        assert found == {desk.people[p] for p in ("wen", "mei", "chen", "guo")}
        assert readers.who_may_read(ctx, record, desk.people.values(), "secret") == {desk.people[p] for p in ("mei", "chen")}
