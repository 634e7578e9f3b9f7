"""The door for events: signatures, once and only once, whose an event is, batches, and what is turned away aloud. On both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from runtime.incoming import refused, sources
from runtime.incoming.signing import sign
from runtime.records import road
from runtime.records.record import Input
from tests.conftest import NOW
from tests.factories.desk import Desk, make_desk, settings_for
from tests.integration.evidence.desk import TALKS, as_person, make_task, task_of

MINUTE = timedelta(minutes=1)
PHONE, OURS = "+8613900000001", "+8613800000009"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path_factory.mktemp("door"), url), FixedClock(NOW), TALKS) as made:
        with made.ctx() as ctx:
            road.update(ctx, "person", made.people["wen"], Input({"phone": OURS}), version=None)
        yield made


@dataclass
class Line:
    """A source as its system knows it."""

    desk: Desk
    id: str
    key: str

    def send(self, body: Any, kind: str = "call", *, id: str, at: datetime | None = None, **headers: str) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        stamp = str(int((at or self.desk.clock.now()).timestamp()))
        sent = {"webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": sign(self.key, id, stamp, raw), **headers}
        return self.desk.app.test_client().post(f"/t/{self.desk.slug}/api/v1/events/{kind}?source={self.id}", data=raw, headers=sent, content_type="application/json")


@pytest.fixture(scope="module")
def line(desk: Desk) -> Line:
    with as_person(desk, "chen") as ctx:
        source = sources.add(ctx, "json", "Exchange")
        return Line(desk, source.id, sources.new_key(ctx, source))


def call(id: str, minutes: int = 5, seconds: int = 120, **more: Any) -> dict[str, Any]:
    at = NOW - minutes * MINUTE
    return {"id": id, "occurred_at": at.isoformat(), "direction": "out", "from": OURS, "to": PHONE, "duration_s": seconds, **more}


def talks(desk: Desk) -> int:
    with desk.ctx() as ctx:
        return int(ctx.conn.execute(select(func.count()).select_from(ctx.tables.of("talk").table)).scalar() or 0)


def refusals(desk: Desk) -> list[Any]:
    with desk.ctx() as ctx:
        return refused.latest(ctx)


def test_a_signed_call_becomes_a_record_and_counts(desk: Desk, line: Line) -> None:
    task = make_task(desk, phone=PHONE)
    answer = line.send(call("c1"), id="m1")
    assert (answer.status_code, answer.json["outcome"]) == (201, "taken")
    with desk.ctx() as ctx:
        talk = road.load(ctx, "talk", answer.json["record"])
    assert (talk.owner, talk.team, talk.values["task"], talk.values["source"], talk.values["verified"]) == (desk.people["wen"], desk.teams["east"], task, "Exchange", True)
    assert task_of(desk, task).values["first_talk_at"] == NOW - 5 * MINUTE
    with as_person(desk, "wen") as ctx:
        road.transition(ctx, "task", task, "start", version=None)
        assert ctx.conn.execute(select(t.behaviour.c.counts).where(t.behaviour.c.record_id == task, t.behaviour.c.kind == "click")).scalar() is True
    close(desk, task)


def close(desk: Desk, task: str) -> None:
    """So that the number leads to the next test's task."""
    with as_person(desk, "chen") as ctx:
        road.transition(ctx, "task", task, "drop", version=None)


def test_the_same_message_is_answered_the_same_and_done_once(desk: Desk, line: Line) -> None:
    before = talks(desk)
    first, second = line.send(call("c2"), id="m2"), line.send(call("c2"), id="m2", at=NOW + 60 * timedelta(seconds=1))
    assert second.status_code == first.status_code and second.data == first.data and second.headers["Webhook-Replayed"] == "true"
    again = line.send(call("c2"), id="m2b")  # another message, the same event
    assert (again.status_code, again.json["outcome"], again.json["record"]) == (200, "known", first.json["record"])
    assert talks(desk) == before + 1
    assert line.send(call("c2", seconds=600), id="m2").status_code == 409
    other = line.send(call("c2", seconds=600), id="m2c")
    assert (other.status_code, other.json["code"]) == (409, "conflict")
    assert talks(desk) == before + 1 and refusals(desk)[0].code == "conflict"


