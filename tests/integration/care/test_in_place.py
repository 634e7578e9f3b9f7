"""Every type of field is edited where it stands on the record page: its control comes, its value is saved, and the way back works."""

from __future__ import annotations

import json
import re

import pytest

from kernel import fieldtypes
from tests.examples import interesting
from tests.factories.desk import DOCUMENTS, make_desk, settings_for
from tests.integration.care.test_copies import file_of
from tests.integration.care.test_pages import post

ALL = {"read": "all", "create": True, "update": "all", "delete": "all", "assign": "all"}


@pytest.fixture
def desk(tmp_path, clock):
    roles = [
        {**d, "rights": {**d["rights"], "interesting_thing": ALL, "interesting_part": ALL}} if d.get("role") == "chief" else d for d in (*DOCUMENTS, *interesting.DOCUMENTS)
    ]
    with make_desk(settings_for("sqlite", tmp_path, None), clock, roles) as made:
        yield made


def sent(desk) -> dict[str, dict[str, object]]:
    """What a browser sends for a new value of each field."""
    person, other, team = desk.people["wen"], desk.people["mei"], desk.teams["east"]
    return {
        "text": {"text": "words"}, "long_text": {"long_text": "two\nlines"}, "phone": {"phone": "13805710001"}, "email": {"email": "a@example.com"},
        "url": {"url": "https://example.com/"}, "address": {"address": "文三路 1 号"}, "integer": {"integer": "7"}, "decimal": {"decimal": "1.5"},
        "money": {"money": "1200"}, "percent": {"percent": "25"}, "rating": {"rating": "4"}, "date": {"date": "2026-11-30"},
        "datetime": {"datetime": "2026-11-30T09:30"}, "duration": {"duration": "90m"}, "boolean": {"boolean": ["", "true"]}, "choice": {"choice": "red"},
        "choices": {"choices": ["", "red", "green"]}, "reference": {"reference": person}, "references": {"references": ["", person, other]}, "user": {"user": person},
        "team": {"team": team}, "rows": {"rows": "", "rows-0-name": "a", "rows-0-amount": "2"}, "file": {"file": file_of(desk, "chen")},
        "files": {"files": ["", file_of(desk, "chen")]}, "calendar": {"calendar": "office"},
    }


APART = {"image", "images", "signature"}
"""Pictures and signatures are files of a kind; they have tests of their own (tests/integration/api/test_files.py, tests/e2e)."""


def test_every_type_is_edited_where_it_stands(desk):
    id_ = desk.api("chen").post("/records/interesting_thing", {"fields": {}}).json["id"]
    values = sent(desk)
    writable = {k for k, f in interesting.FIELDS.items() if fieldtypes.get(f["type"]).writable}
    assert writable == set(values) | APART
    browser = desk.browser("chen")
    base, version = f"/e/interesting_thing/{id_}/field", 1
    for key in sorted(writable):
        editor = browser.get(f"/t/{desk.slug}{base}/{key}", headers={"HX-Request": "true"})
        assert editor.status_code == 200 and f'id="v-{key}"' in editor.text and f'hx-post="/t/{desk.slug}{base}/{key}"' in editor.text, key
        if key in APART:
            continue
        saved = post(desk, "chen", f"{base}/{key}", {**values[key], "_version": version}, **{"HX-Request": "true"})
        assert saved.status_code == 200 and "Saved" in saved.text, (key, saved.text[:2000])
        version += 1
        value = desk.api("chen").get(f"/records/interesting_thing/{id_}").json["fields"][key]
        assert value not in (None, [], ""), key
        if key == "rows":
            assert "undo-window" not in saved.text
            continue
        assert 'data-behaviour="undo-window"' in saved.text and 'data-seconds="10"' in saved.text, key
        undo = re.search(r'name="_undo" value="([^"]*)"', saved.text)
        assert undo is not None and isinstance(json.loads(undo[1].replace("&#34;", '"')), list), key
        back = post(desk, "chen", f"{base}/{key}", {"_undo": undo[1].replace("&#34;", '"'), "_version": version}, **{"HX-Request": "true"})
        assert back.status_code == 200, key
        version += 1
        assert desk.api("chen").get(f"/records/interesting_thing/{id_}").json["fields"][key] in (None, [], "", False), key
