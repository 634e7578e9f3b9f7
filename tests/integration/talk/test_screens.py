"""The conversation on the record page: what is typed comes out as text, filters filter, pages follow each other, and costs stay fixed."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from kernel.platform.database import count_statements
from runtime.web import timeline
from tests.conftest import NOW
from tests.factories.desk import Desk
from tests.factories.platform import csrf_of
from tests.integration.api.test_files import upload
from tests.integration.talk.conftest import told


def page(desk: Desk, login: str, path: str, **more: Any) -> str:
    """A page, or the part that htmx asks for."""
    answer = desk.browser(login).get(f"/t/{desk.slug}/e/{path}", **more)
    assert answer.status_code == 200, answer.text
    return answer.text


def post(desk: Desk, login: str, path: str, data: dict[str, Any], *, htmx: bool = True) -> Any:
    browser: FlaskClient = desk.browser(login)
    headers = {"X-CSRFToken": csrf_of(browser, desk.app, desk.slug), **({"HX-Request": "true"} if htmx else {})}
    return browser.post(f"/t/{desk.slug}/e/{path}", data=data, headers=headers)


def entries(html: str) -> list[str]:
    """The ids of the entries, in order."""
    return re.findall(r'<li[^>]* id="e-([0-9a-f-]{36})"', html)


def next_page(html: str) -> str | None:
    found = re.search(r'href="(/t/[^"]+/history\?[^"]+)"', html)
    return unescape(found[1]).split("/e/", 1)[1] if found else None


def test_what_is_typed_comes_out_as_text(desk: Desk) -> None:
    task = desk.api("wen").make()
    body = '<script>alert(1)</script>\n"><img src=x onerror=1> javascript:alert(1) https://a.example/<b>?q="1" (https://b.example/x).\n> said & done'
    answer = post(desk, "guo", f"task/{task['id']}/comments", {"body": body})
    assert answer.status_code == 200
    for html in (answer.text, page(desk, "wen", f"task/{task['id']}")):
        assert "<script>alert" not in html and "<img src=x" not in html and "<b>?q" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt;\n&#34;&gt;&lt;img" in html
        links = re.findall(r'<a href="(http[^"]+)" rel="noopener noreferrer nofollow" target="_blank">', html)
        assert links == ["https://a.example/", "https://b.example/x"] and 'href="javascript' not in html
        assert '<span class="quote">said &amp; done</span>' in html
    # The quotation kept for a reply is an attribute, and stays one.
    assert 'onerror=1' not in re.sub(r'data-quote="[^"]*"|>[^<]*<', "", answer.text)


def test_names_chosen_while_typing_become_people(desk: Desk) -> None:
    task = desk.api("wen").make()
    ids = [desk.people["mei"], desk.people["chen"]]
    answer = post(desk, "guo", f"task/{task['id']}/comments", {"body": "@Mei look, not @Meier, and @Lin", "mention": ids})
    assert '<span class="mention">@Mei</span> look, not @Meier, and @Lin' in answer.text
    assert told(desk, task["id"]) == {("mei", "mention"), ("wen", "commented")}, "chen's name was taken out again, lin was never chosen"
    refused = post(desk, "guo", f"task/{task['id']}/comments", {"body": "@Lin look", "mention": [desk.people["lin"]]})
    assert refused.status_code == 422 and refused.headers["HX-Retarget"] == "#comment-form"
    assert "Lin can&#39;t see this record" in refused.text and "@Lin look" in refused.text, "nothing that was typed is lost"
    assert f'name="mention" value="{desk.people["lin"]}"' in refused.text


def test_who_may_be_named(desk: Desk) -> None:
    task = desk.api("wen").make()
    browser = desk.browser("guo")

    def ask(q: str) -> dict[str, bool]:
        options = browser.get(f"/t/{desk.slug}/e/task/{task['id']}/people?q={q}").json["options"]
        return {o["text"]: o["refused"] for o in options}

    assert ask("")["Wen"] is False and next(iter(ask(""))) == "Wen", "the owner comes first"
    assert ask("lin") == {"Lin": True} and ask("me") == {"Mei": False} and ask("nobody") == {} and ask("%25") == {}
    assert desk.browser("lin").get(f"/t/{desk.slug}/e/task/{task['id']}/people?q=").status_code == 404


def test_change_delete_and_react_on_the_page(desk: Desk) -> None:
    task = desk.api("wen").make()
    base = f"task/{task['id']}/comments"
    post(desk, "wen", base, {"body": "frist @Mei", "mention": desk.people["mei"], "files": upload(desk.api("wen"))["id"]})
    (comment,) = (c["id"] for c in desk.api("wen").get(f"/records/task/{task['id']}/comments").json["items"])
    box = page(desk, "wen", f"{base}/{comment}/edit")
    assert "frist @Mei" in box and f'value="{desk.people["mei"]}" data-name="Mei"' in box and "notes.txt" in box
    for path in (f"{base}/{comment}/edit",):
        assert desk.browser("guo").get(f"/t/{desk.slug}/e/{path}").status_code == 403
    changed = post(desk, "wen", f"{base}/{comment}", {"body": "first @Mei", "mention": desk.people["mei"]})
    assert '<span class="mention">@Mei</span>' in changed.text and "edited" in changed.text and "notes.txt" not in changed.text
    reacted = post(desk, "guo", f"{base}/{comment}/react", {"key": "good", "on": "1"})
    assert 'aria-label="Good: Guo"' in reacted.text and 'aria-pressed="true"' in reacted.text
    assert 'aria-pressed="true"' not in post(desk, "guo", f"{base}/{comment}/react", {"key": "good", "on": "0"}).text
    assert post(desk, "guo", f"{base}/{comment}/react", {"key": "x", "on": "1"}).status_code == 422
    assert post(desk, "guo", f"{base}/{comment}/delete", {}).status_code == 403
    gone = post(desk, "wen", f"{base}/{comment}/delete", {})
    assert "This comment was deleted." in gone.text and "first" not in gone.text
    assert "This comment was deleted." in page(desk, "guo", f"task/{task['id']}")


def test_without_script(desk: Desk) -> None:
    task = desk.api("wen").make()
    base = f"task/{task['id']}"
    written = post(desk, "wen", f"{base}/comments", {"body": "plain"}, htmx=False)
    assert written.status_code == 303 and "#e-" in written.headers["Location"]
    (comment,) = (c["id"] for c in desk.api("wen").get(f"/records/{base}/comments").json["items"])
    for path, data in ((f"comments/{comment}", {"body": "plainer"}), (f"comments/{comment}/react", {"key": "good", "on": "1"}), ("follow", {"on": "0"})):
        assert post(desk, "wen", f"{base}/{path}", data, htmx=False).status_code == 303
    assert post(desk, "wen", f"{base}/comments", {"body": " "}, htmx=False).status_code == 422
    assert "plainer" in page(desk, "wen", f"{base}?show=comments")


def test_filters(desk: Desk) -> None:
    wen, chen = desk.api("wen"), desk.api("chen")
    task = wen.make(title="One")
    url = f"/records/task/{task['id']}"
    wen.patch(url, {"fields": {"title": "Two"}}, version=1)
    chen.post(f"{url}/transitions/start", {}, version=2)
    chen.patch(url, {"fields": {"attachment": upload(chen)["id"]}}, version=3)
    plain = chen.post(f"{url}/comments", {"body": "plain words"}).json["id"]
    filed = wen.post(f"{url}/comments", {"body": "with a file", "files": [upload(wen)["id"]]}).json["id"]
    log = {e["kind"] + (e["actor"]["label"] or ""): e["id"] for e in wen.get(f"{url}/history").json["items"]}
    expected = {
        "all": {plain, filed, *log.values()}, "comments": {plain, filed}, "steps": {log["transitionChen"]},
        "changes": {log["createWen"], log["updateWen"], log["updateChen"]}, "files": {filed, log["updateChen"]}}
    for show, ids in expected.items():
        assert set(entries(page(desk, "wen", f"task/{task['id']}/timeline?show={show}"))) == ids, show
    assert set(entries(page(desk, "wen", f"task/{task['id']}/timeline?by={desk.people['chen']}"))) == {plain, log["transitionChen"], log["updateChen"]}
    both = page(desk, "wen", f"task/{task['id']}/timeline?by={desk.people['chen']}&show=comments")
    assert entries(both) == [plain] and "Everybody again" in both
    assert set(entries(page(desk, "wen", f"task/{task['id']}/timeline?show=nonsense&by=x"))) == expected["all"]
    # The page itself takes the same parameters, for people without script and for bookmarks.
    assert set(entries(page(desk, "wen", f"task/{task['id']}?show=steps"))) == expected["steps"]


def test_hidden_fields_are_no_news(desk: Desk) -> None:
    chen = desk.api("chen")
    task = chen.make(title="One", secret="the-old-one")
    chen.patch(f"/records/task/{task['id']}", {"fields": {"secret": "the-new-one"}}, version=1)
    html = page(desk, "guo", f"task/{task['id']}")
    assert len(entries(html)) == 1 and "the-new-one" not in html and "the-old-one" not in html
    assert "the-new-one" in page(desk, "chen", f"task/{task['id']}")
    assert entries(page(desk, "guo", f"task/{task['id']}/timeline?show=changes&by={desk.people['chen']}")) == entries(html)


def test_changes_of_one_minute_are_folded(desk: Desk) -> None:
    wen, chen = desk.api("wen"), desk.api("chen")
    task = wen.make(title="0")
    url = f"/records/task/{task['id']}"
    try:
        for n, (seconds, api) in enumerate(((100, wen), (110, wen), (120, wen), (125, chen), (300, chen)), 1):
            desk.clock.set(NOW + timedelta(seconds=seconds))
            assert api.patch(url, {"fields": {"title": str(n), "effort": n}}, version=n).status_code == 200
        html = page(desk, "wen", f"task/{task['id']}")
        assert html.count("timeline-fold") == 1 and "3 changes" in html and re.search("<summary>Title, [^<]*Effort[^<]*</summary>", html)
        assert len(entries(html)) == 6, "every entry can be linked to"
        inner = entries(html)[3]
        assert '<details class="timeline-fold" open>' in page(desk, "wen", f"task/{task['id']}?at={inner}")
    finally:
        desk.clock.set(NOW)


def test_pages_follow_each_other_and_cost_the_same(desk: Desk) -> None:
    wen, guo = desk.api("wen"), desk.api("guo")
    task = wen.make(title="0")
    url = f"/records/task/{task['id']}"
    version = 1
    try:
        for n in range(1, 66):
            desk.clock.set(NOW + timedelta(minutes=n * 2))
            if n % 3:
                version = wen.patch(url, {"fields": {"title": str(n)}}, version=version).json["version"]
            else:
                made = guo.post(f"{url}/comments", {"body": f"note {n}", "files": [upload(guo)["id"]]}).json["id"]
                wen.call("PUT", f"{url}/comments/{made}/reactions/good")
        seen: list[str] = []
        counts = []
        path: str | None = f"task/{task['id']}/timeline"
        while path:
            with count_statements(desk.home) as count:
                html = page(desk, "wen", path)
            counts.append(count.total)
            assert len(entries(html)) <= timeline.PAGE
            seen += entries(html)
            path = next_page(html)
        log = [e["id"] for e in wen.get(f"{url}/history?limit=500").json["items"]]
        notes = [c["id"] for c in wen.get(f"{url}/comments?limit=500").json["items"]]
        assert sorted(seen) == sorted([*log, *notes]) and len(seen) == 66, "each entry once"
        assert seen == sorted(seen, reverse=True), "newest first"
        assert max(counts) <= counts[0]
        # A link to an old entry shows it, and the way back up.
        old = notes[-1]
        html = page(desk, "wen", f"task/{task['id']}?at={old}")
        assert entries(html)[0] == old and "Show the newest" in html and f'class="timeline-entry comment is-asked" id="e-{old}"' in html
        rest = entries(page(desk, "wen", str(next_page(html)))) if next_page(html) else []
        assert set(entries(html) + rest) == {i for i in seen if i <= old}
        assert "Show the newest" not in page(desk, "wen", f"task/{task['id']}?at={seen[3]}")
        assert entries(page(desk, "wen", f"task/{task['id']}?at={desk.people['wen']}")) == seen[: timeline.PAGE]
    finally:
        desk.clock.set(NOW)


@pytest.mark.parametrize("cursor", ["x", "1~2~3", "~~", "1~2026-01-01T00:00:00~", "9999999999999~2026-01-01T00:00:00+00:00~"])
def test_a_cursor_that_is_none_of_ours(desk: Desk, cursor: str) -> None:
    task = desk.api("wen").make()
    answer = desk.browser("wen").get(f"/t/{desk.slug}/e/task/{task['id']}/history", query_string={"cursor": cursor})
    assert answer.status_code == 400


def test_the_record_page_costs_the_same_with_more_around_it(desk: Desk) -> None:
    wen, guo = desk.api("wen"), desk.api("guo")
    small, large = wen.make(title="small"), wen.make(title="large")
    for task, times in ((small, 1), (large, 12)):
        for _n in range(times):
            made = guo.post(f"/records/task/{task['id']}/comments", {"body": f"@{{{desk.people['mei']}}}", "files": [upload(guo)["id"]]}).json["id"]
            wen.call("PUT", f"/records/task/{task['id']}/comments/{made}/reactions/good")
    counts = []
    for task in (small, large):
        page(desk, "wen", f"task/{task['id']}")
        with count_statements(desk.home) as count:
            page(desk, "wen", f"task/{task['id']}")
        counts.append(count.total)
    assert counts[0] == counts[1] <= 24, counts


def test_follow_on_the_page(desk: Desk) -> None:
    task = desk.api("wen").make()
    html = page(desk, "mei", f"task/{task['id']}")
    assert 'aria-label="1 followers"' in html and 'aria-pressed="false"' in html
    answer = post(desk, "mei", f"task/{task['id']}/follow", {"on": "1"})
    assert 'aria-label="2 followers"' in answer.text and "Mei" in answer.text and 'aria-pressed="true"' in answer.text
    assert post(desk, "lin", f"task/{task['id']}/follow", {"on": "1"}).status_code == 404
