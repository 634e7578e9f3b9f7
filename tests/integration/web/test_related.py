"""Records that refer to a record: tabs, numbers, rows, making one in place, linking one that is there, and what others may not see."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kernel.platform.clock import FixedClock
from kernel.platform.database import count_statements
from runtime.records import road
from runtime.records.record import Input
from tests.conftest import NOW
from tests.factories.desk import DOCUMENTS, Desk, make_desk, settings_for
from tests.integration.talk.test_screens import page, post


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path_factory.mktemp("related"), url), FixedClock(NOW)) as desk:
        yield desk


def project(desk: Desk, login: str = "wen", name: str = "Garden") -> dict[str, Any]:
    return desk.api(login).make("project", name=name)


def rows(html: str) -> list[str]:
    return re.findall(r'<a class="row-link" href="[^"]+">(?:<mark>)?([^<]+)', html)


def test_tabs_come_without_a_question_and_numbers_apart(desk: Desk) -> None:
    here = project(desk)
    for n in range(3):
        desk.api("wen").make(title=f"T{n}", project=here["id"])
    html = page(desk, "wen", f"project/{here['id']}")
    assert 'id="rel-task-project"' in html and "tab-count" not in html and rows(html) == [], "nothing is read before it is seen"
    numbers = page(desk, "wen", f"project/{here['id']}/related")
    assert re.search(r'id="tab-rel-task-project"[^>]*>Task<span class="tab-count">3</span>', numbers)
    # A guest sees tasks, but no projects; an outsider sees projects, but no tasks.
    assert desk.browser("guo").get(f"/t/{desk.slug}/e/project/{here['id']}").status_code == 404
    assert "rel-task-project" not in page(desk, "out", f"project/{here['id']}")
    assert desk.browser("out").get(f"/t/{desk.slug}/e/project/{here['id']}/related/task/project").status_code == 404


def test_rows_are_those_the_reader_may_see(desk: Desk) -> None:
    here = project(desk, "chen")
    desk.api("chen").make(title="Theirs", project=here["id"])
    with desk.ctx() as ctx:
        road.create(ctx, "task", Input({"title": "East", "project": here["id"]}), owner=desk.people["wen"], team=desk.teams["east"])
        road.create(ctx, "task", Input({"title": "West", "project": here["id"]}), owner=desk.people["lin"], team=desk.teams["west"])
    path = f"project/{here['id']}/related/task/project"
    assert set(rows(page(desk, "chen", path))) == {"Theirs", "East", "West"}
    assert set(rows(page(desk, "mei", path))) == {"Theirs", "East"}
    found = page(desk, "mei", f"{path}?part=rows&q=eas")
    assert "<mark>Eas</mark>t" in found and "Theirs" not in found
    assert "Nothing found" in page(desk, "mei", f"{path}?part=rows&q=nothing")
    for wrong in ("task/title", "task/nothing", "nothing/project", "task/helpers"):
        assert desk.browser("chen").get(f"/t/{desk.slug}/e/project/{here['id']}/related/{wrong}").status_code == 404


def test_more_rows_and_the_way_to_the_list(desk: Desk) -> None:
    here = project(desk)
    for n in range(12):
        desk.api("wen").make(title=f"T{n:02}", project=here["id"])
    path = f"project/{here['id']}/related/task/project"
    first = page(desk, "wen", path)
    assert len(rows(first)) == 10 and "more=1" in first
    assert len(rows(page(desk, "wen", f"{path}?part=rows&more=1"))) == 12
    listed = re.search(r'href="(/t/[^"]+)">Show all in the list', first)
    assert listed and len(rows(desk.browser("wen").get(listed[1].replace("&amp;", "&")).text)) == 12
    few = project(desk)
    desk.api("wen").make(project=few["id"])
    counts = []
    for other in (few, here):
        with count_statements(desk.home) as count:
            page(desk, "wen", f"project/{other['id']}/related/task/project")
        counts.append(count.total)
    assert counts[0] == counts[1]


def test_references_to_many_have_a_tab_of_their_own(desk: Desk) -> None:
    mei = desk.people["mei"]
    desk.api("chen").make(title="Many", helpers=[mei, desk.people["wen"]])
    desk.api("chen").make(title="One", helper=mei)
    assert rows(page(desk, "chen", f"person/{mei}/related/task/helpers")) == ["Many"]
    assert rows(page(desk, "chen", f"person/{mei}/related/task/helper")) == ["One"]
    html = page(desk, "chen", f"person/{mei}/related/task/helpers")
    listed = re.search(r'href="(/t/[^"]+)">Show all in the list', html)
    assert listed and rows(desk.browser("chen").get(listed[1].replace("&amp;", "&").replace("&#34;", '"')).text) == ["Many"]


def test_a_new_one_is_made_in_place_for_this_record(desk: Desk) -> None:
    here = project(desk, name="Pond")
    html = page(desk, "wen", f"project/{here['id']}/related/task/project")
    address = re.search(r'hx-get="(/t/[^"]+/e/task/new\?[^"]+)"', html)
    assert address is not None
    path = address[1].split("/e/", 1)[1].replace("&amp;", "&")
    form = page(desk, "wen", path, headers={"HX-Request": "true"})
    assert f'<input type="hidden" name="project" value="{here["id"]}">' in form and "Pond" in form
    assert 'data-url="' not in re.search(r'<div class="form-field[^>]*data-field="project".*?</div>', form, re.S)[0], "locked: no way to choose another"
    made = post(desk, "wen", "task/new", {"_dialog": "1", "lock": "project", "title": "Dig", "project": here["id"]})
    assert made.status_code == 200 and "record-created" in made.headers["HX-Trigger"]
    assert rows(page(desk, "wen", f"project/{here['id']}/related/task/project")) == ["Dig"]
    refused = post(desk, "wen", "task/new", {"_dialog": "1", "lock": "project", "title": "", "project": here["id"]})
    assert refused.status_code == 422 and f'name="project" value="{here["id"]}"' in refused.text and 'name="lock" value="project"' in refused.text
    # A guest may make no tasks and change none: neither button is offered.
    assert "/new?" not in page(desk, "guo", f"person/{desk.people['wen']}/related/task/helper")
    assert "/link" not in page(desk, "guo", f"person/{desk.people['wen']}/related/task/helper")


def test_an_existing_one_is_linked_by_its_own_rules(desk: Desk) -> None:
    here, other = project(desk, name="Here"), project(desk, name="There")
    task = desk.api("wen").make(title="Move me", project=other["id"])
    path = f"project/{here['id']}/related/task/project"
    options = desk.browser("wen").get(f"/t/{desk.slug}/e/{path}/candidates?q=move").json["options"]
    assert options == [{"value": task["id"], "text": "Move me", "note": "now: There"}]
    done = post(desk, "wen", f"{path}/link", {"record": task["id"]})
    assert done.status_code == 200 and "related-changed" in done.headers["HX-Trigger"]
    assert desk.api("wen").get(f"/records/task/{task['id']}").json["fields"]["project"]["id"] == here["id"]
    assert desk.browser("wen").get(f"/t/{desk.slug}/e/{path}/candidates?q=move").json["options"] == [], "it is linked already"
    plain = desk.api("wen").make(title="Plain")
    assert post(desk, "wen", f"{path}/link", {"record": plain["id"]}, htmx=False).status_code == 303


def test_what_can_not_be_linked(desk: Desk) -> None:
    here = project(desk, "chen")
    closed = desk.api("wen").make(title="Closed")
    desk.api("chen").post(f"/records/task/{closed['id']}/transitions/drop", {}, version=1)
    foreign = desk.api("lin").make(title="Foreign")
    path = f"project/{here['id']}/related/task/project/link"
    for record in ("", "x", foreign["id"], here["id"]):
        refused = post(desk, "mei", path, {"record": record})
        assert refused.status_code == 422 and 'id="link-form"' in refused.text and "Foreign" not in refused.text, record
    refused = post(desk, "mei", path, {"record": closed["id"]})
    assert refused.status_code == 422 and "Closed" in refused.text, "mei may not change a closed one, and reads why"
    assert desk.api("chen").get(f"/records/task/{closed['id']}").json["fields"]["project"] is None
    assert post(desk, "guo", f"person/{desk.people['wen']}/related/task/helper/link", {"record": closed["id"]}).status_code == 404
    assert desk.browser("guo").get(f"/t/{desk.slug}/e/person/{desk.people['wen']}/related/task/helper/candidates").status_code == 404


def test_linking_adds_to_references_to_many(desk: Desk) -> None:
    task = desk.api("chen").make(title="Team work", helpers=[desk.people["mei"]])
    done = post(desk, "chen", f"person/{desk.people['lin']}/related/task/helpers/link", {"record": task["id"]})
    assert done.status_code == 200
    helpers = desk.api("chen").get(f"/records/task/{task['id']}").json["fields"]["helpers"]
    assert {h["id"] for h in helpers} == {desk.people["mei"], desk.people["lin"]}


def test_rows_of_sub_forms_lead_here_too(tmp_path: Path) -> None:
    documents = [copy.deepcopy(dict(d)) for d in DOCUMENTS]
    for document in documents:
        if document.get("entity") == "task" and "fields" in document:
            document["fields"]["lines"]["fields"]["part"] = {"type": "reference", "to": "project"}
    with make_desk(settings_for("sqlite", tmp_path, None), FixedClock(NOW), documents) as desk:
        here, other = project(desk, "chen", "Here"), project(desk, "chen", "There")
        desk.api("chen").make(title="With", lines=[{"fields": {"name": "a", "part": here["id"]}}, {"fields": {"name": "b"}}])
        desk.api("chen").make(title="Without", lines=[{"fields": {"name": "a", "part": other["id"]}}])
        numbers = page(desk, "chen", f"project/{here['id']}/related")
        assert re.findall(r'role="tab"[^>]*>([^<]+)<span class="tab-count">([^<]+)', numbers) == [("Task (Project)", "0"), ("Task (Part)", "1")]
        html = page(desk, "chen", f"project/{here['id']}/related/task/lines.part")
        assert rows(html) == ["With"] and "/new?" not in html and "/link" not in html, "a row is made in its own record"
        listed = re.search(r'href="(/t/[^"]+)">Show all in the list', html)
        assert listed and rows(desk.browser("chen").get(listed[1].replace("&amp;", "&")).text) == ["With"]
        # A worker reads only own projects; a guest sees no child rows, so no way through them.
        assert desk.browser("wen").get(f"/t/{desk.slug}/e/project/{here['id']}/related/task/lines.part").status_code == 404
