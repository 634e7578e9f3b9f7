"""What automations do and when, on one desk."""

from __future__ import annotations

from contextlib import contextmanager

from sqlalchemy import insert, select, update

from kernel.platform import audit
from kernel.platform import tables as t
from kernel.platform.database import count_statements
from runtime.automations import reading
from runtime.automations import rows as automation_runs
from runtime.clocks import rows as clocks
from runtime.records import purging, road
from runtime.records.record import Input
from tests.factories.platform import csrf_of
from tests.factories.work import work
from tests.integration.automations.world import AUTOMATIONS, as_person, change, done, go, make, notices, one, plan, record, republish, runs, step


def test_what_was_not_met_says_what_it_read_and_quiet_channels_set_nothing_off(desk):
    id = make(desk, title="other")
    assert {(r.uid.rpartition("/")[2], r.state) for r in runs(desk, id)} == {(k, "not_met") for k in ("hand_out", "least", "skilled", "territory", "from_import")}
    assert one(desk, id, "hand_out").inputs == [{"path": "title", "value": "other"}]
    for channel in ("sample", "hand_over"):
        assert runs(desk, make(desk, channel=channel, title="import")) == []
    imported = make(desk, channel="import", title="import")
    assert done(desk, imported, "from_import").cause["channel"] == "import" and record(desk, imported).values["details"] == "imported"
    assert [r.uid for r in runs(desk, imported)] == ["test:automation/from_import"]


def test_load_skill_and_territory(desk):
    wen, lin = desk.people["wen"], desk.people["lin"]
    for _n in range(3):
        make(desk, "wen")
    loaded = [make(desk, title="load") for _n in range(2)]
    for id in loaded:
        assert done(desk, id, "least").log[0]["why"] == "load"
    assert [record(desk, id).owner for id in loaded] == [lin, lin]
    skilled = make(desk, title="skill", details="Wen")
    assert done(desk, skilled, "skilled").log[0]["among"] == 1 and record(desk, skilled).owner == wen
    nobody = make(desk, title="skill", details="Nobody")
    assert done(desk, nobody, "skilled").log[0]["why"] == "else" and record(desk, nobody).owner == desk.people["chen"]
    west = make(desk, title="territory", details="West")
    done(desk, west, "territory")
    assert record(desk, west).team == desk.teams["west"] and record(desk, west).owner == desk.people["chen"]
    lost = make(desk, title="territory", details="Atlantis")
    work(desk.app, desk.slug)
    assert one(desk, lost, "territory").state == "failed"


def test_who_is_away_or_gone_gets_nothing(desk):
    now = desk.clock.now()
    with desk.home.write() as conn:
        conn.execute(insert(t.absence).values(
            id="away", person_id=desk.people["lin"], substitute_id=desk.people["wen"], from_at=now, to_at=now.replace(hour=23), created_at=now))
    ids = [make(desk, title="turns") for _n in range(2)]
    for id in ids:
        assert done(desk, id, "hand_out").log[0]["left_out"] == 1
    with desk.home.write() as conn:
        conn.execute(t.absence.delete())
        conn.execute(update(t.account).where(t.account.c.person_id == desk.people["wen"]).values(disabled_at=now))
    last = make(desk, title="turns")
    done(desk, last, "hand_out")
    with desk.home.write() as conn:
        conn.execute(update(t.account).where(t.account.c.person_id == desk.people["wen"]).values(disabled_at=None))
    assert [record(desk, id).owner for id in (*ids, last)] == [desk.people["wen"]] * 2 + [desk.people["lin"]]


def test_words_of_a_notice_show_each_reader_what_they_may_read(desk):
    id = make(desk, "wen")
    change(desk, id, secret="Sesame", priority="high", reason="r")
    run = done(desk, id, "rush")
    assert run.log[1]["told"] == [desk.people["wen"]] and record(desk, id).values["grade"] == 5
    page = desk.browser("wen").get(f"/t/{desk.slug}/inbox?tab=news").text
    assert "Rush: t," in page and "Sesame" not in page
    history = desk.api("chen").get(f"/records/task/{id}/history").json["items"]
    assert (history[0]["reason"]["automation"]["run"], history[0]["channel"], history[0]["actor"]["id"] if isinstance(history[0].get("actor"), dict) else "system") == (
        run.id, "automation", "system")


