"""Every road by which a record can be written, in one place. A write route that stands neither here nor in ``NOT_RECORDS``
fails the suite (tests/integration/parity)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from kernel.errors import FangyuanError, Invalid, Refused
from kernel.jobs import queue
from kernel.model.elements import Sample
from kernel.platform import actors
from runtime.bulk import items
from runtime.records import comments, road
from runtime.samples.replay import replay
from tests.factories.desk import Desk
from tests.factories.platform import csrf_of

E = "/t/<tenant>/e/<entity>"
API = "/t/<tenant>/api/v1/records/<entity>"


@dataclass(frozen=True)
class Act:
    """What somebody tries: ``do`` is create, update, transition, assign, delete, restore or comment."""

    do: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    step: str = ""
    asks: Mapping[str, Any] = field(default_factory=dict)
    to: str = ""
    text: str = ""
    id: str = ""
    version: int = 1
    entity: str = "task"


@dataclass(frozen=True)
class Outcome:
    """``refused`` as the caller sees it; ``rules`` are the uids the refusal bears."""

    refused: bool
    rules: frozenset[str]
    said: str


@dataclass(frozen=True)
class Channel:
    """``acts``: what can be done by it; ``routes``: its addresses as (method, rule); ``can``: whether it can express an act."""

    key: str
    acts: frozenset[str]
    routes: frozenset[tuple[str, str]]
    send: Callable[[Desk, str, Act], tuple[int, str]]
    can: Callable[[Act], bool] = lambda act: True
    usual: Mapping[str, Any] = field(default_factory=lambda: {"effort": 2})
    """An update it can express."""

    def run(self, desk: Desk, login: str, act: Act) -> Outcome:
        """Try it in somebody's name."""
        with _refusals() as rules:
            status, said = self.send(desk, login, act)
        return Outcome(status >= 400, frozenset(rules | _told(said)), said)


def _told(said: str) -> set[str]:
    """The rule of a problem document: what a view refuses before it asks the road."""
    rule = json.loads(said).get("rule") if said.startswith("{") else None
    return {rule} if rule else set()


def rules_of(error: FangyuanError) -> set[str]:
    """The uids that a refusal bears."""
    if isinstance(error, Refused):
        return {m.rule for m in error.missing if m.rule} | {p.rule for p in error.problems if p.rule}
    if isinstance(error, Invalid):
        return {p.rule for p in error.problems if p.rule}
    rule = getattr(error, "rule", None)
    return {rule} if rule else set()


