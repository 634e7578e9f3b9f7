"""A copy: what comes along, what stays behind and says so; files are the copy's own; drafts don't get mixed up."""

from __future__ import annotations

import json
import re

import pytest

from kernel.errors import NotFound
from runtime.records import copying
from runtime.records.record import Input
from tests.factories.platform import csrf_of
from tests.factories.shelf import as_person
from tests.integration.care.test_pages import post

BODY = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nwords\r\n--cut--\r\n'


def file_of(desk, login="wen"):
    return desk.api(login).post("/files", data=BODY, content_type="multipart/form-data; boundary=cut").json["id"]


def form_of(desk, login, path):
    text = desk.browser(login).get(f"/t/{desk.slug}{path}").text
    return text, dict(re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', text))


def test_a_copy_begins_with_what_may_be_copied_and_says_what_not(shelf):
    id_ = shelf.api("wen").make(
        title="Fence", code="C-1", effort="5", attachment=file_of(shelf), helpers=[shelf.people["mei"]], lines=[{"fields": {"name": "row", "amount": "3"}}])["id"]
    with as_person(shelf, "wen") as ctx:
        found = copying.copied(ctx, "task", id_)
        assert {"title", "effort", "attachment", "helpers", "lines"} <= set(found.values) and not {"code", "number", "total", "review", "secret"} & set(found.values)
        assert [(key, str(why)) for key, why in found.left] == [("code", "must be unique"), ("number", "given anew")]
    text, sent = form_of(shelf, "wen", f"/e/task/new?copy={id_}")
    assert "A copy of “Fence”" in text and "Code (must be unique)" in text and sent["_copy"] == id_ and sent["lines-0-name"] == "row"
    old = shelf.api("wen").get(f"/records/task/{id_}").json
    assert old["fields"]["attachment"]["id"] in text
    filled = {"title": "Fence", "effort": sent["effort"], "attachment": old["fields"]["attachment"]["id"], "helpers": ["", shelf.people["mei"]], "_copy": id_}
    answer = post(shelf, "wen", "/e/task/new", {**filled, "lines": "", "lines-0-name": sent["lines-0-name"], "lines-0-amount": sent["lines-0-amount"]})
    assert answer.status_code == 303, answer.text
    copy = shelf.api("wen").get(f"/records/task/{answer.location.split('/')[-1]}").json
    assert copy["fields"]["title"] == "Fence" and copy["fields"]["number"] != old["fields"]["number"] and copy["fields"]["code"] is None
    assert copy["fields"]["lines"][0]["id"] != old["fields"]["lines"][0]["id"] and copy["fields"]["total"] == old["fields"]["total"]
    mine, theirs = copy["fields"]["attachment"]["id"], old["fields"]["attachment"]["id"]
    assert mine != theirs
    for file in (mine, theirs):
        with shelf.api("wen").get(f"/files/{file}/content") as answer:
            assert answer.data == b"words"


def test_files_of_others_do_not_come_along_by_pretending(shelf_sqlite):
    shelf = shelf_sqlite
    hidden = shelf.api("lin").make(title="Theirs", attachment=file_of(shelf, "lin"))
    own = shelf.api("wen").make(title="Mine")["id"]
    theirs = hidden["fields"]["attachment"]["id"]
    for source in (own, hidden["id"]):
        answer = post(shelf, "wen", "/e/task/new", {"title": "T", "attachment": theirs, "_copy": source})
        assert answer.status_code == 422 and "This file does not exist any more." in answer.text
    with pytest.raises(NotFound), as_person(shelf, "wen") as ctx:
        copying.copy(ctx, "task", hidden["id"], Input({"title": "x"}))
    # The original went meanwhile: what the form holds is saved all the same.
    assert post(shelf, "wen", "/e/task/new", {"title": "T", "_copy": hidden["id"]}).status_code == 303


def test_the_draft_of_a_copy_is_its_own(shelf_sqlite):
    shelf = shelf_sqlite
    id_ = shelf.api("wen").make(title="Fence")["id"]
    browser = shelf.browser("wen")
    headers = {"X-CSRFToken": csrf_of(browser, shelf.app, shelf.slug)}

    def save(tail, title):
        body = json.dumps({"values": {"title": title}})
        answer = browser.put(f"/t/{shelf.slug}/e/task/draft{tail}", data=body, headers=headers, content_type="application/json")
        assert answer.status_code == 200

    save("", "an empty form")
    save(f"?copy={id_}", "a copy")
    for tail, title in (("?draft=1", "an empty form"), (f"?copy={id_}&draft=1", "a copy")):
        assert f'value="{title}"' in browser.get(f"/t/{shelf.slug}/e/task/new{tail}").text
    text = browser.get(f"/t/{shelf.slug}/e/task/new?copy={id_}").text
    assert f"new?draft=1&amp;copy={id_}" in text and f"draft/discard?copy={id_}" in text
    answer = browser.post(f"/t/{shelf.slug}/e/task/draft/discard?copy={id_}", headers=headers)
    assert answer.location.endswith(f"/new?copy={id_}")
    assert 'value="an empty form"' in browser.get(f"/t/{shelf.slug}/e/task/new?draft=1").text