def test_a_step_sets_off_a_step_and_the_chain_is_kept(desk):
    id = make(desk, "wen")
    step(desk, id, "start", "wen")
    run = done(desk, id, "started")
    assert (record(desk, id).values["review"], run.cause["step"], run.root, len(run.chain)) == ("checked", "start", run.id, 1)


def test_each_branch_link_and_comment(desk):
    lines = [{"fields": {"name": n, "amount": a}} for n, a in (("one", "1"), ("two", "2"), ("three", "3"))]
    with as_person(desk, "chen") as ctx:
        id = road.create(ctx, "task", Input({"title": "t", "lines": lines, "budget": {"amount": "9", "currency": "CNY"}})).id
    change(desk, id, tags=["red"])
    run = done(desk, id, "rows")
    found = record(desk, id)
    assert [row.values["hidden"] for row in found.values["lines"]] == [None, "t", "t"] and found.values["helpers"] == (desk.people["chen"],)
    assert [line["did"] for line in run.log] == ["each", "set", "create", "set", "create", "branch", "comment", "link"]
    with desk.ctx() as ctx:
        made = [road.load(ctx, "project", line["record"][1]) for line in run.log if line["did"] == "create"]
    assert [(p.values["name"], p.owner) for p in made] == [("two", desk.people["chen"]), ("three", desk.people["chen"])]
    assert "Many: t" in desk.browser("chen").get(f"/t/{desk.slug}/e/task/{id}").text
    few = make(desk)
    change(desk, few, tags=["red"])
    assert [line["did"] for line in done(desk, few, "rows").log] == ["each", "branch", "set", "link"]


def test_a_wait_lasts_over_a_release_and_keeps_its_definition(desk):
    id = make(desk, title="wait")
    change(desk, id, effort="3")
    work(desk.app, desk.slug)
    waiting = one(desk, id, "pause")
    assert waiting.state == "waiting" and waiting.due_at.isoformat() == "2026-11-26T02:32:00+00:00"

    def other(documents):
        found = next(d for d in documents if d.get("automation") == "pause")
        found["steps"]["mark"]["fields"]["details"] = '"second"'

    republish(desk, other)
    go(desk, desk.clock, "11-26 10:40")
    assert one(desk, id, "pause").state == "done" and record(desk, id).values["details"] == "first"
    change(desk, id, effort="4")
    work(desk.app, desk.slug)
    go(desk, desk.clock, "11-30 10:40")
    assert record(desk, id).values["details"] == "second"
    # Taken out of the application while it waits: it ends, and says why.
    change(desk, id, effort="5")
    work(desk.app, desk.slug)
    republish(desk, lambda documents: documents.remove(next(d for d in documents if d.get("automation") == "pause")))
    go(desk, desk.clock, "12-04 10:40")
    run = runs(desk, id, "pause")[-1]
    assert (run.state, run.error["kind"]) == ("off", "removed")
    republish(desk, lambda documents: None)


def test_a_wait_for_a_condition_ends_with_the_write_that_fulfils_it_or_with_its_time(desk):
    first, second = make(desk, title="until"), make(desk, title="until")
    for id in (first, second):
        change(desk, id, effort="3")
    work(desk.app, desk.slug)
    change(desk, first, done=True)
    work(desk.app, desk.slug)
    assert (one(desk, first, "patient").state, record(desk, first).values["details"], one(desk, second, "patient").state) == ("done", "done", "waiting")
    go(desk, desk.clock, "11-27 10:40")
    run = one(desk, second, "patient")
    assert (run.state, [line["did"] for line in run.log], record(desk, second).values["details"]) == ("done", ["wait", "waited", "skipped"], None)


