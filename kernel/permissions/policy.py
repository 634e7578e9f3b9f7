"""What one role's right says about one entity, compiled once per release."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement

from kernel import fieldtypes
from kernel.expr.scope import Env, RowsSource, SqlScope
from kernel.expr.types import BOOLEAN
from kernel.model.application import Application
from kernel.model.elements import Entity, Right, Role
from kernel.permissions.inputs import Input, inputs_of
from kernel.permissions.scopes import WORDS, Both, ByState, Condition, Everything, Nothing, RowRule

Action = Literal["read", "create", "update", "delete", "assign"]
ACTIONS: tuple[Action, ...] = ("read", "create", "update", "delete", "assign")
ROW_ACTIONS: tuple[Action, ...] = ("read", "update", "delete", "assign")


class Facts(Protocol):
    """What the check must know of a loaded record. ``env`` is only asked when a scope is an expression."""

    @property
    def owner(self) -> str | None: ...

    @property
    def team(self) -> str | None: ...

    @property
    def state(self) -> str | None: ...

    @property
    def env(self) -> Env: ...


class RowScope(Protocol):
    """A :class:`~kernel.expr.scope.SqlScope` over the rows of one entity that also offers the system's own columns."""

    dialect: str
    now: datetime
    zone: ZoneInfo

    def column(self, path: tuple[str, ...]) -> ColumnElement[Any]: ...

    def rows(self, path: tuple[str, ...]) -> RowsSource: ...

    def system(self, name: Literal["owner", "team", "state"]) -> ColumnElement[Any]:
        """The column of owner, team or state, whatever the entity's own fields are called."""

    def trusted(self) -> SqlScope:
        """The same rows without the reader's rights, for rules that run as the system."""


class Fields:
    """Field keys one policy may read and write, usually and in the states that narrow them. Rows' fields are ``rows.field``."""

    def __init__(self, usual: frozenset[str], by_state: Mapping[str, frozenset[str]]) -> None:
        self.usual = usual
        self.by_state = by_state
        self.always = usual.intersection(*by_state.values()) if by_state else usual

    def of(self, state: str | None) -> frozenset[str]:
        return self.by_state.get(state, self.usual) if state and self.by_state else self.usual


class Policy:
    """A role's right to an entity."""

    def __init__(self, app: Application, role: Role, right: Right, entity: Entity) -> None:
        self.role, self.right, self.entity = role, right, entity
        self.uid = right.uid
        self.create = right.create
        self.scopes: dict[str, RowRule] = {action: self._scope(app, action) for action in ROW_ACTIONS}
        self._fields(app)

    def _scope(self, app: Application, action: str) -> RowRule:
        text = getattr(self.right, action)
        word = WORDS.get(text)
        usual: RowRule = word if word is not None else Condition(app.schema.expression(self.right, action))  # type: ignore[arg-type]
        if isinstance(usual, Nothing) or action not in ("update", "delete"):
            return usual
        states: dict[str, RowRule] = {}
        for state, narrowed in self.right.states.items():
            if action in narrowed:
                narrow = self._narrow(app, narrowed[action])
                states[state] = narrow if isinstance(usual, Everything) or isinstance(narrow, Nothing) else Both(usual, narrow)
        return ByState(usual, states) if states else usual

    def _narrow(self, app: Application, text: str) -> RowRule:
        word = WORDS.get(text)
        return word if word is not None else Condition(app.schema.expression_of(text, self.entity.key, "record", BOOLEAN, for_sql=True))

    def _fields(self, app: Application) -> None:
        rules = self.right.fields
        every: dict[str, Any] = {f.key: f for f in self.entity.fields}
        for field in self.entity.fields:
            every.update({f"{field.key}.{inner.key}": inner for inner in field.fields})

        def said(key: str, what: str) -> bool | None:
            found = (rules.get(key) or {}).get(what)
            return None if found is None else bool(found)

        open_ = {k for k in every if said(k, "read") is not False and ("." not in k or said(k.split(".")[0], "read") is not False)}
        # What is worked out from hidden fields is hidden with them, unless the right opens it by name (D8).
        self.needs: dict[str, frozenset[Input]] = {}
        for key in sorted(open_):
            if said(key, "read") is None and fieldtypes.of(every[key]).derived:
                inputs = inputs_of(app, every[key])
                own = {(i.entity, i.key) for i in inputs}
                if any(entity == self.entity.key and k not in open_ for entity, k in own):
                    open_.discard(key)
                else:
                    foreign = frozenset(i for i in inputs if i.entity != self.entity.key)
                    if foreign:
                        self.needs[key] = foreign
        readable = frozenset(open_)
        writable = frozenset(
            k
            for k in readable
            if said(k, "write") is not False and ("." not in k or said(k.split(".")[0], "write") is not False) and fieldtypes.of(every[k]).writable
        )
        hidden = {s: _with_rows(v.get("hidden", ()), every) for s, v in self.right.states.items()}
        hidden = {s: keys | {k for k in readable if _reads_own(app, every[k], self.entity.key, keys)} for s, keys in hidden.items()}
        frozen = {s: _with_rows(v.get("read_only", ()), every) for s, v in self.right.states.items()}
        self.readable = Fields(readable, {s: readable - keys for s, keys in hidden.items() if keys})
        self.writable = Fields(writable, {s: writable - hidden[s] - frozen[s] for s in self.right.states if hidden[s] or frozen[s]})


def _reads_own(app: Application, field: Any, entity: str, keys: frozenset[str]) -> bool:
    """Whether a derived field reads one of the entity's own ``keys``."""
    return bool(keys) and fieldtypes.of(field).derived and any(i.entity == entity and i.key in keys for i in inputs_of(app, field))


def _with_rows(keys: Any, every: Mapping[str, Any]) -> frozenset[str]:
    """The keys, and the fields of rows below them."""
    given = set(keys)
    return frozenset(k for k in every if k in given or k.split(".")[0] in given)
