"""Lists people live in, asked as a browser asks: saved views, columns, groups, figures, marks."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import insert, select

from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.database import count_statements
from tests.conftest import NOW
from tests.factories.desk import Desk, make_desk, settings_for
from tests.factories.platform import csrf_of


@dataclass
class Screen:
    """One person's browser."""

    desk: Desk
    login: str

    def __post_init__(self) -> None:
        self.client = self.desk.browser(self.login)
        self.base = f"/t/{self.desk.slug}/e/task"

    def get(self, path: str = "", **args: Any) -> str:
        answer = self.client.get(self.base + path, query_string=args or None, headers={"HX-Request": "true"} if path else {})
        assert answer.status_code == 200, answer.text[:500]
        return html.unescape(answer.text)

    def titles(self, path: str = "", **args: Any) -> list[str]:
        return [re.sub("<[^>]+>", "", found) for found in re.findall(r'class="row-link"[^>]*>(.*?)</a>', self.get(path, **args))]

    def post(self, path: str, data: Any = None, **more: Any) -> Any:
        headers = {"X-CSRFToken": csrf_of(self.client, self.desk.app, self.desk.slug), "HX-Request": "true", **more.pop("headers", {})}
        return self.client.post(self.base + path, data=data, headers=headers, **more)

    def save(self, name: str, audience: str = "me", query: str = "") -> str:
        answer = self.post(f"/views{query}", {"name": name, "audience": audience})
        assert answer.status_code == 204, answer.text[:800]
        return str(answer.headers["HX-Redirect"]).partition("view=")[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path_factory.mktemp("lists"), url), FixedClock(NOW)) as desk:
        yield desk


