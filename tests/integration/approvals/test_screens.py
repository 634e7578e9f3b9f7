"""Approvals on screens: requests, dialogs, the inbox, several at once, and what a seat shows of a record that is not mine to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kernel.platform.clock import FixedClock
from kernel.platform.database import count_statements
from tests.conftest import NOW
from tests.factories.desk import settings_for
from tests.factories.platform import csrf_of
from tests.integration.approvals.world import STEPS, World, make_world


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    steps = {**STEPS, "keeper": {**STEPS["keeper"], "due": 24}}
    with make_world(settings_for(request.param, tmp_path_factory.mktemp("approvals"), url), FixedClock(NOW), steps, shows=["title", "effort", "lines"]) as found:
        yield found


def get(world: World, login: str, path: str, **more: Any) -> Any:
    return world.desk.browser(login).get(f"/t/{world.desk.slug}{path}", **more)


def post(world: World, login: str, path: str, data: Any = None, *, htmx: bool = False, **more: Any) -> Any:
    browser = world.desk.browser(login)
    headers = {"X-CSRFToken": csrf_of(browser, world.desk.app, world.desk.slug), **({"HX-Request": "true"} if htmx else {})}
    return browser.post(f"/t/{world.desk.slug}{path}", data=data or {}, headers=headers, **more)


def test_the_dialog_of_a_step_says_who_will_be_asked(world: World) -> None:
    id_ = world.make(effort=200)
    text = get(world, "wen", f"/e/task/{id_}/do/send").text
    assert "Who will be asked" in text and "Mei" in text and "Chen" in text and "Send for approval" in text and 'name="_note"' in text
    small = get(world, "wen", f"/e/task/{world.make(effort=50)}/do/send").text
    assert "Chen" not in small


def test_a_request_by_form_waits_and_says_so(world: World) -> None:
    id_ = world.make()
    answer = post(world, "wen", f"/e/task/{id_}/do/send", {"why": "x", "_note": "please", "_version": 1}, htmx=True)
    assert answer.status_code == 200 and "sent for approval" in answer.headers["HX-Trigger"] and world.state(id_) == "open"
    page = get(world, "wen", f"/e/task/{id_}").text
    assert "In approval" in page and "waits for Mei" in page and "please" in page and "Withdraw" in page and "start again" in page
    again = post(world, "wen", f"/e/task/{id_}/do/send", {"why": "x", "_version": 1}, htmx=True)
    assert again.status_code == 409 and "Approval is under way" in again.text


def test_a_refused_request_keeps_what_was_typed(world: World) -> None:
    id_ = world.make(effort=1)
    answer = post(world, "wen", f"/e/task/{id_}/do/send", {"why": "kept answer", "_note": "kept note", "_version": 1}, htmx=True)
    assert answer.status_code == 409 and "kept answer" in answer.text and "kept note" in answer.text
    long = post(world, "wen", f"/e/task/{world.make()}/do/send", {"why": "x", "_note": "n" * 2001, "_version": 1}, htmx=True)
    assert long.status_code == 422 and "At most 2000" in long.text


def test_every_act_has_a_dialog_and_refusals_stay_in_it(world: World) -> None:
    _id, case = world.ask()
    for verb in ("approve", "decline", "return", "pass_on", "add"):
        assert get(world, "mei", f"/approvals/{case}/{verb}").status_code == 200
    assert get(world, "mei", f"/approvals/{case}/explode").status_code == 404
    assert post(world, "mei", f"/approvals/{case}/explode").status_code == 404
    empty = post(world, "mei", f"/approvals/{case}/decline", {"note": " "}, htmx=True)
    assert empty.status_code == 422 and "Say why." in empty.text
    nobody = post(world, "mei", f"/approvals/{case}/pass_on", {"note": "over to you", "to": "not-an-id"}, htmx=True)
    assert nobody.status_code == 422 and "over to you" in nobody.text
    foreign = post(world, "mei", f"/approvals/{case}/approve", {"note": "typed", "files": "01900000-0000-7000-8000-000000000000"}, htmx=True)
    assert foreign.status_code == 422 and "typed" in foreign.text and world.waiting(case) == ["mei"]
    done = post(world, "mei", f"/approvals/{case}/approve", {"note": "ok", "seen": world.case(case).record_version}, htmx=True)
    assert done.status_code == 200 and done.headers["HX-Redirect"].endswith("/approvals")
    late = post(world, "mei", f"/approvals/{case}/approve", {"note": "again"}, htmx=True)
    assert late.status_code == 409 and "approved already" in late.text


def test_what_was_looked_at_is_what_is_decided(world: World) -> None:
    id_, case = world.ask()
    seen = world.case(case).record_version
    world.update(id_, title="Paint it twice")
    answer = post(world, "mei", f"/approvals/{case}/approve", {"seen": seen, "note": "mine"}, htmx=True)
    assert answer.status_code == 409 and "changed since you looked" in answer.text and "mine" in answer.text and world.waiting(case) == ["mei"]


def test_a_seat_shows_only_what_the_step_shows(world: World) -> None:
    """``out`` has no right to tasks at all; a seat lets them see the fields the step names while the case is open, and nothing else."""
    id_, case = world.ask(details="a private detail", lines=[{"fields": {"name": "one line", "amount": "3"}}])
    assert get(world, "out", f"/approvals/{case}").status_code == 404
    world.act("mei", case, "pass_on", to="out")
    page = get(world, "out", f"/approvals/{case}").text
    assert "Paint" in page and "one line" in page and "a private detail" not in page and "Open the record" not in page
    assert get(world, "out", f"/e/task/{id_}").status_code == 404
    assert "Paint" in get(world, "out", "/approvals").text
    with world.ctx("out") as ctx:
        from runtime.notices import inbox

        assert [n.title for n in inbox.entries(ctx, tasks=True) if n.data.get("case") == case] == ["Paint"]
    world.act("out", case, "approve")
    after = get(world, "out", f"/approvals/{case}").text
    assert "one line" not in after and "can&#39;t see any more" in after
    assert get(world, "lin", f"/approvals/{case}").status_code == 404


def test_files_go_with_a_decision_and_are_read_by_seat(world: World) -> None:
    _id, case = world.ask()
    body = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="plan.txt"\r\n\r\nwords\r\n--cut--\r\n'
    file = world.desk.api("mei").post("/files", data=body, content_type="multipart/form-data; boundary=cut").json["id"]
    world.act("mei", case, "add", to="out", files=[])
    post(world, "mei", f"/approvals/{case}/approve", {"note": "see the plan", "files": file})
    assert "plan.txt" in get(world, "out", f"/approvals/{case}").text
    with get(world, "out", f"/files/{file}") as mine, get(world, "lin", f"/files/{file}") as foreign:
        assert (mine.status_code, foreign.status_code) == (200, 404)


def test_the_inbox_has_three_tabs_and_counts(world: World) -> None:
    _id, case = world.ask(title="Look at the inbox")
    assert "Look at the inbox" in get(world, "mei", "/approvals").text
    assert f"/approvals/{case}" in get(world, "mei", "/inbox").text
    assert "Look at the inbox" in get(world, "wen", "/approvals?tab=mine").text
    assert "Look at the inbox" not in get(world, "mei", "/approvals?tab=decided").text
    assert "Look at the inbox" in get(world, "mei", "/").text
    world.act("mei", case, "decline", "no")
    assert "Look at the inbox" in get(world, "mei", "/approvals?tab=decided").text
    assert get(world, "mei", "/approvals?tab=nonsense&before=x").status_code == 200


def test_several_at_once_each_with_its_result(world: World) -> None:
    made = [world.ask(title=f"Several {n}") for n in range(3)]
    cases = [c for _i, c in made]
    world.act("wen", cases[2], "withdraw")
    first = post(world, "mei", "/approvals/several", {"verb": "approve", "ids": cases}, htmx=True)
    assert first.status_code == 200 and "Several 0" in first.text and "One note" in first.text and world.state(made[0][0]) == "open"
    done = post(world, "mei", "/approvals/several", {"verb": "approve", "ids": cases, "note": "all fine", "go": "1"}, htmx=True)
    assert "2 of 3 done" in done.text and "The request was withdrawn." in done.text
    assert [world.state(i) for i, _c in made] == ["doing", "doing", "open"]
    nothing = post(world, "mei", "/approvals/several", {"verb": "decline", "ids": [world.ask()[1]], "go": "1"}, htmx=True)
    assert nothing.status_code == 422 and "Say why." in nothing.text
    assert post(world, "mei", "/approvals/several", {"verb": "explode", "ids": cases}, htmx=True).status_code == 400
    assert post(world, "mei", "/approvals/several", {"verb": "approve"}, htmx=True).status_code == 400
    foreign = post(world, "guo", "/approvals/several", {"verb": "approve", "ids": cases, "go": "1"}, htmx=True)
    assert "0 of 0 done" in foreign.text


def test_nobody_decides_about_what_they_did_not_see(world: World) -> None:
    id_, case = world.ask(title="Moving target")
    page = get(world, "mei", f"/approvals/{case}").text
    assert f"/approvals/{case}/approve?seen=1" in page and 'data-version="1"' in get(world, "mei", "/approvals").text
    world.update(id_, effort=20)
    stale = get(world, "mei", f"/approvals/{case}/approve?seen=1").text
    assert "was changed since you looked" in stale and "Look at it again" in stale and 'type="submit"' not in stale.split("act-dialog")[1]
    kept = post(world, "mei", f"/approvals/{case}/approve", {"seen": "1", "note": "x"}, htmx=True)
    assert kept.status_code == 409 and "Look at it again" in kept.text
    asked = post(world, "mei", "/approvals/several", {"verb": "approve", "ids": [f"{case}@1"]}, htmx=True)
    assert f'value="{case}@1"' in asked.text
    done = post(world, "mei", "/approvals/several", {"verb": "approve", "ids": [f"{case}@1"], "go": "1"}, htmx=True)
    assert "0 of 1 done" in done.text and "was changed since you looked" in done.text and world.state(id_) == "open"
    again = post(world, "mei", f"/approvals/{case}/approve", {"seen": "2"}, htmx=True)
    assert again.status_code == 200 and world.state(id_) == "doing"


def test_a_board_asks_first(world: World) -> None:
    id_ = world.make(title="Dragged")
    browser = world.desk.browser("wen")
    headers = {"X-CSRFToken": csrf_of(browser, world.desk.app, world.desk.slug)}
    answer = browser.post(f"/t/{world.desk.slug}/e/task/board/move", json={"id": id_, "to": "doing", "version": 1}, headers=headers)
    assert answer.status_code == 409 and answer.json["dialog"].endswith(f"/e/task/{id_}/do/send?stay=1") and world.state(id_) == "open"
    world.send(id_)
    assert "Approval is under way" in get(world, "wen", "/e/task/board/open").text


def test_absence_is_named_and_ended(world: World) -> None:
    _id, case = world.ask()
    wrong = post(world, "mei", "/settings/absence", {"substitute": world.people["mei"], "from": "2026-11-20", "to": "2026-11-30"})
    assert wrong.status_code == 422 and "themselves" in wrong.text
    assert post(world, "mei", "/settings/absence", {"substitute": world.people["lin"], "from": "x", "to": ""}).status_code == 422
    fine = post(world, "mei", "/settings/absence", {"substitute": world.people["lin"], "from": "2026-11-20", "to": "2027-01-30"})
    assert fine.status_code == 303 and world.waiting(case) == ["lin", "mei"], "what waits already goes to the substitute, too"
    page = get(world, "mei", "/settings/absence").text
    assert "Lin stands in" in page
    end = page.split("/settings/absence/")[1].split("/end")[0]
    assert post(world, "lin", f"/settings/absence/{end}/end").status_code == 404
    assert post(world, "mei", f"/settings/absence/{end}/end").status_code == 303
    assert "Lin stands in" not in get(world, "mei", "/settings/absence").text
    by_admin = {"person": world.people["wen"], "substitute": world.people["lin"], "from": "2026-12-20", "to": "2027-01-30"}
    assert post(world, "chen", "/settings/absence", by_admin).status_code == 303
    assert "Wen" in get(world, "chen", "/settings/absence").text and "Lin stands in" in get(world, "wen", "/settings/absence").text


def test_the_timeline_tells_what_happened(world: World) -> None:
    id_, case = world.ask()
    world.act("mei", case, "return", "which colour?")
    page = get(world, "wen", f"/e/task/{id_}").text
    assert "asked for approval: Send" in page and "returned: Send" in page and "which colour?" in page


def test_statements_do_not_grow_with_cases(world: World) -> None:
    def count(path: str) -> int:
        browser = world.desk.browser("mei")
        browser.get(f"/t/{world.desk.slug}{path}")
        with count_statements(world.desk.home) as counted:
            assert browser.get(f"/t/{world.desk.slug}{path}").status_code == 200
        return len(counted.statements)

    world.ask()
    few = count("/approvals")
    for _n in range(6):
        world.ask()
    assert count("/approvals") == few
