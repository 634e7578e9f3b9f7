"""One breach of every kind of rule, with the uid that must refuse it on every channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.factories.desk import Desk
from tests.parity.channels import Act

Values = Mapping[str, Any] | Callable[[Desk], Mapping[str, Any]]


@dataclass(frozen=True)
class Case:
    """A breach. ``before``: changes made in good order first, one after the other (the first with the new record);
    ``acts``: what is tried with ``fields``; ``who`` tries it on a record of ``owner``."""

    key: str
    rules: frozenset[str]
    acts: tuple[str, ...]
    fields: Values = field(default_factory=dict)
    before: tuple[Values, ...] = ()
    step: str = ""
    asks: Mapping[str, Any] = field(default_factory=dict)
    to: str = ""
    text: str = ""
    who: str = "wen"
    owner: str = "wen"
    taken: tuple[str, ...] = ()
    """Steps taken before."""

    def act(self, desk: Desk, do: str, id_: str = "", version: int = 1) -> Act:
        """The breach as something to try."""
        fields = dict(self.fields(desk) if callable(self.fields) else self.fields)
        if do == "create":
            fields = {"title": "Paint", **fields}
        return Act(do, fields, self.step, self.asks, desk.people[self.to] if self.to else "", self.text, id_, version)


def case(key: str, rule: str | tuple[str, ...], *acts: str, **more: Any) -> Case:
    return Case(key, frozenset((rule,) if isinstance(rule, str) else rule), acts, **more)


def _project_of_another(desk: Desk) -> dict[str, Any]:
    return {"project": desk.api("lin").make("project", name="Theirs")["id"]}


def _file_of_another(desk: Desk) -> dict[str, Any]:
    body = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nwords\r\n--cut--\r\n'
    answer = desk.api("lin").post("/files", data=body, content_type="multipart/form-data; boundary=cut")
    return {"attachment": answer.json["id"]}


def _taken_code(desk: Desk) -> dict[str, Any]:
    number = desk.__dict__.setdefault("_codes", [])
    number.append(1)
    code = f"P-{len(number)}"
    desk.api("lin").make(code=code)
    return {"code": code}


BOTH = ("create", "update")
FINISH, DROP, START = (f"test:machine/task.transitions.{key}" for key in ("finish", "drop", "start"))

CASES: tuple[Case, ...] = (
    case("type", "test:task.effort#type", *BOTH, fields={"effort": "many"}),
    case("option that does not exist", "test:task.priority#type", *BOTH, fields={"priority": "never"}),
    case("option no longer offered", "test:task.priority#type", *BOTH, fields={"priority": "old"}),
    case("option below another", "test:task.spot#type", "update", before=({"area": "north"},), fields={"spot": "bottom"}),
    case("setting: least", "test:task.effort#type", *BOTH, fields={"effort": -1}),
    case("setting: longest", "test:task.title#type", *BOTH, fields={"title": "x" * 81}),
    case("required", "test:task.title#required", *BOTH, fields={"title": None}),
    case("required when", "test:task.reason#required_when", *BOTH, fields={"priority": "high"}),
    case("read-only when", "test:task.locked#read_only_when", "update", before=({"locked": "old"}, {"done": True}), fields={"locked": "new"}),
    case("read-only when, from the start", "test:task.locked#read_only_when", "create", fields={"done": True, "locked": "new"}),
    case("validation", "test:task.validations.within_year", *BOTH, fields={"count": 366}),
    case("validation of a day", "test:task.validations.in_time", "update", before=({"due": "2029-12-31"},), fields={"due": "2030-01-01"}),
    case("row right, by day", "test:role/guest.task", "update", before=({"due": "2026-11-30"},), fields={"due": "2026-12-02"}, who="guo"),
    case("unique", "test:task.code#unique", *BOTH, fields=_taken_code),
    case("field right", "test:role/worker.task", *BOTH, fields={"grade": 1}),
    case("row right", "test:role/guest.task", *BOTH, fields={"title": "mine now"}, who="guo"),
    case("row right in a state", "test:role/keeper.task", "update", fields={"title": "again"}, who="mei", taken=("drop",)),
    case("reference to what is out of sight", "test:task.project#reference", *BOTH, fields=_project_of_another),
    case("somebody else's upload", "test:task.attachment#type", *BOTH, fields=_file_of_another),
    case("child rows: required", "test:task.lines.name#required", *BOTH, fields={"lines": [{"fields": {"amount": "1"}}]}),
    case("child rows: type", "test:task.lines.amount#type", *BOTH, fields={"lines": [{"fields": {"name": "x", "amount": "many"}}]}),
    case("guard", f"{FINISH}.guards.enough", "transition", before=({"details": "x", "effort": 1},), step="finish", asks={"why": "x"}, taken=("start",)),
    case("needs", f"{FINISH}#needs", "transition", before=({"effort": 9},), step="finish", asks={"why": "x"}, taken=("start",)),
    case("asks", f"{FINISH}.asks.why#required", "transition", before=({"details": "x", "effort": 9},), step="finish", asks={"why": None}, taken=("start",)),
    case("roles of a step", f"{DROP}#who", "transition", step="drop"),
    case("row right of a step", f"{START}#who", "transition", step="start", who="guo"),
    case(
        "type of what a step needs",
        "test:task.details#type",
        "transition",
        before=({"effort": 9},),
        fields={"details": "x" * 200_000},
        step="finish",
        asks={"why": "x"},
        taken=("start",),
    ),
    case("right to assign", "test:role/worker.task", "assign", to="lin"),
    case("right to delete", "test:role/worker.task", "delete"),
    case("right to restore", "test:role/keeper.task", "restore", who="mei"),
    case("no words", "comment#required", "comment", text="   "),
)

GOOD: tuple[Case, ...] = (
    case("create", (), "create", fields={"effort": "7", "lines": [{"fields": {"name": "x", "amount": "1"}}], "priority": "low"}),
    case("update", (), "update", fields={"effort": "7"}),
    case("update of a choice", (), "update", fields={"priority": "low"}),
    case("update of a day", (), "update", before=({"due": "2026-11-30"},), fields={"due": "2026-12-02"}),
    case("transition", (), "transition", step="start"),
    case("transition with answers", (), "transition", before=({"effort": 9},), fields={"details": "x"}, step="finish", asks={"why": "ready"}, taken=("start",)),
    case("assign", (), "assign", who="mei", to="mei"),
    case("delete", (), "delete", who="chen"),
    case("restore", (), "restore", who="chen"),
    case("comment", (), "comment", text="well done"),
)
"""The same acts within the rules: a channel that refuses everything proves nothing."""
