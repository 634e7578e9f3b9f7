"""Two people at one record: changes that don't meet are both saved, those that meet are chosen; nothing is overwritten unseen."""

from __future__ import annotations

import re

from runtime.records import road
from runtime.records.record import Input
from tests.factories.shelf import as_person
from tests.integration.care.test_pages import post

E = "/e/task"


def task(desk, **fields):
    return desk.api("wen").make(title="Fence", **fields)["id"]


def change(desk, login, id_, **fields):
    with as_person(desk, login) as ctx:
        road.update(ctx, "task", id_, Input(fields), version=None)


def fields(desk, id_, login="chen"):
    return plain(desk.api(login).get(f"/records/task/{id_}").json["fields"])


def plain(value):
    """Without the zeros behind the point."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value.removesuffix(".00") if isinstance(value, str) else value


def whole(**changes):
    return {"title": "Fence", "details": "", "effort": "5", "count": "", "due": "", **changes}


def test_a_whole_form_merges_silently_and_says_what_the_other_did(shelf, clock):
    id_ = task(shelf, effort="5")
    clock.advance(minutes=2)
    change(shelf, "chen", id_, count=7, secret="s", budget={"amount": "10", "currency": "CNY"})
    answer = post(shelf, "wen", f"{E}/{id_}/edit", whole(_version=1, details="mine"))
    assert answer.status_code == 303 and answer.location.endswith("?merged=1")
    assert fields(shelf, id_)["details"] == "mine" and fields(shelf, id_)["count"] == 7
    text = shelf.browser("wen").get(answer.location).text
    assert re.search(r"Chen changed (Count, Budget|Budget, Count|Count and Budget|Budget and Count) \(", text), text
    assert "Both changes are saved." in text and "Secret" not in text
    # Nothing to tell once it is read: the address says which version, somebody else's page has no such line.
    assert "Both changes" not in shelf.browser("wen").get(f"/t/{shelf.slug}{E}/{id_}").text


def test_a_field_both_changed_is_asked_for_and_chosen(shelf):
    id_ = task(shelf, effort="5")
    change(shelf, "chen", id_, effort="7", count=3)
    sent = whole(_version=1, effort="9", details="mine")
    answer = post(shelf, "wen", f"{E}/{id_}/edit", sent)
    assert answer.status_code == 412 and fields(shelf, id_)["effort"] == "7" and fields(shelf, id_)["details"] is None
    assert 'data-conflict="effort"' in answer.text and 'data-conflict="count"' not in answer.text and 'data-conflict="details"' not in answer.text
    assert "Theirs alone, kept: Count" in answer.text and "Yours alone, saved with it: Details" in answer.text
    assert all(f'conflict-value">{v}.00<' in answer.text for v in ("5", "7", "9"))
    # A choice is only good for what was shown.
    change(shelf, "chen", id_, effort="8")
    answer = post(shelf, "wen", f"{E}/{id_}/edit", {**sent, "_seen": "2", "_take-effort": "mine"})
    assert answer.status_code == 412 and 'conflict-value">8.00<' in answer.text
    answer = post(shelf, "wen", f"{E}/{id_}/edit", {**sent, "_seen": "3", "_take-effort": "mine"})
    assert answer.status_code == 303
    assert (fields(shelf, id_)["effort"], fields(shelf, id_)["details"], fields(shelf, id_)["count"]) == ("9", "mine", 3)


def test_all_of_theirs_or_all_of_mine(shelf_sqlite):
    for take, expected in (("theirs", "7"), ("mine", "9")):
        id_ = task(shelf_sqlite, effort="5")
        change(shelf_sqlite, "chen", id_, effort="7")
        sent = whole(_version=1, effort="9", _seen="2", _clash="effort", _take_all=take)
        assert post(shelf_sqlite, "wen", f"{E}/{id_}/edit", {**sent, "_take-effort": "mine"}).status_code == 303
        assert fields(shelf_sqlite, id_)["effort"] == expected


def test_rows_are_merged_row_by_row(shelf_sqlite):
    shelf = shelf_sqlite
    id_ = task(shelf, lines=[{"fields": {"name": "a", "amount": "1"}}, {"fields": {"name": "b", "amount": "2"}}])
    with as_person(shelf, "chen") as ctx:
        first, second = road.load(ctx, "task", id_).values["lines"]
    change(shelf, "chen", id_, lines=[
        {"id": first.id, "fields": {"amount": "10", "hidden": "kept"}}, {"id": second.id, "fields": {}}, {"fields": {"name": "theirs", "amount": "5"}}])
    rows = {
        "lines": "", "lines-0-_id": first.id, "lines-0-name": "A", "lines-0-amount": "1", "lines-1-_id": second.id, "lines-1-name": "b", "lines-1-amount": "20",
        "lines-2-name": "mine", "lines-2-amount": "7"}
    answer = post(shelf, "wen", f"{E}/{id_}/edit", {"title": "Fence", "_version": 1, **rows})
    assert answer.status_code == 303, answer.text
    made = [r["fields"] for r in fields(shelf, id_)["lines"]]
    assert [(r["name"], r["amount"]) for r in made] == [("A", "10"), ("b", "20"), ("theirs", "5"), ("mine", "7")]
    assert made[0]["hidden"] == "kept" and made[0]["double"] == "20" and fields(shelf, id_)["total"] == "42"
    # The same cell of the same row: that row is chosen.
    change(shelf, "chen", id_, lines=[{"id": r["id"], "fields": {"amount": "99"} if n == 0 else {}} for n, r in enumerate(fields(shelf, id_)["lines"])])
    answer = post(shelf, "wen", f"{E}/{id_}/edit", {"title": "Fence", "_version": 3, "lines": "", "lines-0-_id": first.id, "lines-0-name": "A", "lines-0-amount": "50"})
    assert answer.status_code == 412 and f'data-conflict="lines#{first.id}"' in answer.text and "A · 99.00" in answer.text and "A · 50.00" in answer.text


def test_one_value_in_place_merges_or_asks(shelf_sqlite):
    shelf = shelf_sqlite
    id_ = task(shelf, effort="5")
    change(shelf, "chen", id_, count=3)
    answer = post(shelf, "wen", f"{E}/{id_}/field/effort", {"effort": "6", "_version": 1}, **{"HX-Request": "true"})
    assert answer.status_code == 200 and "Chen changed Count" in answer.headers["HX-Trigger"]
    answer = post(shelf, "wen", f"{E}/{id_}/field/effort", {"effort": "9", "_version": 1}, **{"HX-Request": "true"})
    assert answer.status_code == 412 and answer.headers["HX-Retarget"] == "#dialog-root" and 'name="effort" value="9"' in answer.text
    answer = post(shelf, "wen", f"{E}/{id_}/field/effort", {"effort": "9", "_version": 1, "_seen": 3, "_take-effort": "mine"})
    assert answer.status_code == 303 and fields(shelf, id_)["effort"] == "9"
    back = f"/t/{shelf.slug}/e/task?q=x"
    for given, expected in ((back, back), ("https://elsewhere.example/", f"/t/{shelf.slug}{E}/{id_}"), ("//elsewhere.example/t/", f"/t/{shelf.slug}{E}/{id_}")):
        answer = post(shelf, "wen", f"{E}/{id_}/field/count", {"count": "1", "_version": 4 if given == back else 5, "_back": given})
        assert answer.location == expected
        if given == back:
            change(shelf, "wen", id_, count=2)


def test_what_cannot_be_read_is_told_beside_the_field_and_kept(shelf_sqlite):
    shelf = shelf_sqlite
    id_ = task(shelf, effort="5")
    change(shelf, "chen", id_, count=3)
    answer = post(shelf, "wen", f"{E}/{id_}/edit", whole(_version=1, effort="many"))
    assert answer.status_code == 422 and 'value="many"' in answer.text and 'name="_version" value="1"' in answer.text


def test_the_api_says_which_fields_met(shelf):
    id_ = task(shelf, effort="5")
    change(shelf, "chen", id_, effort="7", secret="s", count=1)
    answer = shelf.api("wen").patch(f"/records/task/{id_}", {"fields": {"effort": "9", "details": "x"}}, version=1)
    assert answer.status_code == 412 and answer.json["current"] == 2
    assert answer.json["conflicts"] == ["effort"] and set(answer.json["changed"]) == {"effort", "count", "weight"}
    assert "conflicts" not in shelf.api("wen").post(f"/records/task/{id_}/transitions/start", {}, version=1).json


def test_somebody_without_the_right_to_a_field_is_not_told_of_it(shelf_sqlite):
    shelf = shelf_sqlite
    id_ = task(shelf)
    change(shelf, "chen", id_, secret="s")
    answer = post(shelf, "wen", f"{E}/{id_}/edit", whole(_version=1, effort="1"))
    assert answer.status_code == 303 and "merged" not in answer.location