@contextmanager
def _refusals() -> Iterator[set[str]]:
    """The rules by which the road refused meanwhile: pages show words, not uids."""
    found: set[str] = set()

    def watched(real: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return real(*args, **kwargs)
            except FangyuanError as error:
                found.update(rules_of(error))
                raise

        return call

    with pytest.MonkeyPatch.context() as patch:
        for module, names in ((road, ("create", "update", "transition", "assign", "delete", "delete_many", "restore", "restore_many", "mend")), (comments, ("add",))):
            for name in names:
                patch.setattr(module, name, watched(getattr(module, name)))
        yield found


# --- screens ----------------------------------------------------------------------------------------------------------


def as_form(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The texts a browser sends for API values."""
    found: dict[str, Any] = {}
    for key, value in fields.items():
        if isinstance(value, list) and any(isinstance(v, Mapping) for v in value):
            found[key] = ""
            for n, row in enumerate(value):
                found |= {f"{key}-{n}-{k}": texts for k, texts in as_form(row["fields"]).items()}
        elif isinstance(value, bool):
            found[key] = ["", "true" if value else "false"]
        elif isinstance(value, list):
            found[key] = ["", *map(str, value)]
        else:
            found[key] = "" if value is None else str(value)
    return found


def _post(desk: Desk, login: str, path: str, data: Mapping[str, Any] | None = None, below: str = "/e/", **more: Any) -> tuple[int, str]:
    browser = desk.browser(login)
    headers = {"X-CSRFToken": csrf_of(browser, desk.app, desk.slug), "Accept": "application/json", **more.pop("headers", {})}
    answer = browser.post(f"/t/{desk.slug}{below}{path}", data=data, headers=headers, **more)
    return answer.status_code, answer.text


def _new_form(desk: Desk, login: str, act: Act) -> tuple[int, str]:
    return _post(desk, login, f"{act.entity}/new", as_form(act.fields))


def _copy_form(desk: Desk, login: str, act: Act) -> tuple[int, str]:
    """The form of a copy, as somebody changed it; the original is any record they see."""
    seen = desk.api(login).get(f"/records/{act.entity}?limit=1").json.get("items")
    return _post(desk, login, f"{act.entity}/new", {**as_form(act.fields), "_copy": seen[0]["id"] if seen else ""})


def _edit_form(desk: Desk, login: str, act: Act) -> tuple[int, str]:
    return _post(desk, login, f"{act.entity}/{act.id}/edit", {**as_form(act.fields), "_version": act.version})


def _in_place(desk: Desk, login: str, act: Act) -> tuple[int, str]:
    (key,) = act.fields
    return _post(desk, login, f"{act.entity}/{act.id}/field/{key}", {**as_form(act.fields), "_version": act.version}, headers={"HX-Request": "true"})


def _in_cell(desk: Desk, login: str, act: Act) -> tuple[int, str]:
    (key,) = act.fields
    sent = {**as_form(act.fields), "_version": act.version, "_cell": "1", "_cols": f"{key},owner"}
    return _post(desk, login, f"{act.entity}/{act.id}/field/{key}", sent, headers={"HX-Request": "true"})


def _step_form(desk: Desk, login: str, act: Act) -> tuple[int, str]:
    return _post(desk, login, f"{act.entity}/{act.id}/do/{act.step}", {**as_form(act.fields), **as_form(act.asks), "_version": act.version})


def _board(desk: Desk, login: str, act: Act) -> tuple[int, str]:
    found = desk.application.transition(act.entity, act.step)
    assert found is not None
    return _post(desk, login, f"{act.entity}/board/move", json={"id": act.id, "to": found[1].to, "version": act.version})


def _board_of(key: str) -> Callable[[Desk, str, Act], tuple[int, str]]:
    """A drop on a board whose columns are the values of a field, or the owners."""

    def send(desk: Desk, login: str, act: Act) -> tuple[int, str]:
        value = act.to if key == "owner" else act.fields[key]
        return _post(desk, login, f"{act.entity}/board/move?by={key}&as=board", json={"id": act.id, "to": "-" if value is None else value, "version": act.version})

    return send


def _calendar(desk: Desk, login: str, act: Act) -> tuple[int, str]:
    now = desk.api("chen").get(f"/records/{act.entity}/{act.id}").json["fields"]["due"]
    days = (date.fromisoformat(act.fields["due"]) - date.fromisoformat(now)).days if now else 1
    return _post(desk, login, f"{act.entity}/calendar/move?by=due", json={"id": act.id, "days": days, "version": act.version})


def _assign_form(desk: Desk, login: str, act: Act) -> tuple[int, str]:
    return _post(desk, login, f"{act.entity}/{act.id}/assign", {"owner": act.to, "_version": act.version})


def _bulk(desk: Desk, login: str, act: Act) -> tuple[int, str]:
    """The dialog over the list. Its answer is a job; what one asked for is refused when the job says so of the record."""
    sent: dict[str, Any] = {"act": act.do, "ids": [f"{act.id}@{act.version}"]}
    if act.do == "update":
        sent |= {"pick": list(act.fields), **{f"op-{k}": "clear" if v is None else "set" for k, v in act.fields.items()}, **as_form(act.fields)}
    elif act.do == "transition":
        sent |= {"step": act.step, **as_form(act.fields), **as_form(act.asks)}
    elif act.do == "assign":
        sent["owner"] = act.to
    status, said = _post(desk, login, f"{act.entity}/bulk", sent, headers={"HX-Request": "true"})
    assert status == 204, said
    with desk.ctx() as ctx:
        job = queue.of_person(ctx.conn, desk.people[login], {"bulk"}, 1)[0]
        (item,) = items.some(ctx.conn, job.id)
    if item.state == "changed":
        return 412, item.reasons[0].words
    return (200, "") if item.state == "done" else (409, " ".join(r.words for r in item.reasons))


def _delete_form(desk: Desk, login: str, act: Act) -> tuple[int, str]:
    return _post(desk, login, f"{act.entity}/{act.id}/delete", {"_version": act.version})


def _restore(desk: Desk, login: str, act: Act) -> tuple[int, str]:
    return _post(desk, login, f"{act.entity}/{act.id}/restore", {})


def _from_bin(desk: Desk, login: str, act: Act) -> tuple[int, str]:
    return _post(desk, login, "bin/restore", {"ids": [f"{act.entity}:{act.id}"]}, below="/")


def _comment_form(desk: Desk, login: str, act: Act) -> tuple[int, str]:
    return _post(desk, login, f"{act.entity}/{act.id}/comments", {"body": act.text})


# --- programs ---------------------------------------------------------------------------------------------------------


def _api(desk: Desk, login: str, act: Act) -> tuple[int, str]:
    api, one = desk.api(login), f"/records/{act.entity}/{act.id}"
    if act.do == "create":
        answer = api.post(f"/records/{act.entity}", {"fields": dict(act.fields)})
    elif act.do == "update":
        answer = api.patch(one, {"fields": dict(act.fields)}, version=act.version)
    elif act.do == "transition":
        answer = api.post(f"{one}/transitions/{act.step}", {"fields": dict(act.fields), "asks": dict(act.asks)}, version=act.version)
    elif act.do == "comment":
        answer = api.post(f"{one}/comments", {"body": act.text})
    elif act.do == "assign":
        answer = api.post(f"{one}/assign", {"owner": act.to}, version=act.version)
    elif act.do == "restore":
        answer = api.post(f"{one}/restore")
    else:
        answer = api.delete(one, version=act.version)
    if answer.status_code >= 400:
        # What a program gets must bear the rule itself.
        body = answer.json
        told = {p.get("rule") for p in (*body.get("problems", ()), *body.get("missing", ()))} | {body.get("rule")}
        return answer.status_code, " ".join(sorted(t for t in told if t))
    return answer.status_code, answer.text


def _bulk_api(desk: Desk, login: str, act: Act) -> tuple[int, str]:
    body: dict[str, Any] = {"act": act.do, "ids": [act.id]}
    if act.do == "update":
        body["fields"] = dict(act.fields)
    elif act.do == "transition":
        body |= {"transition": act.step, "fields": dict(act.fields), "asks": dict(act.asks)}
    elif act.do == "assign":
        body["owner"] = act.to
    answer = desk.api(login).post(f"/records/{act.entity}/bulk", body)
    assert answer.status_code == 202, answer.text
    # What a program gets must bear the rule itself.
    told = {r.get("rule") for r in answer.json["reasons"]}
    return (200, "") if answer.json["done"] else (409, " ".join(sorted(t for t in told if t)))


def _sample(desk: Desk, login: str, act: Act) -> tuple[int, str]:
    step: dict[str, Any] = {"at": "day 0 10:31", "do": act.do, "entity": act.entity, "record": "it", "fields": dict(act.fields)}
    step |= {"transition": act.step, "asks": dict(act.asks), "owner": "somebody" if act.to else None, "text": act.text}
    known = {"it": (act.entity, act.id), "somebody": ("person", act.to)}
    if act.do == "create":
        step.pop("record")
        step.pop("owner")
    try:
        with desk.ctx("sample") as ctx:
            identity = actors.identify(ctx.conn, ctx.release, desk.people[login])
            assert identity is not None
            script = Sample(uid="test:sample/one", key="one", steps=(step,))
            replay(ctx.acting(actor=identity.actor(ctx.tenant)), [script], upload=lambda _ctx, path: path, password_hash="", known=known)
    except Invalid as error:
        if not all(p.path.startswith("one.steps[0]") for p in error.problems):
            raise AssertionError("a refused step says where it stands") from error
        return 422, " ".join(sorted(p.rule for p in error.problems if p.rule))
    return 200, ""


def _routes(*found: tuple[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(found)


CHANNELS: tuple[Channel, ...] = (
    Channel("form for a new record", frozenset({"create"}), _routes(("POST", f"{E}/new")), _new_form),
    Channel("form of a copy", frozenset({"create"}), _routes(("POST", f"{E}/new")), _copy_form),
    Channel("form of a record", frozenset({"update"}), _routes(("POST", f"{E}/<id>/edit")), _edit_form),
    Channel("edit in place", frozenset({"update"}), _routes(("POST", f"{E}/<id>/field/<key>")), _in_place, lambda act: len(act.fields) == 1),
    Channel("edit in a cell of a list", frozenset({"update"}), _routes(("POST", f"{E}/<id>/field/<key>")), _in_cell, lambda act: len(act.fields) == 1),
    Channel("form of a step", frozenset({"transition"}), _routes(("POST", f"{E}/<id>/do/<key>")), _step_form),
    Channel(
        "board",
        frozenset({"transition"}),
        _routes(("POST", f"{E}/board/move")),
        _board,
        lambda act: not (act.asks or act.fields) and act.step in ("start", "drop"),
    ),
    Channel(
        "board by a choice",
        frozenset({"update"}),
        _routes(("POST", f"{E}/board/move")),
        _board_of("priority"),
        lambda act: list(act.fields) == ["priority"],
        {"priority": "low"},
    ),
    Channel("board by owner", frozenset({"assign"}), _routes(("POST", f"{E}/board/move")), _board_of("owner")),
    Channel(
        "calendar",
        frozenset({"update"}),
        _routes(("POST", f"{E}/calendar/move")),
        _calendar,
        lambda act: list(act.fields) == ["due"],
        {"due": "2026-12-01"},
    ),
    Channel("assign form", frozenset({"assign"}), _routes(("POST", f"{E}/<id>/assign")), _assign_form),
    Channel("delete button", frozenset({"delete"}), _routes(("POST", f"{E}/<id>/delete")), _delete_form),
    Channel(
        "dialog for several",
        frozenset({"update", "transition", "assign", "delete"}),
        _routes(("POST", f"{E}/bulk")),
        _bulk,
        # One value for many: neither rows nor files, which belong to one record.
        lambda act: not {"lines", "attachment"} & set(act.fields),
    ),
    Channel("undo of a deletion", frozenset({"restore"}), _routes(("POST", f"{E}/<id>/restore")), _restore),
    Channel("bin", frozenset({"restore"}), _routes(("POST", "/t/<tenant>/bin/restore")), _from_bin),
    Channel("comment form", frozenset({"comment"}), _routes(("POST", f"{E}/<id>/comments")), _comment_form),
    Channel(
        "API",
        frozenset({"create", "update", "transition", "assign", "delete", "restore", "comment"}),
        _routes(
            ("POST", f"{API}/<id>/restore"), ("POST", API), ("PATCH", f"{API}/<id>"), ("DELETE", f"{API}/<id>"), ("POST", f"{API}/<id>/transitions/<key>"),
            ("POST", f"{API}/<id>/assign"), ("POST", f"{API}/<id>/comments"),
        ),
        _api,
    ),
    Channel("API for several", frozenset({"update", "transition", "assign", "delete"}), _routes(("POST", f"{API}/bulk")), _bulk_api),
    Channel("sample data", frozenset({"create", "update", "transition", "assign", "comment"}), frozenset(), _sample),
)

NOT_RECORDS: Mapping[tuple[str, str], str] = {
    ("POST", "/preferences"): "language and appearance, in a cookie",
    ("POST", "/t/<tenant>/login"): "opens a session",
    ("POST", "/t/<tenant>/logout"): "ends a session",
    ("POST", "/t/<tenant>/forgot"): "has a link mailed",
    ("POST", "/t/<tenant>/link/<secret>"): "sets the password of an account; an invited person also says their own name, by the record road",
    ("POST", "/t/<tenant>/password"): "the person's own password",
    ("POST", "/t/<tenant>/preferences"): "language and appearance of the account",
    ("POST", "/t/<tenant>/me/zone"): "time zone of the account",
    ("POST", "/t/<tenant>/inbox/read"): "the person's own notices",
    ("POST", "/t/<tenant>/settings/notices"): "how a person wants to be told",
    ("POST", "/t/<tenant>/settings/notices/test"): "a notice to oneself",
    ("POST", "/t/<tenant>/asks/<id>/decline"): "an ask stands beside the record",
    ("POST", "/t/<tenant>/asks/<id>/answer"): "an ask stands beside the record",
    ("POST", "/t/<tenant>/asks/<id>/withdraw"): "an ask stands beside the record",
    ("POST", f"{E}/<id>/asks"): "an ask stands beside the record",
    ("POST", f"{API}/<id>/asks"): "an ask stands beside the record",
    ("POST", "/t/<tenant>/api/v1/asks/<id>/decline"): "an ask stands beside the record",
    ("POST", "/t/<tenant>/api/v1/asks/<id>/answer"): "an ask stands beside the record",
    ("POST", "/t/<tenant>/api/v1/asks/<id>/withdraw"): "an ask stands beside the record",
    ("POST", f"{E}/<id>/action/<key>"): "a button: notes a run, whose steps go down the record road in a job (tests/integration/automations)",
    ("POST", f"{API}/<id>/actions/<key>"): "a button: notes a run, whose steps go down the record road in a job (tests/integration/automations)",
    ("POST", "/t/<tenant>/settings/automations/<key>/switch"): "switches an automation on or off",
    ("POST", "/t/<tenant>/settings/automations/<key>/vouch"): "says who answers for an automation",
    ("POST", "/t/<tenant>/bin/purge"): "removes what lies in the bin for good: no value is written",
    ("POST", "/t/<tenant>/bin/days"): "a setting of the tenant",
    ("POST", "/t/<tenant>/bin/<entity>/<id>/mend"): "a record in the bin is put right by the road of an update, then brought back (tests/integration/care)",
    ("POST", "/t/<tenant>/settings/people/new"): "invites a person: the record is made by the record road (runtime/people/make.py)",
    ("POST", "/t/<tenant>/settings/people/import"): "reads a spreadsheet and says what is wrong; writes nothing",
    ("POST", "/t/<tenant>/settings/people/import/write"): "people of a spreadsheet, made by the record road (runtime/people/intake.py)",
    ("POST", "/t/<tenant>/settings/teams/new"): "a team, made by the record road (runtime/people/teams.py)",
    ("POST", "/t/<tenant>/settings/teams/<id>"): "a team, changed by the record road (runtime/people/teams.py)",
    ("POST", "/t/<tenant>/settings/teams/move"): "a team's parent, by the record road (runtime/people/teams.py)",
    ("POST", "/t/<tenant>/settings/teams/<id>/dissolve"): "a team's people and records go to another one by the record road, in a job (runtime/people/teams.py)",
    ("POST", "/t/<tenant>/settings/people/<id>/roles"): "gives and takes roles",
    ("POST", "/t/<tenant>/settings/people/<id>/login"): "the log-in of an account",
    ("POST", "/t/<tenant>/settings/people/<id>/link/<kind>"): "makes or mails a link to set a password",
    ("POST", "/t/<tenant>/settings/people/<id>/revoke"): "takes an invitation back",
    ("POST", "/t/<tenant>/settings/people/<id>/unlock"): "lifts a lock on sign-in",
    ("POST", "/t/<tenant>/settings/people/<id>/sessions"): "ends somebody's sessions",
    ("POST", "/t/<tenant>/settings/people/<id>/leave"): "closes an account; what is handed over goes by the record road, in a job (runtime/people/leaving.py)",
    ("POST", "/t/<tenant>/settings/people/<id>/activate"): "opens an account; the record becomes active by the record road",
    ("POST", "/t/<tenant>/settings/mail/test"): "has a test mail sent",
    ("POST", "/t/<tenant>/settings/mail/<int:id>/again"): "has a mail tried again",
    ("POST", "/t/<tenant>/settings/workspace"): "settings of the tenant",
    ("POST", "/t/<tenant>/settings/view-as"): "looks through somebody's eyes: nothing can be written meanwhile",
    ("POST", "/t/<tenant>/settings/view-as/end"): "back to one's own eyes",
    ("POST", "/t/<tenant>/settings/sessions/end"): "ends sessions of the person",
    ("POST", "/t/<tenant>/settings/connections"): "connects a system that may send events",
    ("POST", "/t/<tenant>/settings/connections/<id>/key"): "makes a new key of a source",
    ("POST", "/t/<tenant>/settings/connections/<id>/off"): "switches a source off",
    ("POST", "/t/<tenant>/settings/tokens"): "makes an API token",
    ("POST", "/t/<tenant>/settings/tokens/<id>/revoke"): "ends an API token",
    ("POST", "/t/<tenant>/api/v1/work/again"): "has failed work done again, by its own road",
    ("POST", "/t/<tenant>/api/v1/work/drop"): "drops failed work",
    ("POST", "/t/<tenant>/api/v1/work/<int:id>/again"): "has failed work done again, by its own road",
    ("POST", "/t/<tenant>/api/v1/work/<int:id>/drop"): "drops failed work",
    ("POST", "/t/<tenant>/push/key"): "the workspace's key for push services",
    ("POST", "/t/<tenant>/push"): "lets the person's own device ring",
    ("POST", "/t/<tenant>/push/remove"): "a device of one's own no longer rings",
    ("POST", "/t/<tenant>/push/later"): "puts a card off",
    ("POST", "/t/<tenant>/push/try"): "a test notice to oneself",
    ("POST", "/t/<tenant>/settings/outgoing"): "adds a connection to another system",
    ("POST", "/t/<tenant>/settings/outgoing/<id>"): "changes a connection",
    ("POST", "/t/<tenant>/settings/outgoing/<id>/key"): "a new signing key of a connection",
    ("POST", "/t/<tenant>/settings/outgoing/<id>/switch"): "switches a connection on or off",
    ("POST", "/t/<tenant>/settings/outgoing/<id>/remove"): "removes a connection",
    ("POST", "/t/<tenant>/settings/outgoing/<id>/test"): "calls another system as a test; writes nothing here",
    ("POST", "/t/<tenant>/settings/failed/again"): "has failed work done again, by its own road",
    ("POST", "/t/<tenant>/settings/failed/discard"): "discards failed work",
    ("POST", "/t/<tenant>/settings/failed/<int:id>/again"): "has failed work done again, by its own road",
    ("POST", "/t/<tenant>/settings/failed/<int:id>/discard"): "discards failed work",
    ("POST", "/t/<tenant>/settings/all-tokens/<id>/revoke"): "ends somebody's API token",
    ("POST", "/t/<tenant>/files"): "an upload that no record has yet; the record takes it by one of the channels",
    ("POST", "/t/<tenant>/api/v1/events/<kind>"): "events of a signed source: records of an intake, made by road.receive; its rules: tests/integration/evidence/test_door.py",
    ("POST", "/t/<tenant>/api/v1/events/wecom/<source>"): "notes that an account has news; they are pulled by a job, by the same road",
    ("POST", "/t/<tenant>/api/v1/files"): "an upload that no record has yet",
    ("POST", "/t/<tenant>/api/v1/jobs/<id>/undo"): "a job by the same road (runtime/bulk/undo.py); tests/integration/bulk has its rules",
    ("POST", "/t/<tenant>/api/v1/jobs/<id>/cancel"): "calls a job off; what it did stays",
    ("POST", f"{E}/export"): "a list as a file; notes in the audit that it was made",
    ("POST", f"{E}/bulk/<act>"): "asks what, and says what would come of it; writes nothing",
    ("POST", "/t/<tenant>/jobs/<id>/undo"): "a job by the same road (runtime/bulk/undo.py); tests/integration/bulk has its rules",
    ("POST", "/t/<tenant>/jobs/<id>/cancel"): "calls a job off; what it did stays",
    ("POST", "/t/<tenant>/settings/absence"): "who decides for me while I am away",
    ("POST", "/t/<tenant>/settings/absence/<id>/end"): "ends an absence",
    ("POST", "/t/<tenant>/approvals/<id>/<verb>"): "an act of an approval; the step itself goes by the road (tests/integration/approvals/test_api.py)",
    ("POST", "/t/<tenant>/approvals/several"): "the same, several at once",
    ("POST", "/t/<tenant>/api/v1/approvals/<id>/<verb>"): "the same, for programs",
    ("POST", f"{E}/preview"): "asks what the rules say; writes nothing",
    ("POST", f"{E}/why/<key>"): "asks why a rule closes a field of the form; writes nothing",
    ("PUT", f"{E}/draft"): "what somebody typed so far, for that person alone",
    ("POST", f"{E}/draft/discard"): "throws a draft away",
    ("POST", f"{E}/group"): "which groups of a list one person keeps closed",
    ("POST", f"{E}/layout"): "columns, widths, grouping and figures as one person wants them",
    ("POST", f"{E}/layout/reset"): "a list as its view says",
    ("POST", f"{E}/views"): "a saved view: conditions and columns, no rows",
    ("POST", f"{E}/views/pins"): "which saved views stand first for one person",
    ("POST", f"{E}/views/<id>"): "name and audience of a saved view",
    ("POST", f"{E}/views/<id>/hold"): "what a saved view holds",
    ("POST", f"{E}/views/<id>/delete"): "removes a saved view, no record",
    ("POST", f"{E}/views/<id>/restore"): "brings a saved view back, no record",
    ("POST", "/t/<tenant>/api/v1/views/<entity>"): "a saved view, for programs",
    ("PATCH", "/t/<tenant>/api/v1/views/<entity>/<view>"): "name, audience and arrangement of a saved view",
    ("DELETE", "/t/<tenant>/api/v1/views/<entity>/<view>"): "removes a saved view, no record",
    ("POST", "/t/<tenant>/api/v1/views/<entity>/<view>/restore"): "brings a saved view back, no record",
    ("POST", f"{E}/<id>/comments/<comment>"): "another text for an own comment; no rule of a record reads comments",
    ("POST", f"{E}/<id>/comments/<comment>/delete"): "takes an own comment back",
    ("POST", f"{E}/<id>/comments/<comment>/react"): "a reaction to a comment",
    ("POST", f"{E}/<id>/follow"): "who hears of a record",
    ("POST", f"{E}/<id>/evidence/<policy>/mark"): "marks by hand what was done just now: fixed values, by road.create (tests/integration/evidence/test_behaviour.py)",
    ("POST", f"{E}/<id>/related/<other>/<field>/link"): "sets one reference of another record by road.update; refusals: tests/integration/web/test_related.py",
    ("PATCH", f"{API}/<id>/comments/<comment>"): "another text for an own comment; no rule of a record reads comments",
    ("DELETE", f"{API}/<id>/comments/<comment>"): "takes an own comment back",
    ("PUT", f"{API}/<id>/comments/<comment>/reactions/<key>"): "a reaction to a comment",
    ("DELETE", f"{API}/<id>/comments/<comment>/reactions/<key>"): "takes a reaction back",
    ("PUT", f"{API}/<id>/follow"): "who hears of a record",
    ("DELETE", f"{API}/<id>/follow"): "who hears of a record",
}
"""Write routes that change no record, each with what it does instead. The design pages write metadata (see the test)."""

WRITERS: Mapping[str, str] = {
    "runtime/web/edit.py": "forms",
    "runtime/web/steps.py": "form of a step",
    "runtime/web/drop.py": "board, by state, choice or owner",
    "runtime/web/calendar.py": "calendar",
    "runtime/web/manage.py": "assign, delete, restore",
    "runtime/web/related.py": "links an existing record: one reference of it, by update",
    "runtime/web/copies.py": "form for a new record, form of a copy",
    "runtime/records/copying.py": "form of a copy",
    "runtime/web/conflict.py": "forms and edit in place, from an older version too",
    "runtime/web/bin.py": "bin",
    "runtime/approvals/opening.py": "the step that everybody agreed to",
    "runtime/approvals/acts.py": "the step taken when somebody declines",
    "runtime/web/api/records.py": "API",
    "runtime/samples/replay.py": "sample data",
    "runtime/automations/steps.py": "automations: what a step of a run does to a record",
    "runtime/bulk/apply.py": "several at once: screens and API",
    "runtime/bulk/undo.py": "takes back what a job did",
    "runtime/people/intake.py": "people from a spreadsheet",
    "runtime/people/teams.py": "the tree of teams",
    "runtime/people/leaving.py": "the people page: hands over what somebody owned, in the name of whoever asked",
    "runtime/people/make.py": "the command line and the people page: make a person, who says what they are called",
    "runtime/records/actions.py": "rules of the application themselves",
    "runtime/incoming/taking.py": "events of verified sources",
    "runtime/incoming/recordings.py": "recordings of verified sources",
    "runtime/web/behaviour.py": "one tap that marks something by hand: fixed values, by create",
    "runtime/evidence/keep.py": "the moment of what counted, in fields that nobody else writes",
}
"""Modules that call the record road, with the channel they serve."""
