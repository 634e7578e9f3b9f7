"""M1.4: a visit is not submitted without a photo, a summary of 50 characters, and a next step with a date and a deliverable."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from runtime.files import uploads
from tests.e2e.mechanisms import keys, screen
from tests.factories.applications import jpeg

COMPLETE = {"summary": keys.SUMMARY, "next_on": "2026-11-27", "deliverable": "平面方案"}
# What is brought back (photo or not, what differs from complete material), and the fields the refusal must name.
REFUSED = {
    "nothing at all": (False, {"summary": None, "next_on": None, "deliverable": None}, {"photos", "summary", "next_on", "deliverable"}),
    "no photo": (False, {}, {"photos"}),
    "no summary": (True, {"summary": None}, {"summary"}),
    "short summary": (True, {"summary": keys.SHORT_SUMMARY}, {"summary"}),
    "summary one short": (True, {"summary": "客" * (keys.SUMMARY_MIN - 1)}, {"summary"}),
    "no date": (True, {"next_on": None}, {"next_on"}),
    "date before the visit": (True, {"next_on": "2026-11-23"}, {"next_on"}),
    "no deliverable": (True, {"deliverable": None}, {"deliverable"}),
    "blank deliverable": (True, {"deliverable": "   "}, {"deliverable"}),
}
EVERY_WAY = pytest.mark.parametrize(("photo", "change", "lacking"), REFUSED.values(), ids=REFUSED.keys())


@pytest.fixture(scope="module")
def customer(rep):
    """A customer of the rep."""
    return rep.make("customer", **keys.customer_fields())["id"]


def send(api, data, name="site.jpg"):
    """One upload over the API."""
    head = f'--cut\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    return api.post("/files", data=head + data + b"\r\n--cut--\r\n", content_type="multipart/form-data; boundary=cut")


def make_visit(api, customer, photo=False, **more):
    """A visit that waits to be submitted."""
    photos = [send(api, jpeg()).json["id"]] if photo else []
    return api.make("visit", **keys.visit_fields(customer, **{**COMPLETE, "photos": photos, **more}))


def named(answer):
    """The fields that a refusal names."""
    return {f for m in answer.json["missing"] for f in (m["ask"].get("fields") or [m["ask"]["field"]])}


@EVERY_WAY
def test_refused_over_the_api(rep, customer, photo, change, lacking):
    made = make_visit(rep, customer, photo, **change)
    path = f"/records/visit/{made['id']}"
    refused = rep.post(f"{path}/transitions/submit", {}, version=1)
    assert refused.status_code == 409 and refused.mimetype == "application/problem+json"
    assert named(refused) == lacking
    assert all(m["rule"].startswith("sales_process:machine/visit.transitions.submit") and m["what"] and m["from"] for m in refused.json["missing"])
    door = rep.get(f"{path}/transitions").json["items"][0]
    assert not door["open"] and door["missing"] == refused.json["missing"], "what is shown before the step is what refuses it"
    after = rep.get(path).json
    assert (after["state"], after["version"]) == ("draft", 1), "a refused step changes nothing"


def test_all_three_submit_it(rep, customer):
    made = make_visit(rep, customer, True)
    done = rep.post(f"/records/visit/{made['id']}/transitions/submit", {}, version=1)
    assert done.status_code == 200 and done.json["state"] == "submitted"
    assert rep.patch(f"/records/visit/{made['id']}", {"fields": {"summary": "改短"}}, version=done.json["version"]).status_code == 403


def test_the_material_may_come_with_the_step(rep, customer):
    made = rep.make("visit", **keys.visit_fields(customer))
    fields = {**COMPLETE, "photos": [send(rep, jpeg()).json["id"]]}
    path = f"/records/visit/{made['id']}/transitions/submit"
    refused = rep.post(path, {"fields": {**fields, "summary": keys.SHORT_SUMMARY}}, version=1)
    assert refused.status_code == 409 and named(refused) == {"summary"}
    assert rep.get(f"/records/visit/{made['id']}").json["fields"]["deliverable"] is None, "nothing of a refused step stays"
    assert rep.post(path, {"fields": fields}, version=1).json["state"] == "submitted"


def test_the_same_day_is_early_enough(rep, customer):
    # 00:30 in Shanghai is the day before in UTC: the day that counts is the people's.
    made = make_visit(rep, customer, True, visited_at="2026-11-23T16:30:00Z", next_on="2026-11-24")
    assert rep.post(f"/records/visit/{made['id']}/transitions/submit", {}, version=1).status_code == 200
    early = make_visit(rep, customer, True, visited_at="2026-11-23T16:30:00Z", next_on="2026-11-23")
    assert named(rep.post(f"/records/visit/{early['id']}/transitions/submit", {}, version=1)) == {"next_on"}


def test_a_submitted_visit_comes_from_nowhere_else(rep, customer):
    """No write may set the state past the step."""
    refused = rep.post("/records/visit", {"fields": keys.visit_fields(customer, state="submitted")})
    assert refused.status_code == 422
    made = rep.make("visit", **keys.visit_fields(customer))
    assert rep.patch(f"/records/visit/{made['id']}", {"fields": {"state": "submitted"}}, version=1).status_code == 422


@pytest.mark.browser
def test_refused_on_the_screen(people, rep, customer):
    labels = {"photos": "现场照片", "summary": "小结", "next_on": "下一步", "deliverable": "下一步交什么"}
    page = people.page(keys.REP, None)
    for photo, change, lacking in REFUSED.values():
        made = make_visit(rep, customer, photo, **change)
        people.go(page, f"/e/visit/{made['id']}")
        said = screen.what_is_missing(page)
        assert all(labels[key] in said for key in lacking), (change, said)
        assert f"{len(lacking)} 项" in said, "each thing is named once"
        if change.get("summary"):
            assert f"还差 {keys.SUMMARY_MIN - len(change['summary'])}" in said
        assert screen.fits(page)
    made = make_visit(rep, customer, True)
    people.go(page, f"/e/visit/{made['id']}")
    screen.take_step(page)
    assert screen.present_state(page) == "已提交"


@pytest.mark.browser
def test_the_step_asks_for_what_is_missing_and_takes_it(people, rep, customer):
    made = rep.make("visit", **keys.visit_fields(customer))
    page = people.page(keys.REP, f"/e/visit/{made['id']}/do/submit")
    dialog = "#step-dialog"
    screen.upload(page, "photos", {"name": "site.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}, within=dialog)
    screen.uploaded(page, "photos", within=dialog)
    page.locator(f"{dialog} [name=summary]").fill(keys.SHORT_SUMMARY)
    page.locator(f"{dialog} [name=next_on]").fill("2026-11-27")
    page.locator(f"{dialog} [name=deliverable]").fill("平面方案")
    page.locator("button[form=step-form]").click()
    short = f"还差 {keys.SUMMARY_MIN - len(keys.SHORT_SUMMARY)}"
    page.locator(f"{dialog} .error-summary", has_text=short).wait_for()
    assert short in page.locator(f"{dialog} [data-field=summary] .field-error").inner_text()
    assert page.locator(f"{dialog} [name=summary]").input_value() == keys.SHORT_SUMMARY, "what was typed stays"
    assert page.locator(f"{dialog} [data-field=photos] [data-file-name]").inner_text() == "site.jpg", "and what was uploaded"
    assert screen.fits(page)
    page.locator(f"{dialog} [name=summary]").fill(keys.SUMMARY)
    with page.expect_navigation():
        page.locator("button[form=step-form]").click()
    screen.ready(page)
    assert screen.present_state(page) == "已提交"
    assert len(rep.get(f"/records/visit/{made['id']}").json["fields"]["photos"]) == 1


def big_picture():
    """A picture larger than any file may be: valid at its beginning, then filled up."""
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (90, 120, 90)).save(out, "JPEG")
    return out.getvalue() + b"\0" * (uploads.MAX_SIZE + 1 - len(out.getvalue()))


@pytest.mark.parametrize(("data", "name", "status"), [
    (b"MZ\x90\x00\x03", "setup.exe", 422),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "plan.svg", 422),
    (b"\xff\xd8\xff\xe0 broken", "site.jpg", 422),
    (b"", "site.jpg", 422),
])
def test_what_is_no_picture_is_refused_in_words(rep, data, name, status):
    refused = send(rep, data, name)
    assert refused.status_code == status
    assert any("一" <= c <= "鿿" for c in refused.json["problems"][0]["message"])


def test_a_document_is_no_photo(rep, customer):
    document = send(rep, b"some words\n", "notes.txt").json["id"]
    refused = rep.post("/records/visit", {"fields": keys.visit_fields(customer, photos=[document])})
    assert refused.status_code == 422
    assert (refused.json["problems"][0]["path"], refused.json["problems"][0]["code"]) == ("fields.photos", "bad_kind")


def test_too_large_a_file_is_refused_in_words(rep):
    refused = send(rep, big_picture())
    assert refused.status_code == 413 and any("一" <= c <= "鿿" for c in refused.json["title"])


@pytest.mark.browser
def test_wrong_files_are_refused_beside_the_field(people, rep, customer):
    made = rep.make("visit", **keys.visit_fields(customer))
    page = people.page(keys.REP, f"/e/visit/{made['id']}/edit")
    entries = page.locator("[data-field=photos] [data-upload-file]")
    for count, (name, kind, data) in enumerate([("setup.exe", "application/x-msdownload", b"MZ\x90\x00"), ("site.jpg", "image/jpeg", b"\xff\xd8\xff\xe0 broken")], start=1):
        screen.upload(page, "photos", {"name": name, "mimeType": kind, "buffer": data})
        note = entries.nth(count - 1).locator("[data-file-note]")
        note.locator("button").wait_for()
        said = note.inner_text()
        assert any("一" <= c <= "鿿" for c in said) and len(said) > 6, said
    assert page.locator("[data-field=photos] [data-upload-file] input[type=hidden]").count() == 0
    assert screen.fits(page)
