"""The dialogs over a list: what they ask, what they say would come of it, that they write nothing, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from kernel.platform.database import count_statements
from tests.factories.desk import Desk
from tests.factories.platform import csrf_of
from tests.factories.work import work


def post(desk: Desk, login: str, path: str, **form: Any) -> TestResponse:
    browser = desk.browser(login)
    headers = {"X-CSRFToken": csrf_of(browser, desk.app, desk.slug), "HX-Request": "true"}
    return browser.post(f"/t/{desk.slug}/e/task/{path}", data=form, headers=headers)


def ids(*records: dict[str, Any]) -> list[str]:
    return [f"{r['id']}@{r['version']}" for r in records]


def test_the_bar_offers_what_may_be_done(desk: Desk) -> None:
    for login in ("wen", "chen", "guo"):
        desk.api("wen").make()
        page = desk.browser(login).get(f"/t/{desk.slug}/e/task").text
        offered = [act for act in ("update", "transition", "assign", "delete") if f"/e/task/bulk/{act}" in page]
        assert offered == {"wen": ["update", "transition"], "chen": ["update", "transition", "assign", "delete"], "guo": []}[login]


def test_fields_are_chosen_then_looked_at(desk: Desk) -> None:
    wen = desk.api("wen")
    good, bad = wen.make(), wen.make()
    first = post(desk, "wen", "bulk/update", ids=ids(good, bad))
    assert first.status_code == 200 and 'value="effort"' in first.text
    assert not any(f'value="{key}"' in first.text for key in ("code", "lines", "attachment", "grade", "secret", "weight")), "unique, rows, files, closed and hidden ones"
    picked = post(desk, "wen", "bulk/update", ids=ids(good, bad), add="tags")
    assert 'name="op-tags"' in picked.text and 'value="add"' in picked.text
    empty = post(desk, "wen", "bulk/update", ids=ids(good, bad), pick="effort", **{"op-effort": "set", "effort": " ", "go": "preview"})
    assert "Say what it becomes" in empty.text
    wrong = post(desk, "wen", "bulk/update", ids=ids(good, bad), pick="effort", effort="many", go="preview")
    assert "0 can be done" in wrong.text and "Nothing of this can be done" in wrong.text and "Effort: " in wrong.text
    wen.patch(f"/records/task/{bad['id']}", {"fields": {"effort": "1"}}, version=1)
    ahead = post(desk, "wen", "bulk/update", ids=ids(good, bad), pick="effort", effort="7", go="preview")
    assert "1 can be done" in ahead.text and "Somebody changed it in the meantime" in ahead.text and "Change 1" in ahead.text
    assert wen.get(f"/records/task/{good['id']}").json["version"] == 1, "nothing was written"


def test_steps_are_those_of_the_selection_and_say_what_is_missing(desk: Desk) -> None:
    wen = desk.api("wen")
    one, two = wen.make(effort="9"), wen.make(effort="1")
    shown = post(desk, "wen", "bulk/transition", ids=ids(one, two))
    assert 'value="start"' in shown.text and "2 from Open" in shown.text and 'value="finish"' not in shown.text and 'value="drop"' not in shown.text
    ready = [wen.post(f"/records/task/{r['id']}/transitions/start", {}, version=1).json for r in (one, two)]
    asked = post(desk, "wen", "bulk/transition", ids=ids(*ready), step="finish")
    assert "Asked once" in asked.text and 'name="why"' in asked.text and "only where it is still empty" in asked.text
    lacking = post(desk, "wen", "bulk/transition", ids=ids(*ready), step="finish", details="x", why="", go="preview")
    assert "is needed" in lacking.text and 'name="why"' in lacking.text
    ahead = post(desk, "wen", "bulk/transition", ids=ids(*ready), step="finish", details="all", why="done", go="preview")
    assert "1 can be done" in ahead.text and "Effort of at least 5" in ahead.text and "be taken back by itself" in ahead.text
    done = post(desk, "wen", "bulk", act="transition", ids=ids(*ready), step="finish", details="all", why="done")
    assert done.status_code == 204 and "job=" in done.headers["HX-Redirect"]
    job = int(done.headers["HX-Redirect"].rsplit("=", 1)[1])
    page = desk.browser("wen").get(f"/t/{desk.slug}/jobs/{job}").text
    assert "1 done, 1 refused" in page and "Effort of at least 5" in page
    said = desk.browser("wen").get(f"/t/{desk.slug}/jobs/{job}/said").json
    assert said["undo"] is None and said["dialog"].endswith(f"/jobs/{job}")


def test_all_that_match_and_a_button_pressed_twice(desk: Desk) -> None:
    chen = desk.api("chen")
    for _n in range(60):
        chen.make(count=41)
    path = "bulk/update?f=count.eq.41"
    ahead = post(desk, "chen", path, all="1", pick="effort", effort="3", go="preview")
    assert "60 can be done" in ahead.text and "background" in ahead.text
    sent = {"act": "update", "all": "1", "pick": "effort", "effort": "3", "_once": "pressed"}
    jobs = {post(desk, "chen", "bulk?f=count.eq.41", **sent).headers["HX-Redirect"] for _twice in range(2)}
    assert len(jobs) == 1
    job = int(jobs.pop().rsplit("=", 1)[1])
    assert 'hx-trigger="every 1s"' in desk.browser("chen").get(f"/t/{desk.slug}/jobs/{job}").text
    work(desk.app, desk.slug)
    listed = desk.browser("chen").get(f"/t/{desk.slug}/jobs").text
    assert "60 done" in listed
    browser = desk.browser("chen")
    undone = browser.post(f"/t/{desk.slug}/jobs/{job}/undo", headers={"X-CSRFToken": csrf_of(browser, desk.app, desk.slug), "X-Requested-With": "fetch"})
    assert undone.status_code == 200 and undone.json["job"] != job
    work(desk.app, desk.slug)
    assert "This was taken back" in browser.get(f"/t/{desk.slug}/jobs/{job}").text
    assert "60 done" in browser.get(undone.json["url"]).text


@pytest.mark.parametrize(("path", "form", "status", "words"), [
    ("bulk/paint", {"ids": "x"}, 404, ""),
    ("bulk/delete", {}, 400, "Nothing is selected"),
    ("bulk", {"act": "delete", "ids": "nonsense"}, 400, "Nothing is selected"),
    ("bulk", {"act": "paint"}, 404, ""),
    ("bulk", {"act": "delete", "all": "1"}, 400, "No record fits"),
    ("bulk/assign", {"ids": "0" * 8 + "-0000-7000-8000-" + "0" * 12, "owner": "", "go": "preview"}, 200, "Choose a person or a team"),
    ("bulk/assign", {"ids": "0" * 8 + "-0000-7000-8000-" + "0" * 12, "owner": "nobody", "go": "preview"}, 200, "may not see it"),
])
def test_what_is_refused_is_said(desk: Desk, path: str, form: dict[str, str], status: int, words: str) -> None:
    answer = post(desk, "chen", path + "?f=title.eq.no~such", **form)
    assert answer.status_code == status and words in answer.text, answer.text[:400]


def test_jobs_of_others_are_not_there(desk: Desk) -> None:
    wen = desk.api("wen")
    record = wen.make()
    done = post(desk, "wen", "bulk", act="update", ids=ids(record), pick="effort", effort="3")
    job = done.headers["HX-Redirect"].rsplit("=", 1)[1]
    for tail in ("", "/state", "/said", "/file"):
        assert desk.browser("chen").get(f"/t/{desk.slug}/jobs/{job}{tail}").status_code == 404
    assert desk.browser("wen").get(f"/t/{desk.slug}/jobs/{job}/file").status_code == 404, "no file comes of it"


def test_more_jobs_and_more_refusals_need_no_more_statements(desk: Desk) -> None:
    chen, browser = desk.api("chen"), desk.browser("chen")
    counts = []
    for n in (2, 20):
        made = [chen.make() for _ in range(n)]
        for record in made:
            chen.patch(f"/records/task/{record['id']}", {"fields": {"effort": "1"}}, version=1)
        job = post(desk, "chen", "bulk", act="update", ids=ids(*made), pick="effort", effort="9").headers["HX-Redirect"].rsplit("=", 1)[1]
        browser.get(f"/t/{desk.slug}/jobs/{job}")
        with count_statements(desk.home) as seen:
            assert browser.get(f"/t/{desk.slug}/jobs/{job}").status_code == 200
            assert browser.get(f"/t/{desk.slug}/jobs").status_code == 200
        counts.append(seen.total)
    assert counts[0] == counts[1]
