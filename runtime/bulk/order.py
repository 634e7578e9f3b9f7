"""What is asked: one act and its input. Pure; kept with the job as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal, cast

from runtime.records.record import Style

Act = Literal["update", "transition", "assign", "delete", "undo"]
ACTS: tuple[str, ...] = ("update", "transition", "assign", "delete")


@dataclass(frozen=True, slots=True)
class Order:
    """``fields`` are set (blank clears), ``fill`` only where a record's value is blank; ``add`` and ``remove`` change several choices
    or references. ``to`` may hold owner and team. ``of`` is the job that an undo takes back."""

    act: Act
    entity: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    fill: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    remove: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    step: str = ""
    asks: Mapping[str, Any] = field(default_factory=dict)
    to: Mapping[str, str | None] = field(default_factory=dict)
    of: int | None = None
    style: Style = "json"

    @property
    def undone(self) -> bool:
        """Whether it can be taken back: a step leads on, and what leads back is another step."""
        return self.act in ("update", "assign", "delete")

    def to_json(self) -> dict[str, Any]:
        """For the job."""
        found: dict[str, Any] = {"act": self.act, "entity": self.entity, "style": self.style}
        for name in ("fields", "fill", "asks"):
            if given := getattr(self, name):
                found[name] = _plain(given)
        for name in ("add", "remove"):
            if given := getattr(self, name):
                found[name] = {key: list(values) for key, values in given.items()}
        if self.step:
            found["step"] = self.step
        if self.to:
            found["to"] = dict(self.to)
        if self.of is not None:
            found["of"] = self.of
        return found


def order_of(data: Mapping[str, Any]) -> Order:
    """What :meth:`Order.to_json` gave."""
    plain = Order(cast(Act, data["act"]), data["entity"], style=data.get("style", "json"), step=data.get("step", ""), of=data.get("of"))
    return replace(
        plain, fields=_exact(data.get("fields") or {}), fill=_exact(data.get("fill") or {}), asks=_exact(data.get("asks") or {}), to=data.get("to") or {},
        add={k: tuple(v) for k, v in (data.get("add") or {}).items()}, remove={k: tuple(v) for k, v in (data.get("remove") or {}).items()})


# A number with a fraction must come out as it went in.
_DECIMAL = "$decimal"


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {_DECIMAL: format(value, "f")}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        return Decimal(value[_DECIMAL]) if set(value) == {_DECIMAL} else {k: _exact(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_exact(v) for v in value]
    return value
