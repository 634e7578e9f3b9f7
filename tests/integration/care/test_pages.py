"""The screens around the bin."""

from __future__ import annotations

from tests.factories.platform import csrf_of
from tests.integration.care.test_bundles import live, make


def post(desk, login, path, data=None, **headers):
    browser = desk.browser(login)
    return browser.post(f"/t/{desk.slug}{path}", data=data or {}, headers={"X-CSRFToken": csrf_of(browser, desk.app, desk.slug), **headers})


def test_a_refused_deletion_names_what_holds_it_back_and_leads_there(shelf_sqlite):
    shelf = shelf_sqlite
    folder = make(shelf, "wen", "folder", name="Held")
    page = make(shelf, "wen", "page", folder=folder)
    make(shelf, "wen", "stamp", page=page)
    answer = post(shelf, "wen", f"/e/folder/{folder}/delete", {"_version": 1})
    assert answer.status_code == 409 and "1 × Stamp still refer to it" in answer.text and f"/e/stamp?f=page.in.{page}" in answer.text
    answer = post(shelf, "wen", f"/e/page/{page}/delete", {"_version": 1}, **{"HX-Request": "true"})
    assert answer.status_code == 409 and answer.headers["HX-Retarget"] == "#dialog-root" and "Show these: Stamp" in answer.text
    ahead = post(shelf, "wen", "/e/page/bulk/delete", {"ids": [page]}, **{"HX-Request": "true"})
    assert ahead.status_code == 200 and "1 × Stamp still refer to it" in ahead.text and "Nothing of this can be done" in ahead.text
    done = post(shelf, "wen", "/e/page/bulk", {"act": "delete", "ids": [page]})
    assert "1 × Stamp still refer to it" in shelf.browser("wen").get(done.location).text
    assert live(shelf, "page") == {page} and live(shelf, "folder") == {folder}
    listed = shelf.browser("wen").get(f"/t/{shelf.slug}/e/stamp?f=page.in.{page}")
    assert 'id="row-' in listed.text


def test_the_list_says_what_went_along_and_undo_brings_all_back(shelf_sqlite):
    shelf = shelf_sqlite
    folder = make(shelf, "wen", "folder")
    make(shelf, "wen", "page", folder=folder)
    answer = post(shelf, "wen", f"/e/folder/{folder}/delete", {"_version": 1})
    assert answer.status_code == 303 and answer.location.endswith(f"/e/folder?deleted={folder}&also=1")
    assert "Moved to the bin: 1, and 1 that belong to it" in shelf.browser("wen").get(answer.location).text
    assert post(shelf, "wen", f"/e/folder/{folder}/restore").status_code == 303
    assert len(live(shelf, "page")) == 1
