"""The people page: list, invitation, roles, leaving with hand-over; never more than the giver holds, and somebody stays to administer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from kernel.platform import accounts, sessions, tokens
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.database import count_statements
from runtime.notices.kinds import KINDS
from runtime.notices.tell import tell
from runtime.people import leaving, make
from runtime.records import road
from runtime.records.record import Input
from tests.factories.desk import DOCUMENTS, Desk, make_desk, settings_for
from tests.factories.platform import csrf_of
from tests.factories.work import work

BASE = "/settings/people"
CLERK = {
    "role": "clerk", "can": ["administer"],
    "rights": {"person": {"read": "all", "create": True, "update": "all"}, "team": {"read": "all"}, "project": {"read": "all"}, "task": {"read": "own"}}}


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path, url), clock, (*DOCUMENTS, CLERK)) as made:
        yield made


def get(desk: Desk, login: str, path: str, **more):
    return desk.browser(login).get(f"/t/{desk.slug}{path}", **more)


def post(desk: Desk, login: str, path: str, data: dict | None = None):
    browser = desk.browser(login)
    return browser.post(f"/t/{desk.slug}{path}", data=data or {}, headers={"X-CSRFToken": csrf_of(browser, desk.app, desk.slug)})


def roles_of(desk: Desk, login: str) -> set[str]:
    with desk.home.read() as conn:
        return set(accounts.roles_of(conn, desk.people[login]))


def test_only_administrators_get_in(desk):
    wen = desk.people["wen"]
    for path in (BASE, f"{BASE}/new", f"{BASE}/{wen}", f"{BASE}/{wen}/leave", "/settings/roles", "/settings/mail"):
        assert get(desk, "mei", path).status_code == 403, path
        assert get(desk, "chen", path).status_code == 200, path
    for path in (f"{BASE}/new", f"{BASE}/{wen}/roles", f"{BASE}/{wen}/link/reset", f"{BASE}/{wen}/leave", f"{BASE}/{wen}/activate", f"{BASE}/{wen}/unlock", f"{BASE}/{wen}/sessions"):
        assert post(desk, "mei", path).status_code == 403, path
    assert get(desk, "chen", f"{BASE}/nobody").status_code == 404 and post(desk, "chen", f"{BASE}/nobody/unlock").status_code == 404


def test_the_list_is_searched_and_narrowed_with_the_same_few_statements(desk):
    with count_statements(desk.home) as few:
        page = get(desk, "chen", BASE).text
    assert all(name in page for name in ("Wen", "Lin", "Mei", "Chen", "Guo", "Out"))
    with desk.ctx() as ctx:
        for n in range(60):
            make.invite(ctx, f"new{n}", {"name": f"New {n:02}", "team": desk.teams["west"]}, ["worker"])
    with count_statements(desk.home) as many:
        page = get(desk, "chen", BASE).text
    assert many.total == few.total and "Page 1 of 2" in page and "66 people" in page
    assert "New 59" in get(desk, "chen", f"{BASE}?q=new+59").text and "Wen" not in get(desk, "chen", f"{BASE}?q=new+59").text.split("people-list")[1]
    assert "60 people" in get(desk, "chen", f"{BASE}?state=invited").text and "61 people" in get(desk, "chen", f"{BASE}?role=worker&team={desk.teams['west']}").text
    assert "66 people" in get(desk, "chen", f"{BASE}?team={desk.teams['all']}").text
    for odd in ("?q=%25", "?state=x", "?team=x", "?role=%00x", "?page=-1", "?page=99999999999", "?page=٣"):
        assert get(desk, "chen", BASE + odd).status_code in (200, 400), odd
    assert "Nobody fits" in get(desk, "chen", f"{BASE}?q=%25").text


def test_inviting_names_what_is_wrong_and_keeps_what_was_typed(desk):
    def sent(**data):
        return post(desk, "chen", f"{BASE}/new", data)

    for data, said in (({"name": "", "login": "hua"}, "Hua" * 0 + "required"), ({"name": "Hua", "login": ""}, "Give a log-in"), ({"name": "Hua", "login": "WEN"}, "already uses"),
                       ({"name": "Hua", "email": "no address"}, "no address"), ({"name": "Hua", "login": "hua", "roles": "nonsense"}, "no role")):
        answer = sent(**data)
        assert answer.status_code == 422, (data, answer.text[-3000:])
        assert said in answer.text, (data, said)
    with desk.home.read() as conn:
        assert accounts.find_by_login(conn, "hua") is None
    answer = sent(name="Hua", login="", email="hua@example.com", team=desk.teams["east"], manager=desk.people["mei"], roles="worker")
    assert answer.status_code == 200 and f"/t/{desk.slug}/link/" in answer.text and answer.headers["Cache-Control"] == "no-store"
    with desk.ctx() as ctx:
        account = accounts.find_by_login(ctx.conn, "hua@example.com")
        assert account is not None and account.invited
        record = road.load(ctx, "person", account.person_id)
        assert (record.values["team"], record.values["manager"], record.created_by) == (desk.teams["east"], desk.people["mei"], desk.people["chen"])
    assert f"/t/{desk.slug}/link/" not in get(desk, "chen", f"{BASE}/{account.person_id}").text, "shown only once"
    assert post(desk, "chen", f"{BASE}/{account.person_id}/link/reset").status_code == 409
    assert f"/t/{desk.slug}/link/" in post(desk, "chen", f"{BASE}/{account.person_id}/link/invite").text
    assert post(desk, "chen", f"{BASE}/{account.person_id}/revoke").status_code == 303


@pytest.fixture
def clerk(desk: Desk) -> str:
    """Somebody who may administer people and nothing else."""
    with desk.ctx() as ctx:
        desk.people["clerk"] = make.make_person(ctx, "clerk", "Clerk", "!", ["clerk"], must_change=False)
    return "clerk"


def test_nobody_gives_more_than_they_hold(desk, clerk):
    wen = desk.people["wen"]
    refused = post(desk, clerk, f"{BASE}/{wen}/roles", {"roles": ["worker", "chief"]})
    assert refused.status_code == 403 and "more than you may yourself" in refused.text and roles_of(desk, "wen") == {"worker"}
    assert post(desk, clerk, f"{BASE}/{wen}/roles", {"roles": ["worker", "guest"]}).status_code == 403, "guest sees all tasks, the clerk only the own"
    assert post(desk, clerk, f"{BASE}/new", {"name": "Hua", "login": "hua", "roles": "keeper"}).status_code == 403
    assert post(desk, clerk, f"{BASE}/{desk.people['clerk']}/roles", {"roles": ["clerk", "chief"]}).status_code == 403, "not even to oneself"
    assert post(desk, clerk, f"{BASE}/{desk.people['chen']}/link/reset").status_code == 403, "a link to a password is a way to its rights"
    assert post(desk, clerk, f"{BASE}/{desk.people['chen']}/login", {"login": "other"}).status_code == 403
    assert post(desk, clerk, f"{BASE}/{wen}/roles", {"roles": ["worker", "clerk"]}).status_code == 303, "one's own role, to somebody who keeps theirs"
    assert post(desk, clerk, f"{BASE}/{wen}/roles", {"roles": []}).status_code == 303 and roles_of(desk, "wen") == set()
    assert "disabled" in get(desk, clerk, f"{BASE}/{wen}").text


def test_where_a_link_to_a_password_goes_is_not_for_everybody_to_say(desk, clerk):
    chen, wen = desk.people["chen"], desk.people["wen"]
    api = desk.api(clerk)
    refused = api.patch(f"/records/person/{chen}", {"fields": {"email": "clerk@example.com"}}, version=1)
    assert refused.status_code == 403 and "may do more than you" in refused.json["title"]
    assert api.patch(f"/records/person/{chen}", {"fields": {"phone": "+8613800138000"}}, version=1).status_code == 200
    assert post(desk, clerk, f"{BASE}/{wen}/roles", {"roles": []}).status_code == 303
    assert api.patch(f"/records/person/{wen}", {"fields": {"email": "wen@example.com"}}, version=1).status_code == 200
    assert desk.api("chen").patch(f"/records/person/{chen}", {"fields": {"email": "chen@example.com"}}, version=2).status_code == 200


def test_roles_change_at_once_and_leave_a_trace(desk):
    wen = desk.browser("wen")
    assert post(desk, "chen", f"{BASE}/{desk.people['wen']}/roles", {"roles": ["guest"]}).status_code == 303
    assert wen.get(f"/t/{desk.slug}/").status_code == 303, "a lost role ends the sessions"
    assert "Guest" in get(desk, "chen", "/settings/roles").text or "guest" in get(desk, "chen", "/settings/roles").text
    with desk.home.read() as conn:
        row = conn.execute(select(t.audit).where(t.audit.c.kind == "role.changed")).one()
    assert (row.actor_id, row.subject, row.data) == (desk.people["chen"], desk.people["wen"], {"given": ["guest"], "taken": ["worker"]})


def test_the_last_administrator_stays(desk):
    chen = desk.people["chen"]
    assert post(desk, "chen", f"{BASE}/{chen}/roles", {"roles": ["worker"]}).status_code == 409
    assert post(desk, "chen", f"{BASE}/{chen}/leave").status_code == 409
    with desk.home.read() as conn:
        version = conn.execute(select(desk_table(desk).c.version).where(desk_table(desk).c.id == chen)).scalar()
    api = desk.api("chen")
    assert api.patch(f"/records/person/{chen}", {"fields": {"active": False}}, version=version).status_code == 409
    assert api.delete(f"/records/person/{chen}", version=version).status_code == 409
    post(desk, "chen", f"{BASE}/{desk.people['mei']}/roles", {"roles": ["keeper", "chief"]})
    assert post(desk, "mei", f"{BASE}/{chen}/leave").status_code == 303
    assert post(desk, "mei", f"{BASE}/{desk.people['mei']}/roles", {"roles": ["keeper"]}).status_code == 409
    assert roles_of(desk, "mei") == {"keeper", "chief"}


def desk_table(desk: Desk):
    with desk.ctx() as ctx:
        return ctx.tables.of("person").table


def test_leaving_ends_sessions_at_once_and_hands_open_work_over(desk):
    wen, lin, mei = desk.people["wen"], desk.people["lin"], desk.people["mei"]
    mine, browser = desk.api("wen"), desk.browser("wen")
    tasks = [mine.make(title=f"Task {n}")["id"] for n in range(4)]
    hall = mine.make("project", name="Hall")["id"]
    with desk.ctx() as ctx:
        road.transition(ctx, "task", tasks[3], "drop", version=None)
        road.update(ctx, "team", desk.teams["east"], Input({"manager": wen}), version=None)
        road.update(ctx, "person", lin, Input({"manager": wen}), version=None)
        ctx.conn.execute(t.ask.insert().values(
            id=ctx.new_id(), entity="project", record_id=hall, rule="x", place={}, asked_by=mei, person_id=wen, created_at=ctx.now))
        tell(ctx, [wen], "ask" if "ask" in KINDS else "handed_over", "ask:1", entity="project", record=hall)
        ctx.conn.execute(t.notice.update().where(t.notice.c.cause == "ask:1").values(kind="ask"))
    assert "See it as Wen does" in get(desk, "chen", f"{BASE}/{wen}").text and "See it as" not in get(desk, "chen", f"{BASE}/{desk.people['chen']}").text
    page = get(desk, "chen", f"{BASE}/{wen}/leave").text
    assert all(f'<span class="count">{n}</span>' in page for n in (3, 1)) and "Questions to answer" in page and "Teams to look after" in page
    assert post(desk, "chen", f"{BASE}/{wen}/leave", {"to": wen}).status_code == 422
    assert browser.get(f"/t/{desk.slug}/").status_code == 200, "a refused attempt changes nothing"
    assert post(desk, "chen", f"{BASE}/{wen}/leave", {"to": mei, "to-project": "leave", "to-#reports": "me"}).status_code == 303
    assert browser.get(f"/t/{desk.slug}/").status_code == 303 and mine.get("/records/task").status_code == 401
    with desk.ctx() as ctx:
        assert tokens.of_person(ctx.conn, wen) and not tokens.open_of(ctx.conn, wen, ctx.now), "programs stay out, also when the person comes back"
    assert "hx-get" in get(desk, "chen", f"{BASE}/{wen}/handing").text
    work(desk.app, desk.slug)
    page = get(desk, "chen", f"{BASE}/{wen}").text
    assert "Handed over: 6" in page and "Deactivated" in page
    with desk.ctx() as ctx:
        owners = [road.load(ctx, "task", id_).owner for id_ in tasks]
        assert owners == [mei, mei, mei, wen], "what is over stays"
        assert road.load(ctx, "team", desk.teams["east"]).values["manager"] == mei and road.load(ctx, "person", lin).values["manager"] == desk.people["chen"]
        assert ctx.conn.execute(select(t.ask.c.person_id)).scalars().all() == [mei]
        assert ctx.conn.execute(select(t.notice.c.person_id).where(t.notice.c.cause == "ask:1")).scalars().all() == [mei]
        assert road.load(ctx, "person", wen).values["active"] is False
        told = ctx.conn.execute(select(t.notice.c.person_id, t.notice.c.kind, t.notice.c.data).where(t.notice.c.kind.in_(["hand_over", "handed_over"]))).all()
        assert [(row.person_id, row.kind) for row in told] == [(mei, "hand_over")] and "Task 3" in told[0].data["detail"]
        logged = ctx.conn.execute(select(t.change_log.c.actor_id, t.change_log.c.kind).where(t.change_log.c.record_id == tasks[0]).order_by(t.change_log.c.seq.desc())).first()
        assert tuple(logged) == (desk.people["chen"], "assign")
    assert post(desk, "chen", f"{BASE}/{wen}/link/reset").status_code == 409
    assert post(desk, "chen", f"{BASE}/{wen}/activate").status_code == 303
    assert get(desk, "wen", "/").status_code == 200
    with desk.home.read() as conn:
        kinds = set(conn.execute(select(t.audit.c.kind)).scalars())
    assert {"person.disabled", "person.handed_over", "person.enabled"} <= kinds


def test_a_hand_over_goes_on_in_batches_and_names_what_stayed(desk, monkeypatch):
    monkeypatch.setattr(leaving, "BATCH", 3)
    wen, mei = desk.people["wen"], desk.people["mei"]
    ids = [desk.api("wen").make(title=f"Task {n}")["id"] for n in range(8)]
    real = road.assign

    def refuse_one(ctx, entity, id, **more):
        from kernel.errors import Forbidden

        if id == ids[4]:
            raise Forbidden()
        return real(ctx, entity, id, **more)

    monkeypatch.setattr(road, "assign", refuse_one)
    with desk.ctx() as ctx:
        leaving.deactivate(ctx, wen, {"task": mei})
    assert work(desk.app, desk.slug) >= 4
    with desk.ctx() as ctx:
        job = leaving.jobs_of(ctx.conn, wen)[0]
        assert job.state == "done" and job.result["moved"] == {"task": 7} and [k["id"] for k in job.result["kept"]] == [ids[4]]
        assert ctx.conn.execute(select(func.count()).select_from(ctx.tables.of("task").table).where(ctx.tables.of("task").table.c.owner_id == mei)).scalar() == 7
    assert "could not be given away" in get(desk, "chen", f"{BASE}/{wen}").text


def test_inactive_by_the_record_itself_is_signed_out(desk):
    wen = desk.browser("wen")
    with desk.ctx() as ctx:
        road.update(ctx, "person", desk.people["wen"], Input({"active": False}), version=None)
        assert sessions.of_person(ctx.conn, desk.people["wen"], ctx.now) == []
    assert wen.get(f"/t/{desk.slug}/").status_code == 303


def test_a_lock_is_shown_and_lifted(desk):
    anybody = desk.app.test_client()
    anybody.environ_base["REMOTE_ADDR"] = "10.9.8." + str(len(desk.slug))
    page = anybody.get(f"/t/{desk.slug}/login").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    for _try in range(11):
        answer = anybody.post(f"/t/{desk.slug}/login", data={"login": "wen", "password": "wrong", "csrf_token": token}, headers={"Accept-Language": "en"})
    assert answer.status_code == 429 and "15 minutes" in answer.text
    assert "Locked" in get(desk, "chen", BASE).text and "Open it now" in get(desk, "chen", f"{BASE}/{desk.people['wen']}").text
    assert post(desk, "chen", f"{BASE}/{desk.people['wen']}/unlock").status_code == 303
    assert "Locked" not in get(desk, "chen", BASE).text
    assert anybody.post(f"/t/{desk.slug}/login", data={"login": "wen", "password": "wrong", "csrf_token": token}).status_code == 422


def test_the_drawer_is_the_page_without_its_frame(desk):
    wen = desk.people["wen"]
    drawer = get(desk, "chen", f"{BASE}/{wen}", headers={"HX-Request": "true"}).text
    assert drawer.lstrip().startswith("<dialog") and "settings-nav" not in drawer
    assert "settings-nav" in get(desk, "chen", f"{BASE}/{wen}").text