def test_schedules_dates_and_clocks(desk):
    plan(desk)
    daily, due, soon, clocked = make(desk, title="daily"), make(desk, due="2026-11-30"), make(desk, starts="2026-11-24T05:00:00Z"), make(desk, title="clocked")
    go(desk, desk.clock, "11-24 12:31")
    assert (record(desk, soon).values["details"], one(desk, soon, "minutes").cause["late_s"]) == ("30 min", 0)
    with desk.ctx("job") as ctx:
        (row,) = clocks.all_of(ctx, "task", [clocked])
    assert row.policy == "answer"
    desk.clock.advance(hours=1)
    work(desk.app, desk.slug)
    assert record(desk, clocked).values["details"] == "overdue" and one(desk, clocked, "overdue").cause["trigger"] == "clock"
    go(desk, desk.clock, "11-28 12:00")
    assert record(desk, daily).values["count"] == 3 and [r.state for r in runs(desk, daily, "daily")] == ["done"] * 3
    assert record(desk, due).values["details"] == "soon"  # Friday morning, for Monday
    before = one(desk, due, "before")
    assert before.cause["moment"] == "2026-11-27T01:00:00+00:00"
    # Three days of downtime: a schedule once, late; a date still once for each record.
    late = make(desk, due="2026-12-02")
    desk.clock.set(desk.clock.now().replace(month=12, day=4, hour=5))
    work(desk.app, desk.slug)
    assert len(runs(desk, daily, "daily")) == 4 and runs(desk, daily, "daily")[-1].cause["late_s"] == 4 * 3600
    assert one(desk, late, "before").cause["late_s"] > 86_400
    work(desk.app, desk.slug)
    assert len(runs(desk, late, "before")) == 1
    with desk.ctx() as ctx:
        nightly = automation_runs.of_automation(ctx, "test:automation/nightly")
    assert {run.state for run in nightly} == {"done"} and nightly[0].record is None


@contextmanager
def publisher(desk, key: str, login: str | None):
    """Somebody answers for an automation."""
    uid = f"test:automation/{key}"
    with desk.home.write() as conn:
        conn.execute(t.automation.delete().where(t.automation.c.uid == uid))
        conn.execute(insert(t.automation).values(uid=uid, publisher_id=desk.people[login] if login else None, digest="x", release_id=1, vouched_at=desk.clock.now()))
    try:
        yield
    finally:
        with desk.home.write() as conn:
            conn.execute(t.automation.delete().where(t.automation.c.uid == uid))


def test_it_runs_with_the_rights_of_its_publisher_and_stops_when_they_lose_them(desk):
    def rush() -> object:
        id = make(desk, "wen")
        change(desk, id, priority="high", reason="r")
        work(desk.app, desk.slug)
        return one(desk, id, "rush")

    with publisher(desk, "rush", "chen"):
        assert rush().state == "done"
        with desk.home.write() as conn:
            conn.execute(update(t.person_role).where(t.person_role.c.person_id == desk.people["chen"]).values(role="shaper"))
        run = rush_by(desk)
        assert (run.state, run.error["kind"]) == ("failed", "refused")  # may design, but not change these records
        with desk.home.write() as conn:
            conn.execute(update(t.person_role).where(t.person_role.c.person_id == desk.people["chen"]).values(role="worker"))
        run = rush_by(desk)
        assert (run.state, run.error["kind"]) == ("stopped", "publisher") and "no longer change" in run.error["words"][0]["en"]
        with desk.home.write() as conn:
            conn.execute(update(t.person_role).where(t.person_role.c.person_id == desk.people["chen"]).values(role="chief"))
        assert rush().state == "done"


def rush_by(desk):
    """Set off by somebody whose rights don't matter here."""
    id = make(desk, "wen")
    with desk.ctx() as ctx:
        road.update(ctx, "task", id, Input({"priority": "high", "reason": "r"}), version=None)
    work(desk.app, desk.slug)
    return one(desk, id, "rush")