@pytest.fixture
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The same where the database makes no difference."""
    with make_desk(settings_for("sqlite", tmp_path_factory.mktemp("lists"), None), FixedClock(NOW)) as desk:
        yield desk


def figures(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", text)).strip()


# --- saved views ------------------------------------------------------------------------------------------------------


def test_a_view_is_saved_shared_changed_and_comes_back(desk: Desk) -> None:
    wen, mei, lin = Screen(desk, "wen"), Screen(desk, "mei"), Screen(desk, "lin")
    desk.api("wen").make(title="Big", effort="50")
    desk.api("wen").make(title="Small", effort="1")
    id_ = wen.save("Big ones", "team", "?f=effort.ge.10&sort=-effort")
    assert wen.titles(view=id_) == ["Big"]
    # A colleague of the team sees it with their own rights; another team does not see it at all.
    assert "Big ones" in mei.get() and mei.titles(view=id_) == ["Big"]
    assert "Big ones" not in lin.get()
    assert lin.client.get(f"{lin.base}/views/{id_}").status_code == 404
    # Changed: the address says what differs, and the page offers to save or discard it.
    page = wen.get(view=id_, f="effort.ge.40")
    assert "/hold?" in page and "Discard" in page
    assert "/hold?" not in mei.get(view=id_, f="effort.ge.40")
    assert mei.post(f"/views/{id_}/hold?view={id_}&f=effort.ge.40").status_code == 403
    assert wen.post(f"/views/{id_}/hold?view={id_}&f=effort.ge.0.5").status_code == 204
    assert sorted(mei.titles(view=id_)) == ["Big", "Small"]
    # Removed with a way back.
    assert mei.post(f"/views/{id_}/delete").status_code == 403
    gone = wen.post(f"/views/{id_}/delete")
    assert gone.headers["HX-Redirect"].endswith(f"gone={id_}")
    assert "Big ones" not in mei.get()
    assert mei.post(f"/views/{id_}/restore").status_code == 404
    assert wen.post(f"/views/{id_}/restore").status_code == 204
    assert "Big ones" in mei.get()


def test_only_administrators_share_with_everybody(small: Desk) -> None:
    wen, chen, lin = Screen(small, "wen"), Screen(small, "chen"), Screen(small, "lin")
    refused = wen.post("/views", {"name": "For all", "audience": "all"})
    assert refused.status_code == 422 and "Only administrators share views with everybody." in html.unescape(refused.text)
    assert "For all" in refused.text, "what was typed stays"
    id_ = chen.save("For all", "all", "?f=effort.ge.10")
    assert "For all" in lin.get()
    mine = wen.save("Mine")
    assert wen.post(f"/views/{mine}", {"name": "Mine", "audience": "all"}).status_code == 422
    assert chen.client.get(f"{chen.base}/views/{mine}").status_code == 404
    assert wen.post(f"/views/{id_}", {"name": "Taken over", "audience": "me"}).status_code == 422
    for name, audience, words in (("", "me", "Give the view a name."), ("x" * 61, "me", "At most 60 characters."), ("A", "world", "Choose who sees the view.")):
        answer = wen.post("/views", {"name": name, "audience": audience})
        assert answer.status_code == 422 and words in html.unescape(answer.text)


def test_a_view_never_widens_rights_and_says_when_it_is_closed(small: Desk) -> None:
    chen, wen = Screen(small, "chen"), Screen(small, "wen")
    small.api("chen").make(title="Chen's", secret="x", effort="3")
    small.api("wen").make(title="Wen's", effort="3")
    by_filter = chen.save("By filter", "all", "?f=secret.eq.x")
    by_text = chen.save("By condition", "all", '?where=secret+%3D+"x"')
    with small.ctx() as ctx:
        ctx.conn.execute(t.saved_view.update().values(data={**_data(ctx, by_filter), "columns": ["secret", "effort"]}).where(t.saved_view.c.id == by_filter))
    assert chen.titles(view=by_filter) == chen.titles(view=by_text) == ["Chen's"]
    for id_ in (by_filter, by_text):
        page = wen.get(view=id_)
        assert "This view uses a condition that you may not use" in page and wen.titles(view=id_) == []
        assert "secret" not in page.lower(), "not even the name of the field is told"
        assert "secret" not in wen.get("/tabs", view=id_).lower()
    shared = chen.save("Columns", "all", "?sort=-secret")
    with small.ctx() as ctx:
        ctx.conn.execute(t.saved_view.update().values(data={**_data(ctx, shared), "columns": ["secret", "effort"]}).where(t.saved_view.c.id == shared))
    page = wen.get(view=shared)
    assert wen.titles(view=shared) == ["Wen's"] and "Effort" in page and "secret" not in page.lower()


def _data(ctx: Any, id_: str) -> dict[str, Any]:
    return dict(ctx.conn.execute(select(t.saved_view.c.data).where(t.saved_view.c.id == id_)).scalar_one())


def test_a_view_outlives_what_it_names(small: Desk) -> None:
    wen = Screen(small, "wen")
    small.api("wen").make(title="Here", effort="3")
    with small.ctx() as ctx:
        ctx.conn.execute(insert(t.saved_view).values(
            id="018f0000-0000-7000-8000-000000000001", entity="task", name="Old", owner_id=small.people["wen"], audience="me", version=1,
            created_at=ctx.now, updated_at=ctx.now,
            data={"filters": ["vanished.eq.1", "effort.ge.1"], "columns": ["long_gone", "effort"], "sort": "-vanished", "group": "vanished", "widths": "?", "totals": 3}))
    page = wen.get(view="018f0000-0000-7000-8000-000000000001")
    assert "No longer in the application and left out of this view: vanished, long_gone." in page
    assert wen.titles(view="018f0000-0000-7000-8000-000000000001") == ["Here"]
    assert "The view of this address is no longer there" in wen.get(view="018f0000-0000-7000-8000-00000000dead")


def test_pins_stand_first_and_keep_their_order(small: Desk) -> None:
    wen = Screen(small, "wen")
    a, b, c = wen.save("Aa"), wen.save("Bb"), wen.save("Cc")

    def order() -> list[str]:
        return re.findall(r'class="tab"[^>]*>(Aa|Bb|Cc)', wen.get())

    assert order() == ["Aa", "Bb", "Cc"]
    assert wen.post("/views/pins", {"id": c, "pinned": "1"}).status_code == 200
    assert order() == ["Cc", "Aa", "Bb"]
    assert wen.post("/views/pins", json={"id": b, "from": "others", "to": "pinned", "before": c}).status_code == 200
    assert order() == ["Bb", "Cc", "Aa"]
    assert wen.post("/views/pins", json={"id": c, "from": "pinned", "to": "others", "before": None}).json == {"pins": [b]}
    assert wen.post("/views/pins", json={"id": "nobody", "to": "pinned"}).json == {"pins": [b]}
    assert a in wen.get("/views")


# --- columns, groups, figures -----------------------------------------------------------------------------------------


def test_columns_widths_and_figures_are_kept_per_person_and_view(desk: Desk) -> None:
    wen, mei = Screen(desk, "wen"), Screen(desk, "mei")
    project = desk.api("wen").make("project", name="Roof")
    for n in range(3):
        desk.api("wen").make(title=f"T{n}", effort=f"{n}.5", count=n, budget={"amount": "10.10", "currency": "CNY"}, project=project["id"] if n else None)
    kept = wen.post("/layout", {
        "columns": ["budget", "count", "effort", "takes", "project.name", "secret", "nonsense!"],
        "total-effort": "avg", "total-budget": "sum", "total-count": "max", "density": "compact", "group": ""})
    assert kept.status_code == 204
    page = wen.get()
    heads = re.findall(r'<th scope="col" data-key="([^"]+)"', page)
    assert heads == ["_title", "budget", "count", "effort", "takes", "project.name"], "hidden and unknown columns are left out"
    assert 'data-density="compact"' in page and "Discard" in page
    assert re.findall(r'<th scope="col" data-key="([^"]+)"', mei.get())[1:] == ["title", "effort", "project.name"]
    assert figures(wen.get("/figures")) == "Budget Sum ¥30.30 Count Largest 2 Effort Average 1.50"
    assert wen.post("/layout", json={"widths": {"budget": 222, "evil;": 3, "count": 5}}).status_code == 204
    page = wen.get()
    assert 'data-key="budget" data-px="222"' in page and 'data-key="count" data-px="60"' in page
    saved = wen.save("Mine")
    assert 'data-key="budget" data-px="222"' in wen.get(view=saved)
    assert "Effort" in wen.get("/figures", view=saved)
    assert 'data-key="title"' in wen.get(), "the view it came from stands as before"
    assert wen.post(f"/layout/reset?view={saved}", {"widths": "1"}).status_code == 204
    assert "budget" in wen.get("/display")


def test_figures_are_right_on_both_databases(desk: Desk) -> None:
    wen, chen = Screen(desk, "wen"), Screen(desk, "chen")
    rows = [("0.1", 7, "999999999999999.99", 90, "0.25"), ("0.2", None, "999999999999999.99", 30, "0.5"), (None, -4, "0.02", None, None)]
    for effort, count, budget, takes, share in rows:
        desk.api("wen").make(effort=effort, count=count, budget={"amount": budget, "currency": "CNY"}, takes=takes, share=share)
    desk.api("lin").make(effort="500", budget={"amount": "1", "currency": "USD"})
    columns = ["effort", "count", "budget", "takes", "share"]

    def asked(who: Screen, how: str) -> str:
        assert who.post("/layout", {"columns": columns, **{f"total-{c}": how for c in columns}}).status_code == 204
        return figures(who.get("/figures"))

    assert asked(wen, "sum") == "Effort Sum 0.30 Count Sum 3 Budget Sum ¥2,000,000,000,000,000 Takes Sum 2m Share Sum 75%"
    assert asked(wen, "avg") == "Effort Average 0.15 Count Average 1.5 Budget Average ¥666,666,666,666,666.67 Takes Average 1m Share Average 37.5%"
    assert asked(wen, "min").startswith("Effort Smallest 0.10 Count Smallest -4 Budget Smallest ¥0.02")
    assert asked(wen, "max").startswith("Effort Largest 0.20 Count Largest 7 Budget Largest ¥999,999,999,999,999.99")
    # Over visible rows only (D11); what can't be added up is not.
    assert "Budget Sum several currencies" in asked(chen, "sum") and "Effort Sum 500.30" in figures(chen.get("/figures"))
    assert wen.get("/figures", q="nothing like it").count("—") == 5


def test_figures_through_a_reference_over_what_the_reader_sees(desk: Desk) -> None:
    wen, chen, guo = Screen(desk, "wen"), Screen(desk, "chen"), Screen(desk, "guo")
    mine = desk.api("wen").make("project", name="Roof", budget={"amount": "999999999999999.99", "currency": "CNY"})
    other = desk.api("chen").make("project", name="Hall", budget={"amount": "30", "currency": "CNY"})
    for title, project in (("A", mine), ("B", mine), ("C", None)):
        desk.api("wen").make(title=title, project=project["id"] if project else None, priority="low" if title != "B" else "high", reason="x", effort="2")
    theirs = desk.api("chen").make(title="D", effort="2", project=other["id"], priority="low")
    assert desk.api("chen").post(f"/records/task/{theirs['id']}/assign", {"owner": desk.people["wen"]}, version=1).status_code == 200

    def asked(who: Screen, how: str, **args: str) -> str:
        assert who.post("/layout", {"columns": ["project.budget", "effort"], "total-project.budget": how, "total-effort": "sum"}).status_code == 204
        return figures(who.get("/figures", **args))

    # The amount of a project stands in each row that refers to it, and is added up as it stands there; another's project is out of sight.
    assert asked(wen, "sum") == "Project › Budget Sum ¥1,999,999,999,999,999.98 Effort Sum 8.00"
    assert 'name="total-project.budget"' in wen.get("/display")
    assert asked(chen, "sum").startswith("Project › Budget Sum ¥2,000,000,000,000,029.98")
    assert asked(wen, "avg").startswith("Project › Budget Average ¥999,999,999,999,999.99") and asked(chen, "min").startswith("Project › Budget Smallest ¥30")
    assert asked(wen, "max", f="title.eq.C").startswith("Project › Budget Largest —")
    assert asked(wen, "sum", group="priority") and "Project › Budget: Sum" in wen.get(group="priority")
    # Whoever may not read the amounts, or the projects at all, gets neither column nor figure.
    assert "Budget" not in asked(guo, "sum") and "project.budget" not in guo.get("/display")
    # Only records' own amounts are added up unasked: the same project in ten rows would count ten times.
    answer = desk.api("wen").post("/views/task", {"name": "Unasked", "arrangement": {"columns": ["project.budget", "budget"]}})
    assert figures(wen.get("/figures", view=answer.json["id"])) == "Budget Sum —"


GROUPED = (
    ("state", ["open 2", "Doing 1"]), ("priority", ["Low 1", "High 1", "Nothing entered 1"]), ("done", ["Yes 1", "No 1", "Nothing entered 1"]), ("project", ["Barn 1", "Roof 1", "Nothing entered 1"]),

    ("owner", ["Wen 3"]), ("team", ["East 3"]), ("due:month", ["November 2026 1", "December 2026 1", "Nothing entered 1"]),
    ("due:week", ["Week of 2026-11-23 1", "Week of 2026-11-30 1", "Nothing entered 1"]), ("due:day", ["2026-11-29 1", "2026-12-01 1", "Nothing entered 1"]),
    ("due:year", ["2026 2", "Nothing entered 1"]),
    ("starts:day", ["2026-11-24 1", "2026-11-25 1", "Nothing entered 1"]), ("created_at:month", ["November 2026 3"]),
)


def heads_of(page: str) -> list[str]:
    found = re.findall(r'<span class="group-name">(.*?)<span class="tab-count">([\d,]+)</span>', page)
    return [f"{figures(re.sub('<span class=.avatar[^>]*>[^<]*</span>', '', name))} {count}" for name, count in found]


def test_groups_by_everything_with_lazily_loaded_rows(desk: Desk) -> None:
    wen = Screen(desk, "wen")
    roof, barn = (desk.api("wen").make("project", name=name) for name in ("Roof", "Barn"))
    made = desk.api("wen").make(
        title="A", priority="high", reason="now", done=True, due="2026-11-29", project=roof["id"], starts="2026-11-24T15:59:00Z",
        effort="2", budget={"amount": "5", "currency": "CNY"})
    desk.api("wen").make(
        title="B", priority="low", done=False, due="2026-12-01", project=barn["id"], starts="2026-11-24T16:01:00Z",
        effort="4", budget={"amount": "7", "currency": "CNY"})
    desk.api("wen").make(title="C")
    desk.api("lin").make(title="Foreign", priority="low")
    assert desk.api("wen").post(f"/records/task/{made['id']}/transitions/start", {}, version=made["version"]).status_code == 200
    for by, expected in GROUPED:
        page = wen.get(group=by)
        assert [h.lower() for h in heads_of(page)] == [e.lower() for e in expected], by
        urls = re.findall(r'data-group-url="([^"]+)"', page)
        titles = [wen.titles(url.removeprefix(wen.base).partition("?")[0] + "?" + url.partition("?")[2]) for url in urls]
        assert [len(found) for found in titles] == [int(e.rsplit(" ", 1)[1]) for e in expected], by
        assert sorted(x for found in titles for x in found) == ["A", "B", "C"], by
    assert wen.post("/layout", {"columns": ["effort", "budget"], "total-effort": "sum", "total-budget": "avg", "group": "priority"}).status_code == 204
    page = wen.get()
    assert len(heads_of(page)) == 3, "grouping is kept with the view"
    assert "Effort: Sum" in page and "¥5" in page and "¥7" in page
    assert wen.post("/group", {"value": "low", "open": "0"}).status_code == 204
    assert wen.get().count("data-group-open") == 2
    assert wen.post("/group", {"value": "low", "open": "maybe"}).status_code == 400


@pytest.mark.parametrize("group", ["title", "secret", "lines", "due", "due:century", "nonsense"])
def test_what_cannot_be_grouped_says_so(small: Desk, group: str) -> None:
    wen = Screen(small, "wen")
    small.api("wen").make(title="A")
    page = wen.get(group=group)
    assert "Lists can't be grouped by" in page
    assert wen.client.get(f"{wen.base}/group", query_string={"by": "due:month", "value": "soon"}).status_code == 200


def test_more_records_ask_no_more_often(desk: Desk) -> None:
    wen = Screen(desk, "wen")
    wen.save("Kept", "team", "?f=effort.ge.0")
    assert wen.post("/layout", {"columns": ["effort", "budget", "project.name", "owner"], "total-effort": "sum"}).status_code == 204
    paths = [("", {}), ("", {"group": "priority"}), ("", {"group": "due:month"}), ("/group", {"by": "priority", "value": "low"}), ("/figures", {}), ("/total", {}), ("/tabs", {})]

    def asked() -> list[int]:
        found = []
        for path, args in paths:
            with count_statements(desk.home.engine._proxied) as counted:
                wen.get(path, **args)
            found.append(counted.total)
        return found

    def make(n: int) -> None:
        project = desk.api("wen").make("project", name=f"P{n}")
        for m in range(n):
            desk.api("wen").make(title=f"T{m}", effort="1", priority="low", due=f"2026-{m % 12 + 1:02d}-01", project=project["id"], budget={"amount": "1", "currency": "CNY"})

    make(2)
    asked()
    few = asked()
    make(30)
    assert asked() == few
    assert max(few) <= 12, few


# --- quick search -----------------------------------------------------------------------------------------------------


def test_every_column_marks_what_was_searched_for(small: Desk) -> None:
    wen = Screen(small, "wen")
    small.api("wen").make(title="Paint <b>the</b> fence", details="滨江店的围栏，请在周五前 paint 完", code="AB-77", mail="paint@example.com")
    assert wen.post("/layout", {"columns": ["details", "code", "mail", "owner"]}).status_code == 204
    raw = wen.client.get(wen.base, query_string={"q": "paint 滨江"}).text
    assert raw.count("<mark>") == 4 and "<mark>Paint</mark> &lt;b&gt;" in raw and "<mark>滨江</mark>店" in raw and "<mark>paint</mark>@example" in raw
    assert "<b>the</b>" not in raw
    raw = wen.client.get(wen.base, query_string={"q": "77"}).text
    assert "<mark>77</mark>" in raw


# --- cells edited in place --------------------------------------------------------------------------------------------


def test_a_cell_is_edited_in_place(desk: Desk) -> None:
    wen, mei, guo = Screen(desk, "wen"), Screen(desk, "mei"), Screen(desk, "guo")
    made = desk.api("wen").make(title="Paint", effort="3")
    page = wen.get(view="tasks")
    assert 'data-edit="effort"' in page and 'data-closed="project.name" title="Belongs to “Project” and is changed there"' in page
    assert 'data-edit="effort"' not in guo.get(), "who may not write gets no editable cells"
    editor = wen.get(f"/{made['id']}/field/effort", cell="1")
    assert 'class="cell-form"' in editor and 'value="3' in editor and 'name="_version" value="1"' in editor

    def put(who: Screen, value: str, version: int, key: str = "effort") -> Any:
        return who.post(f"/{made['id']}/field/{key}", {key: value, "_version": version, "_cell": "1", "_cols": "effort,weight,owner,secret", "_q": "pain"})

    taken = put(wen, "8", 1)
    assert taken.status_code == 200 and f'id="row-{made["id"]}"' in taken.text and 'data-version="2"' in taken.text
    assert "8.00" in taken.text or ">8<" in taken.text
    assert "16" in taken.text, "what follows from the value comes along"
    assert "<mark>Pain</mark>t" in taken.text and "secret" not in taken.text.lower()
    refused = put(wen, "5000", 2)
    assert refused.status_code == 422 and 'class="cell-form"' in refused.text and "At most 1000" in html.unescape(refused.text).replace(",", "") and 'value="5000"' in refused.text
    stale = put(mei, "9", 1)
    assert stale.status_code == 412 and "conflict-dialog" in stale.text
    assert put(guo, "1", 2).status_code == 403
    assert guo.client.get(f"{guo.base}/{made['id']}/field/effort?cell=1", headers={"HX-Request": "true"}).status_code == 403
    assert put(Screen(desk, "lin"), "1", 2).status_code == 404
    assert wen.post(f"/{made['id']}/field/effort", {"effort": "1", "_cell": "1"}).status_code == 428


def test_a_cell_that_stays_closed_says_why_and_leads_there(small: Desk) -> None:
    wen, guo, out = Screen(small, "wen"), Screen(small, "guo"), Screen(small, "out")
    project = small.api("wen").make("project", name="Roof")
    made, free = small.api("wen").make(project=project["id"]), small.api("wen").make(title="Free")
    why = wen.get(f"/{made['id']}/why/project.name")
    assert "This belongs to “Project”." in why and f'href="/t/{small.slug}/e/project/{project["id"]}#v-name"' in why and "Open “Roof”" in why
    assert "Nothing is chosen there." in wen.get(f"/{free['id']}/why/project.name")
    wen.post("/layout", {"columns": ["weight", "grade", "effort"]})
    page = wen.get()
    assert 'data-closed="weight" title="Worked out by the system"' in page and 'data-closed="grade" title="You may read this, but not change it"' in page
    for who, path in ((wen, "project.note"), (wen, "project.nothing"), (wen, "title.x"), (guo, "project.name"), (out, "project.name"), (wen, "project.name.x")):
        answer = who.client.get(f"{who.base}/{made['id']}/why/{path}", headers={"HX-Request": "true"})
        assert answer.status_code == 404, (who.login, path, answer.status_code)


def test_options_of_a_field_are_searched_on_the_server(small: Desk) -> None:
    wen, out = Screen(small, "wen"), Screen(small, "out")
    base = f"/t/{small.slug}/lookup/task"

    def found(field: str, **args: str) -> list[str]:
        answer = wen.client.get(f"{base}/{field}", query_string={"options": "1", **args})
        assert answer.status_code == 200, answer.text
        return [o["value"] for o in answer.json["options"]]

    assert found("priority", q="LO") == ["low"] and found("priority") == ["low", "high"], "what is retired is not offered"
    assert found("spot", area="north") == ["top"] and found("spot") == ["top", "bottom"]
    assert wen.client.get(f"{base}/title?options=1").status_code == 404
    assert out.client.get(f"{base}/priority?options=1").status_code == 404
