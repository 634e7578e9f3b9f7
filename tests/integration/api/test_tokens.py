"""Who calls: tokens, their scopes, idempotency keys."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from kernel.platform import tokens
from tests.factories.applications import install
from tests.factories.desk import Api, Desk
from tests.factories.platform import csrf_of, make_account, make_tenant, make_token


def test_a_token_opens_its_own_tenant_only(desk: Desk, wen: Api) -> None:
    slug = desk.slug + "-b"
    other = make_tenant(desk.app, slug, "Other")
    try:
        install(other, desk.clock, [])
        for tenant, token in ((slug, wen.token), (desk.slug, "fy_" + "x" * 43), ("nobody-here", wen.token), (desk.slug, "short")):
            answer = Api(desk.app.test_client(), f"/t/{tenant}/api/v1", token).get("/records/task")
            assert answer.status_code == 401 and answer.headers["WWW-Authenticate"] == "Bearer" and answer.mimetype == "application/problem+json"
    finally:
        desk.app.extensions["fangyuan"].tenants.delete(slug)


def test_a_token_ends(desk: Desk) -> None:
    short = desk.api("wen", expires_at=desk.clock.now() + timedelta(hours=1))
    assert short.get("/records/task").status_code == 200
    revoked = desk.api("wen", scopes=("all", "read"))
    with desk.home.write() as conn:
        newest = tokens.of_person(conn, desk.people["wen"])[0]
        tokens.revoke(conn, newest.id, desk.people["wen"], desk.clock.now())
    assert {short.get("/records/task").status_code, revoked.get("/records/task").status_code} == {200, 401}


def test_a_reading_token_only_reads(desk: Desk, wen: Api) -> None:
    reader, made = desk.api("wen", scopes=("read",)), wen.make()
    url = f"/records/task/{made['id']}"
    assert reader.get(url).status_code == 200 and reader.get("/records/task").status_code == 200 and reader.get(f"{url}/history").status_code == 200
    for answer in (
        reader.post("/records/task", {"fields": {"title": "x"}}),
        reader.patch(url, {"fields": {"title": "x"}}, version=1),
        reader.delete(url, version=1),
        reader.post(f"{url}/transitions/start", {}, version=1),
        reader.post(f"{url}/assign", {"owner": desk.people["lin"]}, version=1),
        reader.call("POST", "/files", data={}, content_type="multipart/form-data"),
    ):
        assert answer.status_code == 403
    assert wen.get(url).json["version"] == 1


def test_a_token_for_something_else_reads_no_records(desk: Desk) -> None:
    assert desk.api("chen", scopes=("design",)).get("/records/task").status_code == 403
    writer = desk.api("wen", scopes=("write",))
    assert writer.make()["version"] == 1


def test_a_session_needs_its_csrf_token(desk: Desk) -> None:
    browser = desk.browser("wen")
    url = f"/t/{desk.slug}/api/v1/records/task"
    assert browser.get(url).status_code == 200
    assert browser.post(url, json={"fields": {"title": "x"}}).status_code == 403
    token = csrf_of(browser, desk.app, desk.slug)
    assert browser.post(url, json={"fields": {"title": "x"}}, headers={"X-CSRFToken": token}).status_code == 201
    assert browser.post(url, json={"fields": {"title": "x"}}, headers={"X-CSRFToken": token, "Origin": "https://elsewhere.example"}).status_code == 403


def test_a_repeated_post_is_done_once(wen: Api, lin: Api) -> None:
    first = wen.post("/records/task", {"fields": {"title": "once"}}, key="k-1")
    again = wen.post("/records/task", {"fields": {"title": "once"}}, key="k-1")
    assert first.status_code == again.status_code == 201 and first.data == again.data
    assert again.headers["Idempotency-Replayed"] == "true" and "Idempotency-Replayed" not in first.headers
    assert (again.headers["ETag"], again.headers["Location"]) == (first.headers["ETag"], first.headers["Location"])
    other = wen.post("/records/task", {"fields": {"title": "twice"}}, key="k-1")
    assert other.status_code == 409 and other.json["code"] == "conflict"
    elsewhere = wen.post("/records/project", {"fields": {"title": "once"}}, key="k-1")
    assert elsewhere.status_code == 409
    foreign = lin.post("/records/task", {"fields": {"title": "once"}}, key="k-1")
    assert foreign.status_code == 201 and foreign.json["id"] != first.json["id"], "keys belong to their person"


def test_a_refused_post_may_be_mended_under_its_key(wen: Api) -> None:
    assert wen.post("/records/task", {"fields": {}}, key="k-2").status_code == 422
    assert wen.post("/records/task", {"fields": {"title": "now"}}, key="k-2").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 201, "tab\there"])
def test_a_key_that_is_none(wen: Api, key: str) -> None:
    assert wen.post("/records/task", {"fields": {"title": "x"}}, key=key).status_code == 422


def test_a_step_under_a_key(wen: Api) -> None:
    made = wen.make()
    url = f"/records/task/{made['id']}/transitions/start"
    first, again = wen.post(url, {}, version=1, key="s-1"), wen.post(url, {}, version=1, key="s-1")
    assert (first.status_code, again.status_code) == (200, 200) and again.json["version"] == 2
    assert wen.post(url, {}, version=1).status_code == 412


def test_the_same_post_at_the_same_moment(desk: Desk, wen: Api) -> None:
    answers = []
    barrier = threading.Barrier(4)

    def go() -> None:
        api = Api(desk.app.test_client(), wen.base, wen.token)
        barrier.wait()
        answers.append(api.post("/records/task", {"fields": {"title": "together"}}, key="k-together"))

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [a.status_code for a in answers] == [201] * 4, [a.text for a in answers]
    assert len({a.json["id"] for a in answers}) == 1
    assert sum("Idempotency-Replayed" in a.headers for a in answers) == 3


def test_a_disabled_person(desk: Desk) -> None:
    with desk.ctx() as ctx:
        from runtime.records import road
        from runtime.records.record import Input

        person = road.create(ctx, "person", Input({"name": "Gone"}))
    make_account(desk.home, "gone", roles=["worker"], person_id=person.id)
    api = Api(desk.app.test_client(), f"/t/{desk.slug}/api/v1", make_token(desk.home, person.id, desk.clock))
    assert api.get("/records/task").status_code == 200
    assert desk.api("chen").patch(f"/records/person/{person.id}", {"fields": {"active": False}}, version=1).status_code == 200
    assert api.get("/records/task").status_code == 401
