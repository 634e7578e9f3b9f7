"""From a notice to a mail that a real server takes: once per cause, person and channel, at the right time, with the reason of whatever was not sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from kernel.jobs import Job, queue
from kernel.platform import tables as t
from kernel.platform.database import count_statements
from runtime.notices import inbox, plan, send
from runtime.notices.channels import CHANNELS
from runtime.notices.tell import tell
from runtime.records import road
from runtime.records.record import Input
from tests.conftest import NOW
from tests.factories.desk import Desk
from tests.factories.post import Postbox, text_of
from tests.factories.work import work
from tests.integration.notices.conftest import acting_as, by_mail, choose, deliveries, empty, states

MORNING = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)  # seven o'clock in Shanghai
NIGHT = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def afresh(desk: Desk, post: Postbox) -> None:
    empty(desk, post)


def say(desk: Desk, *logins: str, cause: str = "x:1", kind: str = "mention", urgency: str = "high", record: str | None = None, **data: object) -> None:
    """Chen tells somebody something."""
    with desk.ctx("screen") as ctx:
        acting = acting_as(ctx, desk.people["chen"])
        tell(acting, [desk.people[login] for login in logins], kind, cause, entity="task" if record else None, record=record, data=data, urgency=urgency)


def task(desk: Desk, login: str = "wen", **fields: object) -> str:
    made = str(desk.api(login).make(**{"title": "Fence", **fields})["id"])
    work(desk.app, desk.slug)
    return made


def mine(box: Postbox) -> list[tuple[str, str]]:
    return [(str(m["To"]), str(m["Subject"])) for m in box.mails]


def test_it_goes_out_once_with_the_record_behind_it(desk: Desk, post: Postbox) -> None:
    id_ = task(desk)
    for _twice in range(2):
        say(desk, "wen", "chen", record=id_)
        work(desk.app, desk.slug)
    assert mine(post) == [("wen@example.com", "Chen mentioned you in Fence")], "nobody is told what they did themselves"
    (row,) = [r for r in deliveries(desk) if r["channel"] == "mail"]
    assert row["state"] == "sent" and row["sent_at"] == NOW and row["attempts"] == 1 and row["result"]["answer"].startswith("250")
    assert row["id"] in str(post.mails[0]["Message-ID"]) and f"/t/{desk.slug}/inbox/{row['notice_id']}" in text_of(post.mails[0])
    assert {r["channel"] for r in deliveries(desk)} == set(CHANNELS), "one row for each channel"


def test_planned_twice_there_is_one_row_and_one_mail(desk: Desk, post: Postbox) -> None:
    say(desk, "wen")
    with desk.ctx() as ctx:
        job = queue.find(ctx.conn, ctx.conn.execute(select(func.max(t.job.c.id))).scalar_one())
        assert isinstance(job, Job) and job.kind == plan.PLAN
        plan.carry_out(ctx, job)
        plan.carry_out(ctx, job)
    work(desk.app, desk.slug)
    assert len(post.mails) == 1 and len([r for r in deliveries(desk, "wen") if r["channel"] == "mail"]) == 1


def test_a_death_between_sending_and_noting_repeats_it_under_the_same_id(desk: Desk, post: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    say(desk, "wen")
    note = send._note

    def die(*_args: object) -> None:
        raise SystemExit("killed")

    monkeypatch.setattr(send, "_note", die)
    with pytest.raises(SystemExit):
        work(desk.app, desk.slug)
    monkeypatch.setattr(send, "_note", note)
    work(desk.app, desk.slug)
    assert len(post.mails) == 1, "its lease still runs"
    desk.clock.advance(minutes=2)  # type: ignore[attr-defined]
    work(desk.app, desk.slug)
    assert len(post.mails) == 2 and post.mails[0]["Message-ID"] == post.mails[1]["Message-ID"]
    assert states(desk) == [("sent", "")] and by_mail(desk)[0]["attempts"] >= 1
    work(desk.app, desk.slug)
    assert len(post.mails) == 2


def test_a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not(desk: Desk, post: Postbox) -> None:
    post.refusals += ["451 later", "451 later"]
    say(desk, "wen")
    work(desk.app, desk.slug)
    assert states(desk) == [("waiting", "again")] and "451" in by_mail(desk)[0]["why"]["words"]
    for seconds in (7, 13):
        desk.clock.advance(seconds=seconds)  # type: ignore[attr-defined]
        work(desk.app, desk.slug)
    assert states(desk) == [("sent", "")] and len(post.mails) == 1
    post.refusals.append("554 never")
    say(desk, "wen", cause="x:2")
    work(desk.app, desk.slug)
    row = by_mail(desk)[-1]
    assert row["state"] == "failed" and "554 never" in row["why"]["words"]


def test_quiet_hours_hold_it_and_what_was_read_meanwhile_is_not_sent(desk: Desk, post: Postbox) -> None:
    desk.clock.set(NIGHT)  # type: ignore[attr-defined]
    say(desk, "wen", "chen", "lin", cause="n:1")
    say(desk, "wen", cause="n:2")
    work(desk.app, desk.slug)
    assert not post.mails and set(states(desk)) == {("held", "quiet")} and {r["due_at"] for r in deliveries(desk) if r["channel"] == "mail"} == {MORNING}
    with desk.ctx() as ctx:
        acting = acting_as(ctx, desk.people["wen"])
        inbox.mark_read(acting, [inbox.entries(acting, tasks=False)[0].id])
    desk.clock.set(MORNING)  # type: ignore[attr-defined]
    work(desk.app, desk.slug)
    assert sorted(states(desk, "wen")) == [("sent", ""), ("skipped", "seen")] and states(desk, "lin") == [("sent", "")]


def test_what_is_essential_comes_through_quiet_hours_while_its_reader_works(desk: Desk, post: Postbox) -> None:
    choose(desk, "wen", quiet=[0, 1439])
    say(desk, "wen", cause="e:1")
    say(desk, "wen", cause="e:2", kind="commented")
    work(desk.app, desk.slug)
    assert states(desk, "wen") == [("sent", ""), ("held", "quiet")]
    assert len(post.mails) == 1


def test_who_is_new_is_spared_what_is_not_essential(desk: Desk, post: Postbox) -> None:
    say(desk, "guo", "wen", cause="s:1", kind="commented")
    say(desk, "guo", cause="s:2")
    work(desk.app, desk.slug)
    assert states(desk, "guo") == [("skipped", "spared"), ("sent", "")] and states(desk, "wen") == [("sent", "")]
    with desk.ctx() as ctx:
        acting = acting_as(ctx, desk.people["guo"])
        assert inbox.unread(acting) == 1, "it stands in the inbox, but makes no noise"
        assert [bool(n.data.get("spared")) for n in inbox.entries(acting, tasks=False)] == [False, True]
    say(desk, "lin", cause="s:3", kind="moved")
    say(desk, "lin", cause="s:4", kind="commented")
    work(desk.app, desk.slug)
    held, sent = (r for r in deliveries(desk, "lin") if r["channel"] == "mail")
    assert (held["state"], held["why"]["code"], held["due_at"]) == ("held", "spared", datetime(2026, 11, 29, 16, tzinfo=UTC)) and sent["state"] == "sent"


def test_a_digest_is_one_mail_with_many_lines(desk: Desk, post: Postbox) -> None:
    choose(desk, "wen", ways={"mail": {"high": "collected"}})
    for n in range(3):
        say(desk, "wen", cause=f"d:{n}", kind="hand_over", detail=f"Thing {n}")
    work(desk.app, desk.slug)
    rows = deliveries(desk, "wen")
    digest = next(r for r in rows if r["kind"] == "digest")
    assert {r["digest_id"] for r in rows if r["kind"] != "digest" and r["channel"] == "mail"} == {digest["id"]} and not post.mails
    with desk.ctx() as ctx:
        acting = acting_as(ctx, desk.people["wen"])
        inbox.mark_read(acting, [inbox.entries(acting, tasks=False)[0].id])
    post.refusals.append("451 later")
    desk.clock.set(digest["due_at"])  # type: ignore[attr-defined]
    work(desk.app, desk.slug)
    assert not post.mails
    say(desk, "wen", cause="d:9", kind="hand_over", detail="Too late")
    desk.clock.advance(seconds=10)  # type: ignore[attr-defined]
    work(desk.app, desk.slug)
    assert mine(post) == [("wen@example.com", "2 notices for you in Desk")] and digest["id"] in str(post.mails[0]["Message-ID"])
    text = text_of(post.mails[0])
    assert "Thing 0" in text and "Thing 1" in text and "Thing 2" not in text and "Too late" not in text
    after = {r["cause"]: (r["state"], (r["why"] or {}).get("code")) for r in deliveries(desk, "wen") if r["channel"] == "mail" and r["kind"] != "digest"}
    assert after == {"d:0": ("sent", None), "d:1": ("sent", None), "d:2": ("skipped", "seen"), "d:9": ("held", "collected")}


def test_words_of_the_application_and_rights_of_the_reader(desk: Desk, post: Postbox) -> None:
    with desk.ctx() as ctx:
        id_ = road.create(ctx, "task", Input({"title": "Gate", "budget": {"amount": "1200", "currency": "CNY"}, "secret": "hush"}), owner=desk.people["wen"]).id
        project = road.create(ctx, "project", Input({"name": "Hidden hall"})).id
        road.update(ctx, "task", id_, Input({"project": project}), version=None)
    empty(desk, post)
    say(desk, "wen", "chen", cause="w:1", kind="handed_over", record=id_)
    work(desk.app, desk.slug)
    assert mine(post) == [("wen@example.com", "Yours now: Gate ()")], "neither the secret nor somebody else's project"
    assert text_of(post.mails[0]).startswith("Chen: ") and "1,200" in text_of(post.mails[0])
    with desk.ctx() as ctx:
        for count in (1, 4):
            acting = acting_as(ctx, desk.people["wen"])
            with count_statements(ctx.conn) as counted:
                entries = inbox.entries(acting, tasks=False)
            assert len(entries) == count and all(str(e.words).startswith("Yours now") for e in entries)
            if count == 1:
                first = counted.total
                for n in range(3):
                    tell(acting_as(ctx, desk.people["chen"]), [desk.people["wen"]], "handed_over", f"w:{n + 2}", entity="task", record=id_)
    assert counted.total == first
    with desk.ctx() as ctx:
        road.assign(ctx, "task", id_, owner=desk.people["lin"], version=None)
    say(desk, "wen", cause="w:9", kind="mention", record=id_)
    work(desk.app, desk.slug)
    assert states(desk, "wen")[-1] == ("skipped", "gone"), "out of sight by the time it would be sent"


def test_a_step_with_words_of_its_own_is_urgent_and_takes_no_mail(desk: Desk) -> None:
    id_ = task(desk)
    desk.api("chen").post(f"/records/task/{id_}/transitions/start", {}, version=1)
    work(desk.app, desk.slug)
    with desk.home.read() as conn:
        assert conn.execute(select(t.notice.c.urgency).where(t.notice.c.record_id == id_)).scalars().all() == ["high"]
    assert states(desk, "wen") == [("skipped", "not_offered")]


def test_who_left_or_has_no_address_gets_nothing_and_it_says_why(desk: Desk, post: Postbox) -> None:
    say(desk, "mei", cause="l:1")
    desk.clock.set(NIGHT)  # type: ignore[attr-defined]
    say(desk, "lin", cause="l:2")
    work(desk.app, desk.slug)
    with desk.home.write() as conn:
        conn.execute(update(t.account).where(t.account.c.person_id == desk.people["lin"]).values(disabled_at=NOW))
    desk.clock.set(MORNING)  # type: ignore[attr-defined]
    work(desk.app, desk.slug)
    assert states(desk, "mei") == [("skipped", "no_way")] and states(desk, "lin") == [("skipped", "left")] and not post.mails
    with desk.home.write() as conn:
        conn.execute(update(t.account).where(t.account.c.person_id == desk.people["lin"]).values(disabled_at=None))


def test_a_server_that_never_answers_leaves_a_failed_row_that_can_be_replayed(desk: Desk, post: Postbox) -> None:
    choose(desk, "wen", quiet=None)
    post.refusals += ["451 later"] * 60
    say(desk, "wen")
    for _hours in range(30):
        work(desk.app, desk.slug)
        if states(desk)[0][0] == "failed":
            break
        with desk.home.read() as conn:
            due = conn.execute(select(func.min(t.job.c.due_at)).where(t.job.c.kind == plan.SEND, t.job.c.state == "waiting")).scalar_one()
        desk.clock.set(due)  # type: ignore[attr-defined]
    with desk.ctx() as ctx:
        send.note_lost(ctx, NOW)
        assert ctx.now - NOW > timedelta(days=2)
        job = ctx.conn.execute(select(t.job.c.id).where(t.job.c.kind == plan.SEND, t.job.c.state == "failed")).scalar_one()
    assert states(desk) == [("failed", "no_answer")]
    tries = post.seen
    post.refusals.clear()
    with desk.ctx() as ctx:
        assert queue.again(ctx.conn, job, ctx.now)
    desk.clock.set(MORNING + timedelta(days=9, hours=2))  # type: ignore[attr-defined]
    work(desk.app, desk.slug)
    assert states(desk) == [("sent", "")] and post.seen == tries + 1


def test_the_number_of_people_costs_no_statements(desk: Desk) -> None:
    counts = []
    for n, people in enumerate((["wen"], ["wen", "lin", "guo", "mei"])):
        say(desk, *people, cause=f"c:{n}", urgency="low")
        with desk.ctx() as ctx:
            job = queue.find(ctx.conn, ctx.conn.execute(select(func.max(t.job.c.id))).scalar_one())
            assert job is not None
            with count_statements(ctx.conn) as count:
                plan.carry_out(ctx, job)
            counts.append(count.total)
    assert counts[0] == counts[1] <= 10


def test_any_number_of_people_can_be_told_at_once(desk: Desk) -> None:
    with desk.ctx() as ctx:
        crowd = [f"{n:036}" for n in range(4000)]
        assert len(tell(ctx, crowd, "viewed", "crowd:1", urgency="low")) == 4000
    work(desk.app, desk.slug)
    assert deliveries(desk) == [], "nobody of them has an account"


def test_what_is_old_is_forgotten_and_what_is_held_stays(desk: Desk) -> None:
    say(desk, "wen", urgency="low")
    desk.clock.set(NIGHT)  # type: ignore[attr-defined]
    say(desk, "wen", cause="x:2")
    work(desk.app, desk.slug)
    with desk.ctx() as ctx:
        assert send.sweep(ctx, ctx.now + timedelta(days=1)) >= 1
    assert states(desk) == [("held", "quiet")]
