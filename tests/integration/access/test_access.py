"""Why somebody can or can't, looking through somebody's eyes, the workspace's settings, its log and its volumes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from kernel.errors import Forbidden, NotFound
from kernel.platform import accounts, audit
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.database import count_statements
from runtime.access.explain import explain
from runtime.records import road
from runtime.records.record import Input
from tests.factories.desk import Desk, make_desk, settings_for
from tests.factories.platform import csrf_of


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path, url), clock) as made:
        yield made


def post(desk: Desk, browser, path: str, data=None, **more):
    return browser.post(f"/t/{desk.slug}{path}", data=data or {}, headers={"X-CSRFToken": csrf_of(browser, desk.app, desk.slug)}, **more)


# --- why --------------------------------------------------------------------------------------------------------------


def said(desk: Desk, person: str, id: str, asker: str = "chen"):
    from tests.integration.clocks.test_clocks import as_person

    with as_person(desk, asker) as ctx:
        return explain(ctx, desk.people[person], "task", id)


def test_every_action_says_which_role_decides_and_whether_this_record_is_meant(desk):
    task = desk.api("wen").make()
    found = said(desk, "wen", task["id"])
    actions = {str(a.label): (a.allowed, [(str(r.role), str(r.which), r.holds) for r in a.roles]) for a in found.actions}
    assert actions["Change it"] == (True, [("Worker", "their own records", True)])
    assert actions["Give it to somebody else"] == (False, [("Worker", "no records", False)])
    assert [a.allowed for a in said(desk, "lin", task["id"]).actions] == [False] * 4
    assert [a.allowed for a in said(desk, "mei", task["id"]).actions] == [True, True, True, False]


def test_every_field_says_what_stands_against_it(desk):
    task = desk.api("wen").make(done=True)
    fields = {f.key: (f.read, f.write, str(f.why)) for f in said(desk, "wen", task["id"]).fields}
    assert fields["title"] == (True, True, "")
    assert fields["secret"] == (False, False, "Worker may not read it.")
    assert fields["grade"] == (True, False, "Worker may not change it.")
    assert fields["weight"] == (True, False, "The platform works it out.")
    assert fields["locked"] == (True, False, "Closed while this holds: done")
    assert {(f.read, str(f.why)) for f in said(desk, "lin", task["id"]).fields} == {(False, "This record is out of sight.")}
    guest = {f.key: str(f.why) for f in said(desk, "guo", task["id"]).fields}
    assert guest["title"] == "This record may not be changed." and guest["total"] == "Guest may not read it."


def test_what_is_explained_agrees_with_what_happens(desk):
    """The same words as deeds: over every person and field of a record."""
    task = desk.api("wen").make(done=True)
    for login in ("wen", "mei", "chen", "guo", "lin"):
        found = said(desk, login, task["id"])
        answer = desk.api(login).get(f"/records/task/{task['id']}")
        assert found.actions[0].allowed is (answer.status_code == 200)
        shown = set(answer.json.get("fields", {})) if answer.status_code == 200 else set()
        assert {f.key for f in found.fields if f.read} == shown


def test_steps_say_what_is_missing(desk):
    task = desk.api("wen").make()
    steps = {str(s.label): (s.open, [str(what) for what, _who in s.missing]) for s in said(desk, "wen", task["id"]).steps}
    assert steps["Start"] == (True, []) and steps["Drop"][0] is False and steps["Drop"][1]
    assert said(desk, "lin", task["id"]).steps == ()


def test_only_of_records_the_asker_sees_and_of_people_there_are(desk):
    task = desk.api("wen").make()
    with pytest.raises(NotFound):
        said(desk, "wen", task["id"], asker="lin")
    page = desk.browser("chen").get(f"/t/{desk.slug}/e/task/{task['id']}/access?person={desk.people['wen']}")
    assert page.status_code == 200 and "their own records" in page.text and "Worker" in page.text
    assert desk.browser("chen").get(f"/t/{desk.slug}/e/task/{task['id']}/access?person={task['id']}").status_code == 404
    assert desk.browser("chen").get(f"/t/{desk.slug}/e/task/{task['id']}/access?person=x").status_code == 200
    assert desk.browser("wen").get(f"/t/{desk.slug}/e/task/{task['id']}/access").status_code == 403


def test_a_closed_sign_in_is_said(desk, clock):
    task = desk.api("wen").make()
    with desk.home.write() as conn:
        accounts.disable(conn, desk.people["wen"], clock.now())
    assert "closed" in str(said(desk, "wen", task["id"]).signs_in)


# --- through somebody's eyes --------------------------------------------------------------------------------------------


def test_an_administrator_sees_what_the_person_sees_and_changes_nothing(desk, clock):
    mine, other = desk.api("wen").make(title="Wens fence"), desk.api("lin").make(title="Lins roof")
    browser = desk.browser("chen")
    assert post(desk, browser, "/settings/view-as", {"person": desk.people["wen"]}).status_code == 303
    page = browser.get(f"/t/{desk.slug}/e/task")
    assert "Wens fence" in page.text and "Lins roof" not in page.text and "through the eyes of Wen" in page.text
    assert browser.get(f"/t/{desk.slug}/e/task/{other['id']}").status_code == 404
    refused = post(desk, browser, f"/e/task/{mine['id']}/edit", {"title": "Changed", "_version": 1})
    assert refused.status_code == 403 and "eyes of Wen" in refused.text
    for path, data in (("/e/task/new", {"title": "x"}), ("/files", {"file": (io.BytesIO(b"x"), "x.txt")}), ("/me/zone", {"zone": "UTC"}), ("/settings/view-as", {"person": desk.people["lin"]})):
        assert post(desk, browser, path, data).status_code == 403
    assert post(desk, browser, "/password", {"old": "a", "new": "b", "again": "b"}).status_code == 403
    assert browser.get(f"/t/{desk.slug}/settings/workspace").status_code == 403
    assert desk.api("wen").get(f"/records/task/{mine['id']}").json["version"] == 1
    assert post(desk, browser, "/preferences", {"theme": "dark"}).status_code in (204, 303)
    with desk.home.read() as conn:
        assert accounts.get(conn, desk.people["wen"]).theme is None
    assert post(desk, browser, "/settings/view-as/end").status_code == 303
    assert "Lins roof" in browser.get(f"/t/{desk.slug}/e/task").text


def test_it_is_noted_the_person_is_told_and_it_ends_by_itself(desk, clock):
    browser = desk.browser("chen")
    post(desk, browser, "/settings/view-as", {"person": desk.people["wen"]})
    with desk.home.read() as conn:
        assert conn.execute(select(t.audit.c.actor_id, t.audit.c.subject).where(t.audit.c.kind == "session.viewing")).all() == [(desk.people["chen"], desk.people["wen"])]
        assert conn.execute(select(t.notice.c.person_id).where(t.notice.c.kind == "viewed")).scalars().all() == [desk.people["wen"]]
    clock.advance(timedelta(minutes=61))
    assert "through the eyes" not in browser.get(f"/t/{desk.slug}/e/task").text


def test_who_may_do_more_or_is_nobody_cant_be_looked_through(desk, clock):
    browser = desk.browser("chen")
    assert post(desk, browser, "/settings/view-as", {"person": desk.people["chen"]}).status_code == 403
    assert post(desk, browser, "/settings/view-as", {"person": "nobody"}).status_code == 404
    assert post(desk, desk.browser("mei"), "/settings/view-as", {"person": desk.people["wen"]}).status_code == 403
    with desk.home.write() as conn:
        accounts.disable(conn, desk.people["lin"], clock.now())
    assert post(desk, browser, "/settings/view-as", {"person": desk.people["lin"]}).status_code == 404


def test_a_lost_right_ends_it_at_once(desk, clock):
    browser = desk.browser("chen")
    post(desk, browser, "/settings/view-as", {"person": desk.people["wen"]})
    with desk.home.write() as conn:
        conn.execute(t.person_role.delete().where(t.person_role.c.person_id == desk.people["chen"]))
        conn.execute(t.person_role.insert().values(person_id=desk.people["chen"], role="guest"))
        accounts.bump_rights(conn)
    page = browser.get(f"/t/{desk.slug}/e/task")
    assert "through the eyes" not in page.text


# --- the workspace ------------------------------------------------------------------------------------------------------

GOOD = {"name": "Hemu", "accent": "teal", "language": "en", "languages": ["en", "zh"], "currency": "EUR", "zone": "Europe/Berlin", "bin_days": "30"}


def settings_now(desk: Desk):
    with desk.home.read() as conn:
        return conn.execute(select(t.tenant_state.c.settings)).scalar_one()


def test_the_workspace_is_set_and_noted(desk):
    browser = desk.browser("chen")
    assert post(desk, browser, "/settings/workspace", GOOD).status_code == 303
    now = settings_now(desk)
    assert {k: now[k] for k in ("name", "accent", "currency", "zone", "bin_days")} == {"name": "Hemu", "accent": "teal", "currency": "EUR", "zone": "Europe/Berlin", "bin_days": 30}
    page = browser.get(f"/t/{desk.slug}/settings/workspace?saved=1").text
    assert 'data-accent="teal"' in page and "Hemu" in page
    with desk.home.read() as conn:
        (data,) = conn.execute(select(t.audit.c.data).where(t.audit.c.kind == "settings.changed")).scalars()
    assert "accent" in data["name"] and "zone" in data["name"]


@pytest.mark.parametrize(("wrong", "message"), [
    ({"name": ""}, "A workspace has a name"), ({"name": "x" * 81}, "A workspace has a name"), ({"accent": "neon"}, "no such colour"), ({"languages": []}, "At least one language"),
    ({"languages": ["zh"]}, "must be among those offered"), ({"currency": "XYZW"}, "no such currency"), ({"zone": "Mars/Base"}, "no such time zone"),
    ({"bin_days": "0"}, "number of days"), ({"bin_days": "many"}, "number of days"), ({"logo": "nonsense"}, "must be a picture"),
])
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_kept(desk, wrong, message):
    before = settings_now(desk)
    answer = post(desk, desk.browser("chen"), "/settings/workspace", {**GOOD, **wrong})
    assert answer.status_code == 422 and message in answer.text
    assert settings_now(desk) == before


def test_the_mark_is_a_picture_that_only_people_of_the_workspace_see(desk):
    browser = desk.browser("chen")
    out = io.BytesIO()
    Image.new("RGB", (128, 128), (10, 120, 110)).save(out, "PNG")
    out.seek(0)
    sent = post(desk, browser, "/files", {"file": (out, "mark.png")})
    assert post(desk, browser, "/settings/workspace", {**GOOD, "logo": sent.json["id"]}).status_code == 303
    url = settings_now(desk)["logo"]
    assert browser.get(url).mimetype == "image/jpeg" and url in browser.get(f"/t/{desk.slug}/").text
    assert desk.browser("wen").get(url).status_code == 200
    assert desk.app.test_client().get(url).status_code in (302, 303, 401)
    post(desk, browser, "/settings/workspace", GOOD)
    assert settings_now(desk)["logo"] is None and browser.get(f"/t/{desk.slug}/logo").status_code == 404


def test_only_administrators_reach_these_pages(desk):
    for path in ("workspace", "audit", "audit/export", "volumes"):
        assert desk.browser("mei").get(f"/t/{desk.slug}/settings/{path}").status_code == 403
    assert post(desk, desk.browser("mei"), "/settings/workspace", GOOD).status_code == 403


# --- the log ------------------------------------------------------------------------------------------------------------


def fill(desk: Desk, clock: FixedClock) -> None:
    from tests.integration.clocks.test_clocks import as_person

    with as_person(desk, "chen") as ctx:
        audit.note(ctx, "role.changed", desk.people["wen"], {"given": ["keeper"], "taken": ["worker"]})
    clock.advance(timedelta(days=2))
    with as_person(desk, "chen") as ctx:
        audit.note(ctx, "settings.changed", None, {"name": ["zone"]})
        audit.note(ctx, "token.created", desk.people["mei"], {"name": "=HYPERLINK(1)"})


def test_the_log_is_told_in_sentences_searched_and_filtered(desk, clock):
    fill(desk, clock)
    browser = desk.browser("chen")

    def page(args: str = "") -> str:
        answer = browser.get(f"/t/{desk.slug}/settings/audit{args}")
        assert answer.status_code == 200
        return answer.text

    assert "Chen changed the roles of Wen" in page() and "Chen changed the settings: Time zone" in page()
    assert "+ Keeper, − Worker" in page("?kind=role")
    for args, there, gone in (
        ("?kind=role", "roles of Wen", "settings: Time zone"), (f"?person={desk.people['wen']}", "roles of Wen", "settings: Time zone"), ("?q=Wen", "roles of Wen", "settings: Time zone"),
        ("?q=roles", "roles of Wen", "settings: Time zone"), ("?from=2026-11-26", "settings: Time zone", "roles of Wen"), ("?to=2026-11-25", "roles of Wen", "settings: Time zone"),
        ("?kind=moon&from=never&person=x", "roles of Wen", "no such thing"),
    ):
        text = page(args)
        assert there in text and gone not in text, args
    assert "Nothing fits" in page("?q=zzzz")


def test_the_log_as_a_file_is_safe_and_needs_the_right_to_export(desk, clock):
    fill(desk, clock)
    answer = desk.browser("chen").get(f"/t/{desk.slug}/settings/audit/export?kind=token")
    assert answer.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert rows[0][:3] == ["When", "Done by", "What was done"] and len(rows) == 2 and rows[1][1] == "Chen"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_every_kind_can_be_asked_for():
    from runtime.web.settings import audit_words

    families = {kind.partition(".")[0] for kind in audit.KINDS}
    assert families == set(audit_words.FAMILIES) == set(audit_words.ICONS)


def test_who_somebody_is_changes_on_no_road_unnoticed(desk, clock):
    from tests.integration.clocks.test_clocks import as_person

    wen = desk.people["wen"]
    with as_person(desk, "chen") as ctx:
        road.update(ctx, "person", wen, Input({"team": desk.teams["west"], "email": "wen@example.com"}), version=None)
        road.update(ctx, "team", desk.teams["west"], Input({"parent": desk.teams["east"]}), version=None)
        road.update(ctx, "person", wen, Input({"active": False}), version=None)
        road.delete(ctx, "person", wen, version=None)
        road.restore(ctx, "person", wen)
    browser = desk.browser("chen")
    text = browser.get(f"/t/{desk.slug}/settings/audit").text
    for words in ("Chen changed Wen", "E-mail, Member of", "Chen changed the team West", "Part of", "Chen deactivated Wen", "Chen moved Wen to the bin", "Chen took Wen out"):
        assert words in text, words
    assert "Chen changed Wen" in browser.get(f"/t/{desk.slug}/settings/audit/export").text
    assert "Chen exported the audit log: " in browser.get(f"/t/{desk.slug}/settings/audit?kind=audit").text


def test_pages_of_the_log_cost_the_same_whatever_they_show(desk, clock):
    from tests.integration.clocks.test_clocks import as_person

    fill(desk, clock)
    browser = desk.browser("chen")
    with count_statements(desk.home) as few:
        browser.get(f"/t/{desk.slug}/settings/audit")
    with as_person(desk, "chen") as ctx:
        for n in range(60):
            audit.note(ctx, "person.invited", desk.people["wen" if n % 2 else "lin"])
    with count_statements(desk.home) as many:
        text = browser.get(f"/t/{desk.slug}/settings/audit").text
    assert many.total == few.total and "Show older ones" in text
    more = text.split("before=")[1].split('"')[0]
    assert "roles of Wen" in browser.get(f"/t/{desk.slug}/settings/audit?before={more}").text


def test_volumes_count_what_is_there(desk):
    desk.api("chen").make()
    binned = desk.api("chen").make()
    desk.api("chen").delete(f"/records/task/{binned['id']}", version=1)
    text = desk.browser("chen").get(f"/t/{desk.slug}/settings/volumes").text
    assert "Data volumes" in text and "1 in the bin" in text
    with count_statements(desk.home) as few:
        desk.browser("chen").get(f"/t/{desk.slug}/settings/volumes")
    assert few.total < 16


def test_the_service_refuses_what_the_page_does(desk):
    from kernel.platform import viewing
    from tests.integration.clocks.test_clocks import as_person

    with as_person(desk, "mei") as ctx, pytest.raises(Forbidden):
        viewing.begin(ctx, "x", desk.people["wen"])
