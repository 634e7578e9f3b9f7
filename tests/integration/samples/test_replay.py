"""Sample scripts: replayed in order of time in people's names; a bad step is named by its place and nothing stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from kernel.errors import Invalid
from kernel.model.elements import Sample
from kernel.platform import accounts
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from runtime.samples.replay import Played, replay
from tests.conftest import NOW
from tests.factories.desk import Desk, make_desk, settings_for


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with make_desk(settings_for("sqlite", tmp_path_factory.mktemp("samples"), None), FixedClock(NOW)) as desk:
        yield desk


def play(desk: Desk, *steps: Any, key: str = "one") -> Played:
    with desk.ctx() as ctx:
        script = Sample(uid=f"test:sample/{key}", key=key, steps=steps)
        return replay(ctx, [script], upload=lambda _ctx, path: path, password_hash="x", known={"east": ("team", desk.teams["east"])})


def test_a_story(desk: Desk) -> None:
    done = play(
        desk,
        {"at": "day -1 10:00", "do": "transition", "by": "zoe", "record": "fence", "transition": "start"},
        {"at": "day -3 09:00", "entity": "person", "ref": "zoe", "fields": {"name": "Zoe", "team": {"ref": "east"}}, "login": "zoe", "roles": ["worker"]},
        {
            "at": "day -2 09:15:30",
            "by": "zoe",
            "entity": "task",
            "ref": "fence",
            "fields": {"title": "Fence", "due": {"day": 3}, "starts": {"at": "day 1 08:00"}, "helpers": [{"ref": "zoe"}]},
        },
        {"at": "day -2 11:00", "do": "comment", "by": "zoe", "record": "fence", "text": "Rain."},
        {"at": "day -1 09:00", "do": "update", "by": "zoe", "record": "fence", "fields": {"lines": [{"fields": {"name": "Brush", "amount": "2"}}]}},
        {"at": "day 5 09:00", "do": "update", "by": "zoe", "record": "fence", "fields": {"title": "not yet"}},
    )
    assert done.people == (("zoe", ("worker",)),)
    seen = desk.api("chen").get("/records/task?where=title%20%3D%20%22Fence%22").json["items"][0]
    assert (seen["created_at"], seen["state"], seen["state_since"]) == ("2026-11-22T01:15:30Z", "doing", "2026-11-23T02:00:00Z")
    assert (seen["fields"]["due"], seen["fields"]["starts"], seen["owner"]["label"], seen["team"]["label"]) == (
        "2026-11-27",
        "2026-11-25T00:00:00Z",
        "Zoe",
        "East",
    )
    history = desk.api("chen").get(f"/records/task/{seen['id']}/history").json["items"]
    assert [(e["kind"], e["channel"], e["actor"]["label"]) for e in history] == [(k, "sample", "Zoe") for k in ("transition", "update", "create")]
    with desk.home.read() as conn:
        found = accounts.find_by_login(conn, "zoe")
        assert found is not None and accounts.roles_of(conn, found.person_id) == {"worker"}


BAD: tuple[tuple[dict[str, Any], str], ...] = (
    ({"at": "yesterday", "entity": "task"}, "one.steps[0].at"),
    ({"entity": "task"}, "one.steps[0].at"),
    ({"at": "day 0 25:00", "entity": "task"}, "one.steps[0].at"),
    ({"at": "day 999999", "entity": "task"}, "one.steps[0].at"),
    ({"at": "day 0", "do": "fly", "entity": "task"}, "one.steps[0]"),
    ({"at": "day 0", "do": "run"}, "one.steps[0]"),
    ({"at": "day 0"}, "one.steps[0].entity"),
    ({"at": "day 0", "entity": 7}, "one.steps[0].entity"),
    ({"at": "day 0", "entity": "nothing"}, "one.steps[0]"),
    ({"at": "day 0", "entity": "task", "fields": []}, "one.steps[0].fields.title"),
    ({"at": "day 0", "entity": "task", "fields": "x"}, "one.steps[0].fields"),
    ({"at": "day 0", "entity": "task", "fields": {"title": 7}}, "one.steps[0].fields.title"),
    ({"at": "day 0", "entity": "task", "fields": {"title": "x", "nonsense": 1}}, "one.steps[0].fields.nonsense"),
    ({"at": "day 0", "entity": "task", "fields": {"title": "x", "due": {"day": "soon"}}}, "one.steps[0].fields.due"),
    ({"at": "day 0", "entity": "task", "fields": {"title": "x", "due": {"day": 10**9}}}, "one.steps[0].fields.due"),
    ({"at": "day 0", "entity": "task", "fields": {"title": "x", "project": {"ref": "nobody"}}}, "one.steps[0].fields.project"),
    ({"at": "day 0", "entity": "task", "fields": {"title": "x", "project": {"ref": []}}}, "one.steps[0].fields.project"),
    ({"at": "day 0", "entity": "task", "by": "nobody", "fields": {"title": "x"}}, "one.steps[0].by"),
    ({"at": "day 0", "entity": "task", "by": "east", "fields": {"title": "x"}}, "one.steps[0].by"),
    ({"at": "day 0", "entity": "task", "owner": "nobody", "fields": {"title": "x"}}, "one.steps[0].owner"),
    ({"at": "day 0", "entity": "task", "ref": ["x"], "fields": {"title": "x"}}, "one.steps[0].ref"),
    ({"at": "day 0", "do": "update", "record": "nobody"}, "one.steps[0].record"),
    ({"at": "day 0", "do": "update", "record": {}}, "one.steps[0].record"),
    ({"at": "day 0", "do": "transition", "record": "east"}, "one.steps[0].transition"),
    ({"at": "day 0", "do": "transition", "record": "east", "transition": "fly"}, "one.steps[0]"),
    ({"at": "day 0", "entity": "person", "fields": {"name": "Q"}, "login": "q", "roles": ["king"]}, "one.steps[0].roles"),
    ({"at": "day 0", "entity": "person", "fields": {"name": "Q"}, "login": "q", "roles": {"x": 1}}, "one.steps[0].roles"),
    ({"at": "day 0", "entity": "person", "fields": {"name": "Q"}, "login": {"x": 1}}, "one.steps[0].login"),
    ({"at": "day 0", "entity": "person", "fields": {"name": "Q"}, "login": "wen"}, "one.steps[0].login"),
)


@pytest.mark.parametrize(("step", "path"), BAD, ids=range(len(BAD)))
def test_a_bad_step_is_named_by_its_place(desk: Desk, step: dict[str, Any], path: str) -> None:
    before = _counts(desk)
    with pytest.raises(Invalid) as refused:
        play(desk, step, {"at": "day -1", "entity": "project", "fields": {"name": "must not stay"}})
    assert [p.path for p in refused.value.problems] == [path], refused.value.problems
    assert all(str(p.message) for p in refused.value.problems)
    assert _counts(desk) == before


def _counts(desk: Desk) -> tuple[int, ...]:
    with desk.home.read() as conn:
        return tuple(conn.execute(select(func.count()).select_from(table)).scalar_one() for table in (t.change_log, t.event, t.account, t.comment))
