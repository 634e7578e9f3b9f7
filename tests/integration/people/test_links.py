"""Passwords set by links: once, in time, in one tenant; and the mails that bring them, taken from a real mail server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from kernel.mail import send_later
from kernel.platform import accounts, links
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.ctx import system_actor
from runtime.people import make
from runtime.records import road
from runtime.records.record import Input
from tests.factories.desk import Desk, make_desk, settings_for
from tests.factories.platform import PASSWORD, make_tenant
from tests.factories.post import Postbox, postbox, text_of
from tests.factories.work import work

NEW = "three unrelated words"
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def post() -> Iterator[Postbox]:
    with postbox() as box:
        yield box


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock, post: Postbox) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(post.settings(settings_for(request.param, tmp_path, url)), clock) as made:
        with made.ctx() as ctx:
            road.update(ctx, "person", made.people["wen"], Input({"email": "wen@example.com"}), version=None)
        yield made


class Anybody:
    """Somebody without a session."""

    def __init__(self, desk: Desk) -> None:
        self.client, self.base = desk.app.test_client(), f"/t/{desk.slug}"
        # Limits by address are kept for all workspaces of an installation together: each test comes from a place of its own.
        digits = [int(x, 16) for x in (desk.slug[5:7], desk.slug[7:9], desk.slug[9:11])]
        self.client.environ_base["REMOTE_ADDR"] = f"10.{digits[0]}.{digits[1]}.{digits[2]}"

    def get(self, path: str):
        return self.client.get(path if path.startswith("/t/") else self.base + path, headers=ENGLISH)

    def post(self, path: str, **data: str):
        path = path if path.startswith("/t/") else self.base + path
        page = self.client.get(self.base + "/login").text
        data["csrf_token"] = page.split('name="csrf_token" value="')[1].split('"')[0]
        return self.client.post(path, data=data, headers=ENGLISH)


def invited(desk: Desk, **fields: str) -> str:
    with desk.ctx() as ctx:
        id_ = make.invite(ctx, "hua@example.com", {"name": "Hua", "email": "hua@example.com", **fields}, ["worker"])
        make.mail_link(ctx, id_, links.INVITE)
    return id_


def test_an_invitation_arrives_is_accepted_once_and_signs_in(desk, post):
    id_ = invited(desk)
    assert work(desk.app, desk.slug) == 1
    (mail,) = post.mails
    assert (mail["To"], mail["From"], mail["Auto-Submitted"]) == ("hua@example.com", "forms@example.com", "auto-generated")
    assert "Your log-in: hua@example.com" in text_of(mail) and "<html" in mail.get_body(("html",)).get_content()
    who, path = Anybody(desk), post.link()
    assert 'value="Hua"' in who.get(path).text
    for wrong, said in (({"name": "Hua", "new": "short", "again": "short"}, "too short"), ({"name": "", "new": NEW, "again": NEW}, "Enter your name"),
                        ({"name": "Hua", "new": NEW, "again": "another one altogether"}, "differ"), ({"name": "x" * 101, "new": NEW, "again": NEW}, "at most 100")):
        answer = who.post(path, **wrong)
        assert answer.status_code == 422 and said in answer.text, wrong
    answer = who.post(path, name="Hua Li", new=NEW, again=NEW)
    assert answer.status_code == 303 and who.get("/").status_code == 200
    again = Anybody(desk)
    assert again.get(path).status_code == 404 and again.post(path, name="Eve", new=NEW, again=NEW).status_code == 404
    with desk.ctx() as ctx:
        assert road.load(ctx, "person", id_).values["name"] == "Hua Li" and not accounts.get(ctx.conn, id_).invited
        assert ctx.conn.execute(select(t.audit.c.actor_id).where(t.audit.c.kind == "person.joined")).scalars().all() == [id_]
        writers = ctx.conn.execute(select(t.change_log.c.actor_id).where(t.change_log.c.record_id == id_).order_by(t.change_log.c.seq)).scalars().all()
        assert writers[-1] == id_, "the history names whoever gave the name"


def test_an_invited_person_cannot_sign_in_before(desk):
    invited(desk)
    assert Anybody(desk).post("/login", login="hua@example.com", password="!").status_code == 422
    assert Anybody(desk).post("/login", login="hua@example.com", password="").status_code == 422


def test_links_end_by_time_by_withdrawal_and_with_the_account(desk, clock):
    id_ = invited(desk)
    who = Anybody(desk)

    def fresh() -> str:
        with desk.ctx() as ctx:
            return f"/t/{desk.slug}/link/{make.show_link(ctx, id_, links.INVITE)}"

    first = fresh()
    second = fresh()
    assert (who.get(first).status_code, who.get(second).status_code) == (404, 200), "a new one takes the place of the earlier"
    with desk.ctx() as ctx:
        make.revoke_invitation(ctx, id_)
    assert who.get(second).status_code == 404
    third = fresh()
    with desk.ctx() as ctx:
        accounts.disable(ctx.conn, id_, ctx.now)
    assert who.get(third).status_code == 404
    with desk.ctx() as ctx:
        accounts.enable(ctx.conn, id_)
    clock.advance(timedelta(days=7))
    assert who.get(third).status_code == 404


def test_a_link_counts_in_its_own_tenant_only(desk):
    other = make_tenant(desk.app, f"{desk.slug}-b"[:40], "Other")
    id_ = invited(desk)
    with desk.ctx() as ctx:
        secret = make.show_link(ctx, id_, links.INVITE)
    who = Anybody(desk)
    foreign, nowhere = who.get(f"/t/{desk.slug}-b/link/{secret}"), who.get(f"/t/nowhere/link/{secret}")
    assert foreign.status_code == nowhere.status_code == 404
    assert foreign.text.replace(f"{desk.slug}-b", "x").count("link no longer works") == nowhere.text.count("link no longer works") > 0
    with other.read() as conn:
        assert conn.execute(select(t.invitation)).all() == []
    assert who.get(f"/t/{desk.slug}/link/{secret}").status_code == 200
    desk.app.extensions["fangyuan"].tenants.delete(f"{desk.slug}-b"[:40])


def test_whoever_tries_links_is_slowed_down_and_a_good_one_still_works(desk):
    who, id_ = Anybody(desk), invited(desk)
    answers = [who.get(f"/link/{'x' * 43}").status_code for _try in range(31)]
    assert answers[:30] == [404] * 30 and answers[30] == 429
    with desk.ctx() as ctx:
        secret = make.show_link(ctx, id_, links.INVITE)
    assert who.get(f"/link/{secret}").status_code == 200


def test_a_password_is_reset_by_mail_and_all_sessions_end(desk, post):
    wen, who = desk.browser("wen"), Anybody(desk)
    answer = who.post("/forgot", login=" WEN ")
    assert answer.status_code == 200 and "mailbox" in answer.text
    work(desk.app, desk.slug)
    path = post.link()
    assert post.recipients == [["wen@example.com"]] and "within an hour" in text_of(post.mails[0])
    assert "Your name" not in who.get(path).text
    assert who.post(path, new=NEW, again=NEW).status_code == 303
    assert wen.get(f"/t/{desk.slug}/").status_code == 303, "the old session is over"
    fresh = Anybody(desk)
    assert fresh.post("/login", login="wen", password=PASSWORD).status_code == 422
    assert fresh.post("/login", login="wen", password=NEW).status_code == 303
    with desk.home.read() as conn:
        assert {"password.reset_asked", "password.reset"} <= set(conn.execute(select(t.audit.c.kind)).scalars())
        stored = str(conn.execute(select(t.job.c.data, t.job.c.result)).all())
    assert path.rsplit("/", 1)[-1] not in stored, "no secret is kept with the job"


def test_the_answer_is_the_same_for_who_exists_and_who_does_not(desk, post):
    def answer(slug: str, login: str) -> str:
        who = Anybody(desk)
        found = who.post(f"/t/{slug}/forgot", login=login)
        return f"{found.status_code} " + re.sub(r"[\w+/=-]{20,}", "", found.text.replace(slug, "x"))

    answers = {answer(desk.slug, "wen"), answer(desk.slug, "nobody"), answer("nowhere", "wen"), answer(desk.slug, "mei")}
    assert len(answers) == 1
    work(desk.app, desk.slug)
    assert post.recipients == [["wen@example.com"]], "mei has no address, the others do not exist"


def test_asking_has_limits_by_account_and_address_that_tell_nothing(desk):
    for login in ("wen", "nobody"):
        answers = [Anybody(desk).post("/forgot", login=login) for _try in range(4)]
        assert [a.status_code for a in answers] == [200, 200, 200, 429] and "60 minutes" in answers[-1].text
    answers = [Anybody(desk).post("/forgot", login=f"n{n}").status_code for n in range(20)]
    assert answers[-1] == 429
    assert Anybody(desk).post("/forgot", login="").status_code == 422


def test_a_deactivated_person_gets_no_link(desk, post):
    with desk.ctx() as ctx:
        accounts.disable(ctx.conn, desk.people["wen"], ctx.now)
    Anybody(desk).post("/forgot", login="wen")
    work(desk.app, desk.slug)
    assert post.mails == []


def test_names_and_titles_cannot_add_headers_or_recipients(desk, post):
    evil = "Hua\r\nBcc: thief@example.com\r\n\r\n<script>alert(1)</script>"
    with desk.ctx() as ctx:
        acting = ctx.acting(actor=system_actor(ctx.tenant, ctx.release))
        id_ = make.invite(acting, "eve@example.com", {"name": "Eve", "email": "eve@example.com"}, ["worker"])
        table = ctx.tables.of("person")
        ctx.conn.execute(table.table.update().where(table.table.c.id == desk.people["chen"]).values({table.column("name"): evil}))
        send_later(ctx, "invite", {"person": id_, "by": desk.people["chen"]})
    work(desk.app, desk.slug)
    (mail,) = post.mails
    assert post.recipients == [["eve@example.com"]] and mail["Bcc"] is None
    assert "\n" not in mail["Subject"] and "<script>" not in mail.get_body(("html",)).get_content()
    with desk.ctx() as ctx:
        table = ctx.tables.of("person")
        ctx.conn.execute(table.table.update().where(table.table.c.id == id_).values({table.column("email"): "eve@example.com>\r\nRCPT TO:<thief@example.com"}))
        job = send_later(ctx, "invite", {"person": id_})
    work(desk.app, desk.slug)
    with desk.home.read() as conn:
        row = conn.execute(select(t.job).where(t.job.c.id == job)).one()
    assert row.state == "failed" and "e-mail address" in row.error + "e-mail address" * ("邮箱" in row.error) and len(post.mails) == 1


def test_a_busy_server_is_tried_again_under_the_same_id_and_a_refusal_is_kept(desk, post, clock):
    post.refusals = ["451 later", "550 no such mailbox"]
    invited(desk)
    work(desk.app, desk.slug)
    with desk.home.read() as conn:
        assert conn.execute(select(t.job.c.state)).scalar() == "waiting"
    clock.advance(timedelta(seconds=7))
    work(desk.app, desk.slug)
    with desk.home.read() as conn:
        row = conn.execute(select(t.job)).one()
    assert row.state == "failed" and "550 no such mailbox" in row.error and row.result == {"to": "hua@example.com"}
    with desk.home.write() as conn:
        from kernel.jobs import queue

        queue.again(conn, row.id, clock.now())
    work(desk.app, desk.slug)
    assert post.seen == 3 and post.mails[0]["Message-ID"].startswith("<") and f".{row.id}@example.com" in post.mails[0]["Message-ID"]
    with desk.home.read() as conn:
        done = conn.execute(select(t.job.c.result)).scalar()
    assert done["sent"] and done["answer"] == "250 taken" and done["to"] == "hua@example.com"


def test_without_a_mail_server_the_page_says_whom_to_ask(tmp_path, clock):
    with make_desk(settings_for("sqlite", tmp_path, None), clock) as plain:
        page = Anybody(plain).get("/forgot").text
        assert "sends no mail" in page and "<form class" not in page.split("plain-main")[1]