@pytest.mark.parametrize("hostile", ["no_headers", "wrong_key", "other_body", "other_id", "other_source", "cut", "empty", "unknown", "huge_stamp", "revoked"])
def test_a_wrong_signature_is_refused_and_written_down(desk: Desk, line: Line, hostile: str) -> None:
    before, known = talks(desk), len(refusals(desk))
    raw = json.dumps(call("h1")).encode()
    stamp = str(int(NOW.timestamp()))
    headers = {"webhook-id": "h", "webhook-timestamp": stamp, "webhook-signature": sign(line.key, "h", stamp, raw)}
    source = line.id
    match hostile:
        case "no_headers":
            headers = {}
        case "wrong_key":
            headers["webhook-signature"] = sign("whsec_" + "QUJD" * 10, "h", stamp, raw)
        case "other_body":
            raw = raw.replace(b"120", b"121")
        case "other_id":
            headers["webhook-id"] = "h2"
        case "other_source":
            with as_person(desk, "chen") as ctx:
                other = sources.add(ctx, "json", "Other")
                sources.new_key(ctx, other)
            source = other.id
        case "cut":
            headers["webhook-signature"] = headers["webhook-signature"][:-4]
        case "empty":
            headers["webhook-signature"] = " v1, v1a,xx " + "v2," + headers["webhook-signature"][3:]
        case "unknown":
            source = "00000000-0000-7000-8000-000000000000"
        case "huge_stamp":
            headers["webhook-timestamp"] = "9" * 40
        case "revoked":
            with as_person(desk, "chen") as ctx:
                gone = sources.add(ctx, "json", "Gone")
                key = sources.new_key(ctx, gone)
                sources.revoke(ctx, gone)
            source, headers["webhook-signature"] = gone.id, sign(key, "h", stamp, raw)
    answer = desk.app.test_client().post(f"/t/{desk.slug}/api/v1/events/call?source={source}", data=raw, headers=headers)
    assert (answer.status_code, answer.json["code"], answer.mimetype) == (401, "bad_signature", "application/problem+json")
    assert talks(desk) == before and len(refusals(desk)) == known + 1 and refusals(desk)[0].code == "bad_signature"


