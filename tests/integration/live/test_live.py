"""The live channel: who hears what, when it ends, and what happens when there is no place for another stream."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from kernel.platform import accounts
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.database import count_statements
from runtime.live import hub as hubs
from runtime.live.hub import PER_PERSON
from runtime.notices.tell import tell
from runtime.web.live import close, hub_of
from tests.conftest import NOW
from tests.factories.desk import Desk, make_desk, settings_for


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path_factory.mktemp("live"), url), FixedClock(NOW)) as made:
        hub_of(made.app).every = 0.02
        yield made
        close(made.app)


class Listener:
    """An open stream, read message by message."""

    def __init__(self, desk: Desk, login: str, *watch: str, after: int | None = None, browser: Any = None) -> None:
        self.desk, self.browser = desk, browser or desk.browser(login)
        query: dict[str, Any] = {"watch": list(watch)} | ({"after": after} if after is not None else {})
        self.answer = self.browser.get(f"/t/{desk.slug}/live", query_string=query, buffered=False)
        self.chunks = iter(self.answer.response)
        self.waiting: list[tuple[str, Any]] = []

    def next(self) -> tuple[str, Any] | None:
        """The next message; None at the end of the stream. Marks of where one is (hello) are left out."""
        while True:
            while self.waiting:
                found = self.waiting.pop(0)
                if found[0] != "hello":
                    return found
            chunk = next(self.chunks, None)
            if chunk is None:
                return None
            text = chunk.decode() if isinstance(chunk, bytes) else chunk
            for block in text.split("\n\n"):
                parts = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
                if "event" in parts:
                    self.waiting.append((parts["event"], json.loads(parts["data"])))

    def drain(self, n: int) -> list[tuple[str, Any] | None]:
        return [self.next() for _n in range(n)]


@contextmanager
def listening(desk: Desk, login: str, *watch: str, **more: Any) -> Iterator[Listener]:
    listener = Listener(desk, login, *watch, **more)
    try:
        yield listener
    finally:
        listener.answer.close()


def polled(desk: Desk, login: str, *watch: str, after: int | None = None) -> Any:
    query = {"watch": list(watch)} | ({"after": after} if after is not None else {})
    return desk.browser(login).get(f"/t/{desk.slug}/live/news", query_string=query)


def notify(desk: Desk, login: str, cause: str, **more: Any) -> None:
    with desk.ctx() as ctx:
        tell(ctx, [desk.people[login]], "handed_over", cause, **more)


def test_two_sessions_hear_that_a_record_changed_and_nothing_of_its_values(desk):
    task = desk.api("wen").make(title="Fence 1")
    with listening(desk, "wen", f"task/{task['id']}") as wen, listening(desk, "mei", f"task/{task['id']}") as mei:
        for one in (wen, mei):
            kind, data = one.next()
            assert (kind, data["version"]) == ("record", 1)
            assert one.next()[0] == "inbox"
        assert wen.answer.headers["Content-Type"].startswith("text/event-stream") and wen.answer.headers["X-Accel-Buffering"] == "no"
        desk.api("mei").patch(f"/records/task/{task['id']}", {"fields": {"details": "very secret"}}, version=1)
        for one in (wen, mei):
            kind, data = one.next()
            assert kind == "record" and data == {"entity": "task", "id": task["id"], "version": 2, "kinds": ["record_updated"], "n": data["n"]}


def test_a_notice_wakes_its_person_alone(desk):
    with listening(desk, "lin") as lin, listening(desk, "guo") as guo:
        assert lin.next() == ("inbox", {"count": 0, "high": False, "n": 0})
        assert guo.next()[0] == "inbox"
        notify(desk, "lin", "live:1", urgency="high")
        kind, data = lin.next()
        assert kind == "inbox" and data["count"] == 1 and data["high"] is True
        notify(desk, "guo", "live:2")
        assert guo.next()[1]["count"] == 1


def test_foreign_hidden_and_missing_are_the_same_404(desk):
    task = desk.api("wen").make(title="Fence 2")
    said = set()
    for login, path in (("lin", f"task/{task['id']}"), ("lin", "task/00000000-0000-7000-8000-000000000000"), ("out", f"task/{task['id']}"), ("wen", "nothing/x")):
        for answer in (desk.browser(login).get(f"/t/{desk.slug}/live", query_string={"watch": path}), polled(desk, login, path)):
            assert answer.status_code == 404
            said.add(answer.text.count("does not exist"))
    assert said == {1} or len(said) == 1
    assert desk.app.test_client().get(f"/t/{desk.slug}/live").status_code in (302, 303, 401)


@pytest.mark.parametrize("watch", ["task/", "/x", "a/b/c", ""])
def test_what_cannot_be_watched_is_said(desk, watch):
    assert polled(desk, "wen", watch).status_code == 400
    assert polled(desk, "wen", *[f"task{n}" for n in range(41)]).status_code == 400
    assert desk.browser("wen").get(f"/t/{desk.slug}/live/news?after=yesterday").status_code == 400


def test_a_lost_session_ends_the_stream(desk):
    with listening(desk, "guo") as guo:
        guo.next()
        with desk.home.write() as conn:
            accounts._end_sessions(conn, desk.people["guo"])
            accounts.bump_rights(conn)
        assert guo.next() == ("end", {}) and guo.next() is None


def test_a_quiet_stream_looks_at_its_session_every_half_minute(desk, monkeypatch):
    monkeypatch.setattr("runtime.live.stream.TICK_S", 0.02)
    with listening(desk, "guo") as guo:
        guo.next()
        with desk.home.write() as conn:
            accounts._end_sessions(conn, desk.people["guo"])
        # The stream runs only while somebody reads from it: time passes meanwhile.
        threading.Timer(0.2, lambda: desk.clock.advance(seconds=31)).start()
        assert guo.next() == ("end", {})


def test_what_is_no_longer_mine_to_see_is_lost(desk):
    task = desk.api("wen").make(title="Fence 3")
    with listening(desk, "wen", f"task/{task['id']}") as wen:
        wen.drain(2)
        desk.api("chen").post(f"/records/task/{task['id']}/assign", {"owner": desk.people["lin"]}, version=1)
        assert wen.next() == ("lost", {"entity": "task", "id": task["id"]})
        # Nothing more of it, and the stream lives on.
        desk.api("lin").patch(f"/records/task/{task['id']}", {"fields": {"details": "x"}}, version=2)
        notify(desk, "wen", "live:3")
        assert wen.next()[0] == "inbox"


def test_rights_that_end_are_noticed_at_once(desk):
    task = desk.api("wen").make(title="Fence 4")
    with listening(desk, "mei", f"task/{task['id']}") as mei:
        mei.drain(2)
        with desk.home.write() as conn:
            # As accounts.set_roles, but the session goes on.
            conn.execute(update(t.person_role).where(t.person_role.c.person_id == desk.people["mei"]).values(role="outsider"))
            accounts.bump_rights(conn)
        try:
            assert mei.next() == ("lost", {"entity": "task", "id": task["id"]})
        finally:
            with desk.home.write() as conn:
                accounts.set_roles(conn, desk.people["mei"], ["keeper"])


def test_a_whole_kind_of_records_as_far_as_one_may_see_it(desk):
    with listening(desk, "lin", "task") as lin:
        lin.next()
        desk.api("wen").make(title="Not for lin")
        mine = desk.api("lin").make(title="For lin")
        kind, data = lin.next()
        assert kind == "record" and data["id"] == mine["id"] and data["kinds"] == ["record_created"]


def test_no_place_left_means_polling_and_the_newest_of_a_person_wins(desk):
    hub = hub_of(desk.app)
    most, hub.most = hub.most, PER_PERSON + 1
    try:
        with listening(desk, "wen") as first, listening(desk, "wen") as second, listening(desk, "wen") as third:
            for one in (first, second, third):
                assert one.next()[0] == "inbox"
            with listening(desk, "lin") as lin:
                assert lin.next()[0] == "inbox" and hub.taken == hub.most
                with listening(desk, "guo") as guo:
                    assert guo.next() == ("poll", {}) and guo.next() is None
                with listening(desk, "wen") as fourth:
                    assert fourth.next()[0] == "inbox"
                    assert first.next() == ("poll", {}) and first.next() is None
                    notify(desk, "wen", "live:4")
                    assert {one.next()[0] for one in (second, third, fourth)} == {"inbox"}
        assert hub.taken == 0
    finally:
        hub.most = most


def test_polling_tells_the_same(desk):
    task = desk.api("wen").make(title="Fence 5")
    name = f"task/{task['id']}"
    first = polled(desk, "wen", name).json
    assert [m["event"] for m in first["messages"]] == ["record", "inbox"] and first["again"] > 0
    assert [m for m in polled(desk, "wen", name, after=first["after"]).json["messages"] if m["data"]["n"] > first["after"]] == []
    desk.api("wen").patch(f"/records/task/{task['id']}", {"fields": {"details": "x"}}, version=1)
    notify(desk, "wen", "live:5")
    second = polled(desk, "wen", name, after=first["after"]).json
    new = [m for m in second["messages"] if m["data"]["n"] > first["after"]]
    assert [m["event"] for m in new] == ["record", "inbox"] and new[0]["data"]["version"] == 2
    assert second["after"] > first["after"]


def test_who_comes_back_hears_what_was_missed(desk):
    task = desk.api("wen").make(title="Fence 6")
    after = polled(desk, "wen").json["after"]
    desk.api("wen").patch(f"/records/task/{task['id']}", {"fields": {"details": "x"}}, version=1)
    with listening(desk, "wen", f"task/{task['id']}", after=after) as wen:
        kind, data = wen.next()
        assert kind == "record" and data["version"] == 2


def test_a_record_that_follows_from_another_is_told_too(desk):
    from runtime.records import events

    task = desk.api("wen").make(title="Fence 7")
    with listening(desk, "wen", f"task/{task['id']}") as wen:
        wen.drain(2)
        with desk.ctx() as ctx:
            events.write(ctx, events.DERIVED, "task", [(task["id"], {})])
        assert wen.next()[1]["kinds"] == ["record_derived"]


def test_a_stream_holds_no_transaction_and_idle_looks_are_one_statement(desk):
    with listening(desk, "wen") as wen:
        wen.next()
        done = threading.Event()
        threading.Timer(0.3, done.set).start()
        with count_statements(desk.app.extensions["fangyuan"].tenants.get(desk.slug)[1]) as counted:
            done.wait()
        assert counted.total >= 2 and all("max(" in s for s in counted.statements)


def test_many_changes_are_told_once(desk):
    task = desk.api("wen").make(title="Fence 8")
    after = polled(desk, "wen").json["after"]
    for version in range(1, 6):
        desk.api("wen").patch(f"/records/task/{task['id']}", {"fields": {"details": str(version)}}, version=version)
    new = [m for m in polled(desk, "wen", f"task/{task['id']}", after=after).json["messages"] if m["data"].get("n", 0) > after]
    assert len(new) == 1 and new[0]["data"]["version"] == 6


def test_ids_that_were_left_out_are_looked_for_again(tmp_path: Path):
    from runtime.live.hub import _Loop
    from runtime.live.news import Happened

    class Home:
        dialect, key = "postgresql", "x"

    loop = _Loop(hubs.Hub(1), Home())
    loop._note([Happened(5, "a", None, None, None), Happened(8, "a", None, None, None)], 4)
    assert loop.cursor == 8 and set(loop.gaps) == {6, 7}
    loop._note([Happened(7, "a", None, None, None)], 8)
    assert loop.cursor == 8 and set(loop.gaps) == {6}
    loop.gaps[6] -= 100
    loop._note([], 8)
    assert loop.gaps == {}