def test_what_it_adds_to_a_write_in_statements(desk):
    id = make(desk, "wen")

    def cost(**fields):
        with as_person(desk, "wen") as ctx, count_statements(ctx.conn) as found:
            road.update(ctx, "task", id, Input(fields), version=None)
        return [s for s in found.statements if "automation" in s or " job" in s.replace('"', "")]

    assert cost(mail="a@example.com") == []
    assert len([s for s in cost(priority="low") if "automation_run" in s]) == 1  # not met: a short row
    assert len(cost(priority="high", reason="r")) == 2  # the row and its job
    change(desk, id, priority="low")
    with desk.ctx() as ctx:
        ids = [road.create(ctx, "task", Input({"title": "turns"})).id for _n in range(2)]
    assert all(one(desk, i, "hand_out").state == "waiting" for i in ids)
    work(desk.app, desk.slug)


def test_pauses_and_buttons(desk):
    id = make(desk)
    chen, guo, mei = desk.api("chen"), desk.api("guo"), desk.api("mei")
    path = f"/records/task/{id}/actions/call"
    assert guo.post(path, {"asks": {"why": "x"}}).status_code == 403  # sees it, but is not meant
    assert desk.api("out").post(path, {"asks": {}}).status_code == 404
    assert chen.post(path, {"asks": {}}).status_code == 422
    assert chen.post(path, {"asks": {"why": 5}}).status_code == 422
    assert chen.post(path, {"wrong": 1}).status_code == 422
    assert chen.post(f"/records/task/{id}/actions/hand_out", {}).status_code == 404
    answer = mei.post(path, {"asks": {"why": "they rang"}}, key="once")
    assert answer.status_code == 202 and answer.json["state"] == "waiting"
    assert mei.post(path, {"asks": {"why": "they rang"}}, key="once").json["id"] == answer.json["id"]
    run = done(desk, id, "call")
    assert record(desk, id).values["details"] == "they rang" and run.cause["by"] == desk.people["mei"]
    change(desk, id, title="closed")
    assert chen.post(path, {"asks": {"why": "again"}}).status_code == 409
    seen = chen.get(f"/records/task/{id}/automations").json
    assert seen["items"][0]["steps"][0]["did"] == "set" and {a["automation"] for a in seen["automations"]} >= {"call", "hand_out"}
    assert seen["actions"] == [] and desk.api("lin").get(f"/records/task/{id}/automations").status_code == 404
    browser = desk.browser("chen")
    token = csrf_of(browser, desk.app, desk.slug)
    base = f"/t/{desk.slug}/settings/automations"
    assert desk.browser("mei").get(base).status_code in (403, 404) and "Call back" in browser.get(base).text
    assert browser.post(f"{base}/call/switch", data={"on": "0"}, headers={"X-CSRFToken": token}).status_code == 303
    other = make(desk)
    assert chen.post(f"/records/task/{other}/actions/call", {"asks": {"why": "x"}}).status_code == 409
    page = browser.get(f"{base}/call").text
    assert "Switched off by Chen" in page and "Call back" in page
    assert browser.post(f"{base}/call/switch", data={"on": "1"}, headers={"X-CSRFToken": token}).status_code == 303
    assert browser.get(f"{base}/call/runs/{run.id}").status_code == 200 and browser.get(f"{base}/call/runs/nothing").status_code == 404
    with desk.home.read() as conn:
        kinds = conn.execute(t.audit.select()).all()
    assert {"automation.paused", "automation.resumed"} <= {row.kind for row in kinds} <= set(audit.KINDS)


def test_a_paused_one_notes_that_it_was_off(desk):
    with publisher(desk, "rush", None):
        with desk.home.write() as conn:
            conn.execute(update(t.automation).where(t.automation.c.uid == "test:automation/rush").values(paused_at=desk.clock.now()))
        run = rush_by(desk)
        assert (run.state, run.error["kind"]) == ("off", "paused")


