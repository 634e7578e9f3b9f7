"""Every rule on every channel: the same breach is refused with the same uid, and nothing of it stays."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.platform.clock import FixedClock
from tests.conftest import NOW
from tests.factories.desk import Desk, make_desk, settings_for
from tests.parity.cases import CASES, GOOD, Case
from tests.parity.channels import CHANNELS, NOT_RECORDS, WRITERS, Act, Channel

ROOT = Path(__file__).resolve().parents[3]
SAFE = {"GET", "HEAD", "OPTIONS"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path_factory.mktemp("parity"), url), FixedClock(NOW)) as desk:
        yield desk


def pairs(cases: tuple[Case, ...]) -> list[object]:
    """Each case with each channel that can express it."""
    found = []
    for case in cases:
        for do in case.acts:
            for channel in CHANNELS:
                probe = case.fields if not callable(case.fields) else {"one": None}
                act = type("Probe", (), {"do": do, "fields": probe, "step": case.step, "asks": case.asks})()
                if do in channel.acts and channel.can(act):
                    found.append(pytest.param(case, do, channel, id=f"{case.key}-{do}-{channel.key}".replace(" ", "_")))
    return found


def prepare(desk: Desk, case: Case, do: str) -> tuple[str, int]:
    """The record as it stands before the act: its id and version."""
    if do == "create":
        return "", 0
    before = [dict(b(desk) if callable(b) else b) for b in case.before] or [{}]
    owner, chen = desk.api(case.owner), desk.api("chen")
    record = owner.make(**before[0])
    for fields in before[1:]:
        record = owner.patch(f"/records/task/{record['id']}", {"fields": fields}, version=record["version"]).json
    for step in case.taken:
        record = chen.post(f"/records/task/{record['id']}/transitions/{step}", {}, version=record["version"]).json
    if do == "restore":
        assert chen.delete(f"/records/task/{record['id']}", version=record["version"]).status_code == 204
    return record["id"], record["version"]


def snapshot(desk: Desk, id_: str) -> object:
    """What is there: the record with its history, or how many records there are."""
    chen = desk.api("chen")
    if not id_:
        return chen.get("/records/task/count").json
    return chen.get(f"/records/task/{id_}").json, chen.get(f"/records/task/{id_}/history").json


def told(desk: Desk, id_: str) -> object:
    found = snapshot(desk, id_)
    if isinstance(found, tuple):
        for document in found:
            if isinstance(document, dict):
                document.pop("instance", None)
    return found


@pytest.mark.parametrize(("case", "do", "channel"), pairs(CASES))
def test_a_breach_is_refused_by_its_rule(desk: Desk, case: Case, do: str, channel: Channel) -> None:
    id_, version = prepare(desk, case, do)
    act = case.act(desk, do, id_, version)
    before = told(desk, id_)
    outcome = channel.run(desk, case.who, act)
    assert outcome.refused, outcome.said[:300]
    assert case.rules <= outcome.rules, (outcome.rules, outcome.said[:300])
    if channel.key in ("API", "API for several", "sample data"):
        assert all(rule in outcome.said for rule in case.rules), "a program is told the rule"
    assert told(desk, id_) == before, "nothing of it stays"


@pytest.mark.parametrize(("case", "do", "channel"), pairs(GOOD))
def test_what_is_within_the_rules_goes_through(desk: Desk, case: Case, do: str, channel: Channel) -> None:
    id_, version = prepare(desk, case, do)
    before = told(desk, id_)
    outcome = channel.run(desk, case.who, case.act(desk, do, id_, version))
    assert not outcome.refused and not outcome.rules, (outcome.rules, outcome.said[:400])
    if do != "comment":
        assert told(desk, id_) != before


@pytest.mark.parametrize("channel", [c for c in CHANNELS if c.acts & {"create", "update"} and c.can(Act("update", {"extra": "x"}))], ids=lambda c: c.key.replace(" ", "_"))
def test_what_is_not_shown_keeps_no_value(desk: Desk, channel: Channel) -> None:
    """``show_when`` refuses nothing: whoever sends a value for a field that is not shown, it is not kept."""
    do = "create" if "create" in channel.acts else "update"
    record = desk.api("wen").make()
    title = f"by {channel.key}"
    fields = {"extra": "x"} if do == "update" else {"title": title, "extra": "x"}
    outcome = channel.run(desk, "wen", Act(do, fields, id=record["id"], version=1))
    assert not outcome.refused, outcome.said[:300]
    found = desk.api("chen").get("/records/task?sort=-number&limit=1").json["items"][0]
    seen = found if do == "create" else desk.api("chen").get(f"/records/task/{record['id']}").json
    assert seen["fields"]["extra"] is None and (do == "update" or seen["fields"]["title"] == title)


VERSIONED = [c for c in CHANNELS if c.acts & {"update", "transition", "assign", "delete"} and c.key != "sample data" and c.key != "API for several"]


@pytest.mark.parametrize("channel", VERSIONED, ids=lambda c: c.key.replace(" ", "_"))
def test_a_stale_version_is_refused(desk: Desk, channel: Channel) -> None:
    """Samples know no versions, and a program may do something to several at once without naming any."""
    do = sorted(channel.acts & {"update", "transition", "assign", "delete"})[-1]
    record = desk.api("chen").make()
    assert desk.api("chen").patch(f"/records/task/{record['id']}", {"fields": {"effort": 1}}, version=1).status_code == 200
    act = Act(
        do,
        channel.usual if do == "update" else {},
        step="start" if do == "transition" else "",
        to=desk.people["lin"] if do == "assign" else "",
        id=record["id"],
        version=1,
    )
    status, said = channel.send(desk, "chen", act)
    assert status == 412, said[:300]
    assert desk.api("chen").get(f"/records/task/{record['id']}").json["version"] == 2


@pytest.mark.parametrize("version", ["", "x", "²", "-1", "9" * 40])
def test_a_form_without_a_version_changes_nothing(desk: Desk, version: str) -> None:
    from tests.factories.platform import csrf_of

    record = desk.api("wen").make()
    browser = desk.browser("wen")
    for path in ("edit", "field/title", "do/start"):
        sent = {"title": "blindly", "_version": version, "csrf_token": csrf_of(browser, desk.app, desk.slug)}
        assert browser.post(f"/t/{desk.slug}/e/task/{record['id']}/{path}", data=sent).status_code == 428
    assert desk.api("wen").get(f"/records/task/{record['id']}").json == record


def test_every_rule_kind_has_a_case_on_every_channel() -> None:
    for channel in CHANNELS:
        for do in channel.acts:
            assert any(do in c.acts for c in CASES), f"{channel.key}: {do} has no breach"
            assert any(do in c.acts for c in GOOD), f"{channel.key}: {do} has no good act"


def test_every_write_route_is_a_channel(settings, clock) -> None:
    """A new route that writes fails here until it stands in tests/parity/channels.py."""
    from app import create_app
    from builder.web.urls import ROUTES as DESIGN

    app = create_app(settings, clock)
    design = {"/t/<tenant>" + route.rule for route in DESIGN}
    listed = {route for channel in CHANNELS for route in channel.routes} | set(NOT_RECORDS)
    found = {(method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods or () if method not in SAFE and rule.rule not in design}
    app.extensions["fangyuan"].databases.dispose()
    assert found - listed == set(), "write routes that no channel lists"
    assert listed - found == set(), "listed, but gone"
    assert all(rule.startswith("/t/<tenant>/design/") for rule in design)


def _calls_of_the_road(tree: ast.AST) -> set[str]:
    writes = {"create", "create_many", "create_for_rule", "update", "transition", "assign", "delete", "delete_many", "restore", "restore_many", "mend"}
    return {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in writes
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "road"
    }


def test_nobody_else_calls_the_record_road() -> None:
    callers = set()
    for owner in ("kernel", "builder", "runtime", "commands"):
        for path in (ROOT / owner).rglob("*.py"):
            if _calls_of_the_road(ast.parse(path.read_text("utf-8"))):
                callers.add(str(path.relative_to(ROOT)))
    assert callers <= set(WRITERS), f"who writes records stands in tests/parity/channels.py: {sorted(callers - set(WRITERS))}"


def test_nobody_writes_record_tables_past_the_road() -> None:
    """Contents of record tables are written in runtime/records only."""
    import re

    pattern = re.compile(r"\b(insert|update|delete)\((shape\.table|tables\.of|ctx\.tables|.*\.tables\.of)")
    wrong = [
        str(path.relative_to(ROOT))
        for owner in ("kernel", "builder", "runtime", "commands")
        for path in (ROOT / owner).rglob("*.py")
        if pattern.search(path.read_text("utf-8")) and "runtime/records" not in str(path) and "builder/publish" not in str(path)
    ]
    assert wrong == []
