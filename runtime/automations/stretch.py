"""A stretch of a run: instruction after instruction, until the end or a wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from kernel import fieldtypes
from kernel.errors import Conflict, Message
from kernel.expr.types import ErrorValue, Type
from kernel.i18n import _
from kernel.model import acting
from kernel.model.application import Application
from kernel.model.elements import AutomationStep
from kernel.platform.ctx import Cause, Ctx
from runtime.automations.inputs import plain
from runtime.automations.rows import Run
from runtime.automations.rules import Rule, Texts
from runtime.records import store
from runtime.records.env import Env, RecordEnv, RowEnv, Scene
from runtime.records.record import Record
from runtime.records.shape import shape_of

MOST_INSTRUCTIONS = 5_000
MOST_EACH = 500


class Ended(Exception):
    """There is nothing left to work on; ``words`` say why."""

    def __init__(self, words: Message) -> None:
        super().__init__(str(words))
        self.words = words


class Stretch:
    """The state of a run while it goes on. ``until``: when it goes on after a wait; ``still``: it was waiting for a condition and still does."""

    def __init__(self, ctx: Ctx, pinned: Application, rule: Rule, run: Run) -> None:
        self.base, self.rule, self.run = ctx, rule, run
        self.pinned = pinned
        self.texts = Texts(ctx.app, pinned)
        place = dict(run.place or {})
        self.pc: int = place.get("pc", 0)
        self.loops: list[dict[str, Any]] = [dict(loop) for loop in place.get("loops", ())]
        self.waiting: dict[str, Any] | None = place.get("wait")
        self.log: list[dict[str, Any]] = []
        self.until: datetime | None = None
        self.still = False
        self.now_at: AutomationStep | None = None
        self._scene: Scene | None = None

    @property
    def ctx(self) -> Ctx:
        """The principal, with the step that it acts for."""
        run = self.run
        step = self.now_at.uid if self.now_at is not None else ""
        return replace(self.base, because=Cause(run.uid, run.id, step, run.root, run.chain))

    def place(self) -> dict[str, Any]:
        """Where it stands, as it is kept."""
        return {"pc": self.pc, "loops": self.loops, "wait": self.waiting}

    # --- what is at hand ----------------------------------------------------------------------------------------------

    def written(self) -> None:
        """A record moved: what was read of it before counts no more."""
        self._scene = None

    @property
    def scene(self) -> Scene:
        if self._scene is None:
            self._scene = Scene(self.ctx)
        return self._scene

    def env(self) -> Env:
        """The record (or row) at hand, with what it was reached from as ``this``. Raises Ended."""
        env: Any = self._first()
        for loop in self.loops:
            outer, id_ = env, loop["ids"][loop["i"]]
            if loop["rows"]:
                env = next((row for row in outer.rows(tuple(loop["path"])) if row.id == id_), None)
                if env is None:
                    raise Ended(_("A row that it went through is gone."))
            else:
                env = self._load(loop["entity"], id_)
                env.roots = {"this": outer, "ask": self._asked()}
        return env  # type: ignore[no-any-return]

    def _first(self) -> RecordEnv:
        entity = self.run.entity
        if self.run.record is None:
            shape = shape_of(self.base.release, entity)
            blank = Record("", entity, 0, None, None, None, None, self.base.now, None, self.base.now, None, None, None, dict.fromkeys(shape.fields))
            return RecordEnv(self.scene, shape, blank)
        env = self._load(entity, self.run.record)
        env.roots = {"ask": self._asked()}
        return env

    def _load(self, entity: str, id_: str) -> RecordEnv:
        known = self.scene._records.get((entity, id_))
        if known is not None and getattr(known, "whole", False):
            return known
        shape = shape_of(self.base.release, entity)
        record = store.load(self.base, shape, [id_]).get(id_)
        if record is None or record.deleted_at is not None:
            raise Ended(_("The record is no longer there."))
        env = RecordEnv(self.scene, shape, record)
        env.whole = True  # type: ignore[attr-defined]
        self.scene.remember(env)
        return env

    def _asked(self) -> Mapping[str, tuple[Any, Any]]:
        given = self.run.cause.get("asks") or {}
        return {f.key: (f, fieldtypes.of(f).parse(f, given[f.key]) if given.get(f.key) is not None else None) for f in self.rule.element.asks}

    def value(self, step: AutomationStep, name: str, text: str, env: Env, expect: Type | None = None) -> Any:
        """What a formula of a step gives now. Raises Conflict for one that can't be worked out."""
        found = self.texts.of(step, name, text, expect).evaluate(env)
        if isinstance(found, ErrorValue):
            raise Conflict(_("“{name}” could not be worked out: {why}", name=name, why=found.message))
        return found

    def holds(self, step: AutomationStep, name: str, text: str, env: Env) -> bool:
        return self.texts.of(step, name, text).evaluate(env) is True

    def record_env(self, env: Env) -> RecordEnv:
        """The record at hand; of a row the record that it stands in."""
        return env.parent if isinstance(env, RowEnv) else env  # type: ignore[return-value]

    def target(self, step: AutomationStep, env: Env) -> tuple[str, str] | None:
        """Entity and id of the record that a step is about; None where ``of`` leads to nothing."""
        at = self.record_env(env)
        if step.of is None:
            return at.shape.key, at.id
        path = tuple(step.of.split("."))
        entity = acting.target_of(self.base.app.schema, acting.places_of(self.pinned.schema, step)[0], step.of)
        id_ = env.get(path)
        return (entity, id_) if entity and isinstance(id_, str) else None

    # --- going on -----------------------------------------------------------------------------------------------------

    def go(self) -> None:
        """Until the end, or until it has to wait. Raises whatever refuses a step."""
        program = self.rule.program
        left = MOST_INSTRUCTIONS
        while self.pc < len(program):
            left -= 1
            if left < 0:
                raise Conflict(_("It has too many steps to go (more than {n}).", n=MOST_INSTRUCTIONS))
            instruction = program[self.pc]
            step = self.now_at = instruction.step
            match instruction.op:
                case "jump":
                    self.pc = instruction.to
                case "next":
                    loop = self.loops[-1]
                    loop["i"] += 1
                    if loop["i"] < len(loop["ids"]):
                        self.pc = instruction.to
                    else:
                        self.loops.pop()
                        self.pc += 1
                case "test":
                    assert step is not None
                    yes = step.if_ is None or self.holds(step, "if", step.if_, self.env())
                    self.note(step, "branch", yes=yes, read=self._read(step))
                    self.pc = self.pc + 1 if yes else instruction.to
                case _:
                    assert step is not None
                    if self.waiting is None and step.if_ is not None and not self.holds(step, "if", step.if_, self.env()):
                        self.note(step, "skipped", read=self._read(step))
                        self.pc = instruction.to
                    elif instruction.op == "stop":
                        self.note(step, "stop")
                        return
                    elif instruction.op == "begin":
                        self._begin(step, instruction.to)
                    elif instruction.op == "wait":
                        if self._wait(step):
                            return
                        self.pc += 1
                    else:
                        from runtime.automations.steps import do

                        self.note(step, step.do, **do(self, step, self.env()))
                        self.pc += 1
        self.now_at = None

    def _begin(self, step: AutomationStep, end: int) -> None:
        env = self.env()
        path = tuple((step.of or "").split("."))
        items: Sequence[Any] = env.rows(path)
        if step.where is not None:
            condition = self.texts.of(step, "where", step.where, scope="each")
            for item in items:
                if not isinstance(item, RowEnv):
                    item.roots = {**item.roots, "this": env}
            items = [item for item in items if condition.evaluate(item) is True]
        if len(items) > MOST_EACH:
            raise Conflict(_("There are {n} records to go through; at most {most} at once.", n=len(items), most=MOST_EACH))
        self.note(step, "each", n=len(items))
        if not items:
            self.pc = end
            return
        rows = isinstance(items[0], RowEnv)
        entity = "" if rows else items[0].shape.key
        self.loops.append({"entity": entity, "rows": rows, "path": list(path), "ids": [item.id for item in items], "i": 0})
        self.pc += 1

    def _wait(self, step: AutomationStep) -> bool:
        """Whether it has to wait (still)."""
        from runtime.automations import waiting

        now = self.base.now
        if self.waiting is None:
            due = waiting.due(self, step)
            if step.until is not None and self.holds(step, "until", step.until, self.env()):
                return False
            self.waiting = {"step": step.uid, "end": due.isoformat() if due is not None else None}
            self.note(step, "wait", until=due.isoformat() if due is not None else None)
        else:
            self.still = True
        end = datetime.fromisoformat(self.waiting["end"]) if self.waiting["end"] else None
        met = step.until is not None and self.holds(step, "until", step.until, self.env())
        if met or (end is not None and end <= now):
            if self.still:
                late = int((now - end).total_seconds()) if end is not None and not met else 0
                self.note(step, "waited", met=met, late_s=late)
            self.waiting, self.still = None, False
            return False
        self.until = waiting.next_look(step, end, now)
        return True

    def _read(self, step: AutomationStep) -> list[dict[str, Any]]:
        if step.if_ is None:
            return []
        env = self.env()
        return [
            {"path": ".".join(path), "value": plain(env.get(path))} for path in sorted(self.texts.of(step, "if", step.if_).reads)[:8]
            if len(path) == 1 and path[0] not in ("param", "me") and not (path[0] in env.fields and env.fields[path[0]].many)]

    def note(self, step: AutomationStep, did: str, **more: Any) -> None:
        """A line of the run's log."""
        line: dict[str, Any] = {"step": step.uid, "at": self.base.now.isoformat(), "did": did, **{k: v for k, v in more.items() if v is not None}}
        if self.loops and did != "each":
            loop = self.loops[-1]
            line["on"] = [loop["entity"], loop["ids"][loop["i"]]] if loop["entity"] else None
        self.log.append(line)
