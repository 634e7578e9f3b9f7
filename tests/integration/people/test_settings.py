"""The settings of one person: pages, sessions, tokens; and what the audit keeps of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from kernel.platform import rates, sessions, tokens
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from tests.factories.desk import Desk, make_desk, settings_for
from tests.factories.platform import PASSWORD, csrf_of


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path, url), clock) as made:
        yield made


def post(desk: Desk, browser, path: str, data: dict | None = None):
    return browser.post(f"/t/{desk.slug}{path}", data=data or {}, headers={"X-CSRFToken": csrf_of(browser, desk.app, desk.slug)})


def audited(desk: Desk, kind: str):
    with desk.home.read() as conn:
        return list(conn.execute(select(t.audit).where(t.audit.c.kind == kind).order_by(t.audit.c.id)))


def test_everybody_has_their_own_pages_and_only_administrators_the_workspace(desk):
    wen, chen = desk.browser("wen"), desk.browser("chen")
    for path in ("/settings/", "/me", "/settings/sessions", "/settings/tokens"):
        assert wen.get(f"/t/{desk.slug}{path}").status_code == 200, path
    assert "Everybody" not in wen.get(f"/t/{desk.slug}/settings/").text
    assert "Everybody" in chen.get(f"/t/{desk.slug}/settings/").text
    assert wen.get(f"/t/{desk.slug}/settings/all-tokens").status_code == 403
    assert chen.get(f"/t/{desk.slug}/settings/all-tokens").status_code == 200


def test_one_ends_ones_own_sessions_and_nobody_elses(desk):
    here, there, lin = desk.browser("wen"), desk.browser("wen"), desk.browser("lin")
    with desk.home.read() as conn:
        foreign = sessions.of_person(conn, desk.people["lin"], desk.clock.now())[0].id
    assert post(desk, here, "/settings/sessions/end", {"id": foreign}).status_code == 404
    assert lin.get(f"/t/{desk.slug}/").status_code == 200
    page = here.get(f"/t/{desk.slug}/settings/sessions").text
    assert page.count("This device") == 1 and "127.0.0.1" not in page
    assert post(desk, here, "/settings/sessions/end", {"which": "others"}).status_code == 303
    assert there.get(f"/t/{desk.slug}/").status_code == 303 and here.get(f"/t/{desk.slug}/").status_code == 200
    assert post(desk, here, "/settings/sessions/end", {"which": "all"}).headers["Location"].endswith("/login")
    assert here.get(f"/t/{desk.slug}/").status_code == 303
    assert [row.subject for row in audited(desk, "session.ended")] == [desk.people["wen"]] * 2


def test_a_token_is_shown_once_and_never_does_more_than_its_owner(desk):
    wen = desk.browser("wen")
    made = post(desk, wen, "/settings/tokens", {"name": "Robot", "scopes": ["read"], "days": "30"})
    secret = next(word for word in made.text.replace("<", " ").replace(">", " ").split() if word.startswith("fy_"))
    assert made.headers["Cache-Control"] == "no-store" and secret not in wen.get(f"/t/{desk.slug}/settings/tokens").text
    api = desk.app.test_client()
    assert api.get(f"/t/{desk.slug}/api/v1/records/task", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    for wrong in ({"name": "", "scopes": ["read"], "days": "30"}, {"name": "x", "scopes": [], "days": "30"}, {"name": "x", "scopes": ["administer"], "days": "30"},
                  {"name": "x", "scopes": ["read"], "days": "9999"}):
        assert post(desk, wen, "/settings/tokens", wrong).status_code == 422, wrong
    with desk.home.read() as conn:
        (token,) = tokens.of_person(conn, desk.people["wen"])
    assert post(desk, desk.browser("lin"), f"/settings/tokens/{token.id}/revoke").status_code == 404
    assert post(desk, desk.browser("lin"), f"/settings/all-tokens/{token.id}/revoke").status_code == 403
    assert post(desk, desk.browser("chen"), f"/settings/all-tokens/{token.id}/revoke").status_code == 303
    assert api.get(f"/t/{desk.slug}/api/v1/records/task", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    assert audited(desk, "token.created")[0].data["scopes"] == ["read"] and secret not in str(audited(desk, "token.created"))
    assert audited(desk, "token.revoked")[0].actor_id == desk.people["chen"]


def test_who_tries_tokens_is_slowed_down_and_a_good_one_still_works(desk, monkeypatch):
    monkeypatch.setattr(rates, "TOKEN_ADDRESS", rates.Limit(3, timedelta(minutes=15)))
    client = desk.app.test_client()
    client.environ_base["REMOTE_ADDR"] = "10.77." + ".".join(str(int(desk.slug[n : n + 2], 16)) for n in (5, 7))

    def tried(token: str, slug: str = desk.slug) -> int:
        return client.get(f"/t/{slug}/api/v1/records/task", headers={"Authorization": f"Bearer {token}"}).status_code

    assert [tried("x" * 43), tried("y" * 43, "nowhere"), tried("z" * 43), tried("x" * 43), tried("y" * 43, "nowhere")] == [401, 401, 401, 429, 429]
    assert tried(desk.api("wen").token) == 200


def test_sign_in_leaves_traces_without_what_was_typed(desk):
    anybody = desk.app.test_client()

    def sign_in(login: str, password: str) -> int:
        page = anybody.get(f"/t/{desk.slug}/login").text
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        return anybody.post(f"/t/{desk.slug}/login", data={"login": login, "password": password, "csrf_token": token}).status_code

    assert sign_in("my-secret-pass-typed-here", "x") == 422 and audited(desk, "sign_in.refused") == []
    for _try in range(10):
        assert sign_in("wen", "wrong password") == 422
    assert sign_in("wen", PASSWORD) == 429
    assert len(audited(desk, "sign_in.refused")) == 9
    assert [row.subject for row in audited(desk, "sign_in.locked")] == [desk.people["wen"]]
    desk.clock.advance(timedelta(minutes=16))
    assert sign_in("wen", PASSWORD) == 303 and [row.address for row in audited(desk, "session.started")] == ["127.0.0.1"]