@pytest.mark.parametrize("late", [-301, 301])
def test_a_message_of_another_time_is_refused(desk: Desk, line: Line, late: int) -> None:
    answer = line.send(call("s1"), id="s1", at=NOW + timedelta(seconds=late))
    assert (answer.status_code, answer.json["code"]) == (401, "stale_timestamp")
    assert line.send(call(f"s{late}"), id=f"ok{late}", at=NOW + timedelta(seconds=late // 301 * 299)).status_code == 201


@pytest.mark.parametrize(("body", "status", "code", "path"), [
    ({"occurred_at": "2026-11-24T01:00:00Z", "direction": "out"}, 422, "missing", "id"),
    ({**call("b"), "owner": "x"}, 422, "unknown_key", "owner"),
    ({**call("b"), "direction": "sideways"}, 422, "invalid", "direction"),
    ({**call("b"), "occurred_at": "2026-11-24 01:00"}, 422, "occurred_at", "occurred_at"),
    ({**call("b"), "occurred_at": (NOW + 6 * MINUTE).isoformat()}, 422, "in_future", "occurred_at"),
    ({**call("b"), "kind": "message"}, 422, "kind", "kind"),
    ({**call("b"), "duration_s": "120"}, 422, "invalid", "duration_s"),
    ({**call("b"), "data": {"x": "y" * 20_000}}, 422, "too_large", "data"),
    ({**call("b"), "from": "5" * 200}, 422, "invalid", "from"),
    ([call("b")], 422, "type", ""),
    ({"events": []}, 422, "events", "events"),
    (b'{"id": 1, "id": 2}', 400, None, None), (b"\xff\xfe", 400, None, None), (b"[" * 100, 400, None, None),
])
def test_what_can_t_be_read_is_refused_with_the_place(desk: Desk, line: Line, body: Any, status: int, code: str | None, path: str | None) -> None:
    before = talks(desk)
    answer = line.send(body, id="bad")
    assert answer.status_code == status, answer.text
    if code is not None:
        assert (code, path) in [(p["code"], p["path"]) for p in answer.json["problems"]]
    assert talks(desk) == before and refusals(desk)[0].message_id == "bad"
    # What was refused is not remembered: mended, it is taken under the same id of the message.
    assert line.send(call(f"mended-{status}-{code}-{path}-{len(repr(body))}"), id=f"bad-{status}-{code}-{path}-{len(repr(body))}").status_code == 201


def test_unknown_kinds_and_bodies_over_the_limit(desk: Desk, line: Line) -> None:
    answer = line.send(call("k"), "smoke", id="k")
    assert answer.status_code == 404 and "call" in answer.json["detail"]
    answer = line.send(b"x" * (513 * 1024), id="k2")
    assert answer.status_code == 413
    assert [r.code for r in refusals(desk)[:2]] == ["too_large", "not_found"]


def test_a_batch_takes_what_is_good_and_names_what_is_not(desk: Desk, line: Line) -> None:
    before = talks(desk)
    answer = line.send({"events": [call("e1"), {**call("e2"), "duration_s": -1}, call("e3"), call("e1")]}, id="batch")
    assert answer.status_code == 200 and answer.json["refused"] == 1
    assert [i["outcome"] for i in answer.json["items"]] == ["waiting", "refused", "waiting", "known"]
    assert answer.json["items"][1]["problems"][0]["path"] == "duration_s"
    assert talks(desk) == before + 2
    assert refusals(desk)[0].problems[0]["event"] == "e2"


def test_nobody_knows_whose_it_is_until_somebody_says_so(desk: Desk, line: Line) -> None:
    task = make_task(desk)
    answer = line.send(call("w1", 40, to="+8613911111111"), id="w1")
    assert answer.json["outcome"] == "waiting"
    with as_person(desk, "mei") as ctx:
        road.update(ctx, "talk", answer.json["record"], Input({"task": task}), version=None)
    assert task_of(desk, task).values["first_talk_at"] == NOW - 40 * MINUTE


def test_of_several_the_caller_s_own_is_taken_then_the_newest(desk: Desk, line: Line) -> None:
    number = "+8613922222222"
    own = make_task(desk, "wen", phone=number)
    newest = make_task(desk, "chen", phone=number)
    assert record(desk, line.send(call("o1", to=number), id="o1")).values["task"] == own
    assert record(desk, line.send(call("o2", to=number, **{"from": "8001"}), id="o2")).values["task"] == newest
    assert record(desk, line.send(call("o3", to="139-2222-2222"), id="o3")).values["task"] == own  # as people write it


def record(desk: Desk, answer: Any) -> Any:
    assert answer.status_code == 201, answer.text
    with desk.ctx() as ctx:
        return road.load(ctx, "talk", answer.json["record"])


def message(id: str, minutes: int, way: str, **more: Any) -> Mapping[str, Any]:
    sides = {"from": OURS, "to": "T-7"} if way == "out" else {"from": "T-7", "to": OURS}
    return {"id": id, "occurred_at": (NOW - minutes * MINUTE).isoformat(), "direction": way, **sides, **more}


def test_what_answers_what_is_worked_out_in_any_order(desk: Desk, line: Line) -> None:
    task = make_task(desk, code="T-7")
    answer = record(desk, line.send(message("a1", 10, "in"), "message", id="a1"))
    assert answer.values["replies_to"] is None and task_of(desk, task).values["first_talk_at"] is None
    sent = record(desk, line.send(message("a0", 20, "out", data={"text": "The fence is blue."}), "message", id="a0"))  # sent before, arrived after
    assert sent.values["text"] == "The fence is blue."
    with desk.ctx() as ctx:
        assert road.load(ctx, "talk", answer.id).values["replies_to"] == sent.id
    assert task_of(desk, task).values["first_talk_at"] == NOW - 10 * MINUTE
    named = record(desk, line.send(message("a2", 1, "in", replies_to="a0"), "message", id="a2"))
    assert named.values["replies_to"] == sent.id


def test_the_old_key_counts_for_a_day(desk: Desk, line: Line) -> None:
    with as_person(desk, "chen") as ctx:
        source = sources.add(ctx, "json", "Second")
        old = Line(desk, source.id, sources.new_key(ctx, source))
        new = Line(desk, source.id, sources.new_key(ctx, source))
        assert len(sources.keys(ctx, sources.get(ctx, source.id))) == 2
    assert old.send(call("r1"), id="r1").status_code == 201
    assert new.send(call("r2"), id="r2").status_code == 201


def test_an_address_that_is_refused_too_often_is_not_listened_to(desk: Desk, line: Line) -> None:
    client = desk.app.test_client()
    codes = [
        client.post(f"/t/{desk.slug}/api/v1/events/call?source=x", data=b"{}", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code for _ in range(122)]
    assert codes[119:] == [401, 429, 429]
    assert line.send(call("after"), id="after").status_code == 201  # another address


def test_a_key_of_another_workspace_opens_nothing(desk: Desk, line: Line) -> None:
    answer = desk.app.test_client().post(f"/t/nobody-here/api/v1/events/call?source={line.id}", data=b"{}")
    assert answer.status_code == 404