def test_hidden_values_stay_hidden_on_the_record_page(desk):
    id = make(desk, "wen")
    change(desk, id, details="d")
    run = one(desk, id, "hand_out")
    with desk.ctx() as ctx:
        ctx.conn.execute(update(t.automation_run).where(t.automation_run.c.id == run.id).values(
            inputs=[{"path": "secret", "value": "Sesame"}, {"path": "project.note", "value": "Poppy"}, {"path": "title", "value": "t"}]))
    wen, chen = desk.browser("wen"), desk.browser("chen")
    page = wen.get(f"/t/{desk.slug}/e/task/{id}/automations").text
    assert "Hand out" in page and "Sesame" not in page and "Poppy" not in page and "not yours to see" in page
    assert ">Sesame<" in chen.get(f"/t/{desk.slug}/e/task/{id}/automations").text
    assert wen.get(f"/t/{desk.slug}/e/task/{id}/automations/{run.id}").status_code == 200
    assert desk.browser("lin").get(f"/t/{desk.slug}/e/task/{id}/automations").status_code == 404
    hidden = next(i for r in desk.api("wen").get(f"/records/task/{id}/automations").json["items"] if r["id"] == run.id for i in r["inputs"] if i["path"] == "secret")
    assert hidden == {"path": "secret", "value": None, "withheld": True}


def test_a_deleted_record_ends_what_waits_and_purging_takes_the_runs_along(desk):
    id = make(desk, title="wait")
    change(desk, id, effort="3")
    work(desk.app, desk.slug)
    with as_person(desk, "chen") as ctx:
        road.delete(ctx, "task", id, version=None)
    go(desk, desk.clock, "11-27 10:40")
    assert one(desk, id, "pause").state == "gone"
    with desk.ctx() as ctx:
        purging.purge(ctx, [("task", id)], {"retention": True})
    assert runs(desk, id) == [] and len(AUTOMATIONS) > 20 and notices(desk, "automation") is not None


def test_the_page_costs_the_same_with_many_runs(desk):
    few, many = make(desk), make(desk)
    for n in range(6):
        change(desk, many, priority="high" if n % 2 else "low", reason="r")
    work(desk.app, desk.slug)
    counts = []
    for id in (few, many):
        with as_person(desk, "chen") as ctx, count_statements(ctx.conn) as found:
            reading.of_record(ctx, "task", id, frozenset({"title"}))
        counts.append(len(found.statements))
    assert counts[0] == counts[1]


def test_another_system_is_called_with_what_the_publisher_may_read(desk):
    id = make(desk)
    change(desk, id, phone="+8613800000001")
    work(desk.app, desk.slug)
    assert "no web hook" in one(desk, id, "call_out").error["words"][0]["en"]
    with desk.home.write() as conn:
        conn.execute(insert(t.connection).values(
            id="erp", name="ERP", kind="webhook", origin="https://erp.example", shown="…", active=True, rules={}, created_at=desk.clock.now(), updated_at=desk.clock.now()))
    change(desk, id, phone="+8613800000002", secret="Sesame")
    work(desk.app, desk.slug)
    run = runs(desk, id, "call_out")[-1]
    with desk.home.read() as conn:
        (job,) = conn.execute(select(t.job).where(t.job.c.kind == "webhook")).all()
    assert run.state == "done" and job.data["event"] == "task.phoned" and '"word":"Sesame"' in job.data["body"].replace(" ", "") and job.data["record"] == id
    # A publisher who reads no secrets sends none.
    with desk.home.write() as conn:
        conn.execute(t.person_role.insert().values(person_id=desk.people["guo"], role="designer"))
    with publisher(desk, "call_out", "guo"):
        change(desk, id, phone="+8613800000003")
        work(desk.app, desk.slug)
    run = runs(desk, id, "call_out")[-1]
    assert run.state == "failed" and "may not read" in run.error["words"][0]["en"]
    with desk.home.write() as conn:
        conn.execute(t.connection.delete())
        conn.execute(t.person_role.delete().where(t.person_role.c.role == "designer"))
