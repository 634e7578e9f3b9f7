"""Automations in words: what sets one off, what a step did, how a run ended. For people who sell, not for programmers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from kernel.errors import Message
from kernel.fieldtypes.base import Reader
from kernel.i18n import Text, _, to_text
from kernel.model.application import Application
from kernel.model.elements import Automation, AutomationStep
from runtime.automations import rows
from runtime.forms.when import moment_text, span_words

STATES: Mapping[str, tuple[Text, str, str]] = {
    rows.WAITING: (_("Under way"), "draft", "hourglass"), rows.DONE: (_("Done"), "ontime", "check"), rows.FAILED: (_("Failed"), "breach", "alert-triangle"),
    rows.STOPPED: (_("Stopped"), "breach", "lock"), rows.CUT: (_("Cut"), "breach", "alert-octagon"), rows.NOT_MET: (_("Not for this one"), "neutral", "minus"),
    rows.OFF: (_("Was off"), "neutral", "player-pause"), rows.GONE: (_("Ended early"), "neutral", "minus")}
"""State of a run: words, tone, icon."""

_DAYS = {"mon": _("Mon"), "tue": _("Tue"), "wed": _("Wed"), "thu": _("Thu"), "fri": _("Fri"), "sat": _("Sat"), "sun": _("Sun")}
_DOES: Mapping[str, Text] = {
    "set": _("Fill in fields"), "create": _("Make a record"), "link": _("Link records"), "transition": _("Take a step"), "assign": _("Give it to somebody"),
    "notify": _("Tell people"), "comment": _("Write a note"), "webhook": _("Call another system"), "wait": _("Wait"), "branch": _("Decide"), "each": _("For each one"), "stop": _("End here")}
_ICONS: Mapping[str, str] = {
    "set": "pencil", "create": "plus", "link": "link", "transition": "arrow-right", "assign": "user-check", "notify": "bell", "comment": "message", "webhook": "world", "wait": "hourglass",
    "branch": "git-branch", "each": "list", "stop": "player-stop"}
_UNITS: Mapping[str, tuple[Text, Text]] = {
    "second": (_("1 second"), _("{n} seconds")), "minute": (_("1 minute"), _("{n} minutes")), "hour": (_("1 hour"), _("{n} hours")), "day": (_("1 day"), _("{n} days")),
    "working day": (_("1 working day"), _("{n} working days")), "week": (_("1 week"), _("{n} weeks"))}


def step_label(step: AutomationStep) -> Message:
    """What a step is called; without a name of its own, what it does."""
    return step.label if step.labels else _DOES[step.do]


def icon_of(do: str) -> str:
    return _ICONS.get(do, "point-filled")


def span(text: str) -> Message:
    """A length of time as it is written in metadata."""
    n, _space, unit = text.partition(" ")
    one, many = _UNITS[unit.removesuffix("s")]
    return one if n == "1" else Text(many.msgid, {"n": n})


def trigger(app: Application, automation: Automation, language: str) -> str:
    """What sets it off, as a sentence."""
    when, entity = automation.when, app.entities.get(automation.entity)
    label: Message = entity.label if entity is not None else automation.entity
    match automation.trigger:
        case "created":
            made: Message = _("When a new one comes in: {label}", label=label)
        case "changed":
            made = _("When this changes: {fields}", fields=[field_label(app, automation.entity, key) for key in when["changed"]])
        case "step":
            made = _("After the step {steps}", steps=[_step(app, automation.entity, key) for key in automation.takes_steps])
        case "clock":
            clock = next((c for c in app.clocks_of(automation.entity) if c.key == when["clock"]), None)
            at = next((s for s in clock.steps if s.key == when.get("at")), None) if clock is not None else None
            name: Message = clock.label if clock is not None else when["clock"]
            made = _("When the clock says: {name}", name=at.label if at is not None and at.labels else name)
        case "every":
            made = rhythm(str(when["every"]))
        case "date":
            made = _date(app, automation)
        case "button":
            made = _("When somebody presses the button")
        case "approval":
            words = {"approved": _("After approval"), "declined": _("When approval is declined"), "returned": _("When approval sends it back"), "withdrawn": _("When approval is withdrawn")}
            made = words[str(when["approval"])]
        case _:
            made = ""
    return to_text(made, language)


def rhythm(text: str) -> Message:
    """A rhythm in words."""
    if text == "hour":
        return _("Every hour")
    head, _space, time = text.rpartition(" ")
    if time == "minutes":
        return _("Every {n} minutes", n=head)
    if head == "day":
        return _("Every day at {time}", time=time)
    if head == "workday":
        return _("Every working day at {time}", time=time)
    if head.startswith("month"):
        day = head.removeprefix("month ")
        return _("On the last day of each month at {time}", time=time) if day == "last" else _("On day {n} of each month at {time}", n=day, time=time)
    return _("Every {days} at {time}", days=[_DAYS.get(d, d) for d in head.split(",")], time=time)


def _date(app: Application, automation: Automation) -> Message:
    when = automation.when
    field = field_label(app, automation.entity, str(when["date"]))
    if "before" in when:
        return _("{span} before {field}", span=span(str(when["before"])), field=field)
    if "after" in when:
        return _("{span} after {field}", span=span(str(when["after"])), field=field)
    return _("When {field} is reached", field=field)


def field_label(app: Application, entity: str, key: str) -> Message:
    """What people call a field, or what the system keeps."""
    element = app.entities.get(entity)
    field = element.by_key.get(key) if element is not None else None
    system: Mapping[str, Text] = {"owner": _("Owner"), "team": _("Team"), "state": _("State"), "created_at": _("Created at"), "created_by": _("Created by")}
    return field.label if field is not None else system.get(key) or key


def _step(app: Application, entity: str, key: str) -> Message:
    found = app.transition(entity, key)
    return _("“{label}”", label=found[1].label if found else key)


def path_words(app: Application, entity: str, path: str) -> Message:
    """A path that a condition read: names joined, ``old`` said in words."""
    before = path.startswith("old.")
    names: list[Message] = []
    at: str | None = entity
    for key in path.removeprefix("old.").split("."):
        names.append(field_label(app, at or "", key) if at else key)
        type_ = app.schema.type_at(at, (key,)) if at is not None and app.schema.exists(at) else None
        at = type_.entity if type_ is not None else None
    words: Message = names[0] if len(names) == 1 else _("{a} › {b}", a=names[0], b=names[1]) if len(names) == 2 else _("{a} › … › {b}", a=names[0], b=names[-1])
    return _("{name} before", name=words) if before else words


def done(app: Application, line: Mapping[str, Any], names: Mapping[str, str], fields: list[Message], title: str | None, reader: Reader) -> Message:
    """What came of a step."""
    did = line.get("did")
    match did:
        case "set" | "link":
            return _("filled in: {fields}", fields=fields) if fields else _("done")
        case "create":
            return _("made “{title}”", title=title) if title else _("made a record")
        case "transition":
            found = app.transition(str((line.get("record") or [""])[0]), str(line.get("step_taken")))
            words = found[1].label if found else line.get("step_taken")
            return _("asked for approval: “{step}”", step=words) if line.get("case") else _("took the step “{step}”", step=words)
        case "assign":
            return _assigned(line, names)
        case "notify":
            told = [names.get(p) or _("Somebody") for p in line.get("told") or ()]
            return _("told {who}", who=told) if told else _("nobody had to be told") if line.get("wanted") else _("found nobody to tell")
        case "comment":
            return _("wrote a note")
        case "webhook":
            return _("called {target}", target=str(line.get("target")))
        case "wait":
            return _("waits until {moment}", moment=moment_text(datetime.fromisoformat(line["until"]), reader)) if line.get("until") else _("waits")
        case "waited":
            return _("what it waited for came true") if line.get("met") else _("waited long enough")
        case "branch":
            return _("yes") if line.get("yes") else _("no")
        case "each":
            return _("{n} of them", n=line.get("n", 0))
        case "skipped":
            return _("left out, its condition did not hold")
        case "stop":
            return _("ended here")
    return ""


def _assigned(line: Mapping[str, Any], names: Mapping[str, str]) -> Message:
    who: Message = names.get(str(line.get("to"))) or (names.get(str(line.get("team"))) if not line.get("to") else None) or _("Somebody")
    why = {
        "turns": _("whose turn it was among {n}", n=line.get("among", 0)), "load": _("who has least among {n}", n=line.get("among", 0)),
        "first": _("the first of {n} who fit", n=line.get("among", 0)), "else": _("because nobody else was found"), "territory": _("by territory")}.get(str(line.get("why")))
    words = _("gave it to {who}, {why}", who=who, why=why) if why is not None else _("gave it to {who}", who=who)
    return _("{words} ({n} away)", words=words, n=line["left_out"]) if line.get("left_out") else words


def cause(app: Application, run: Any, names: Mapping[str, str], readable: Any, language: str) -> str:
    """What set this run off, with who and how late."""
    why = run.cause
    who = names.get(str(why.get("by"))) or ""
    match why.get("trigger"):
        case "created":
            made: Message = _("It was created")
        case "changed":
            made = _("Changed: {fields}", fields=[field_label(app, run.entity, k) for k in why.get("fields") or () if k in readable or k in ("owner", "team", "state")] or ["…"])
        case "step":
            made = _("Step taken: {step}", step=_step(app, run.entity, str(why.get("step"))))
        case "button":
            made = _("The button was pressed")
        case "approval":
            made = _("An approval came to an end")
        case "clock":
            made = _("The clock was due")
        case _:
            made = _("Its time had come")
    words = to_text(made, language)
    if who:
        words = _("{words} · {who}", words=words, who=who).to(language)
    late = int(why.get("late_s") or 0)
    if late >= 60:
        words = _("{words} · {time} late", words=words, time=span_words(timedelta(seconds=late), language)).to(language)
    return words
