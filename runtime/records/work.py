"""One record on the road: what was, what comes, what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from kernel.errors import Problem
from kernel.fieldtypes.base import Reader
from kernel.i18n import _
from kernel.permissions import EntityRights, rights_of
from kernel.platform.ctx import Ctx
from runtime.records.env import RecordEnv, Scene
from runtime.records.record import Record
from runtime.records.shape import EntityShape

MOST_DEPTH = 10  # actions that cause actions (D36)


class Work:
    """The state of one write. ``values`` are the new values; ``given`` the keys the caller sent and may send.

    ``trusted``: the values come from a rule of the application (an action), not from a person, so rights and read-only
    rules don't apply to them; everything else does.
    """

    def __init__(
        self, ctx: Ctx, shape: EntityShape, old: Record | None, skeleton: Record, *, trusted: bool = False, depth: int = 0, scene: Scene | None = None
    ) -> None:
        self.ctx, self.shape, self.old = ctx, shape, old
        self.skeleton = skeleton
        self.trusted, self.depth = trusted, depth
        self.values: dict[str, Any] = dict(skeleton.values)
        self.given: set[str] = set()
        self.problems: list[Problem] = []
        self.scene = scene or Scene(ctx)
        self.env = RecordEnv(self.scene, shape, skeleton, self.values)
        self.env.fresh = old is None
        self.scene.remember(self.env)
        self.rights: EntityRights = rights_of(ctx.release, ctx.actor).entity(shape.key)
        self.visible: frozenset[str] = frozenset()
        self.hidden_now: frozenset[str] = frozenset()  # by show_when, after the rules ran
        self.new_files: list[tuple[str, tuple[str, ...]]] = []
        self.head: tuple[int, str | None] = (0, None)

    @cached_property
    def reader(self) -> Reader:
        """For whom text is read."""
        return reader_of(self.ctx)

    def changed(self) -> list[str]:
        """Keys whose value is another than before."""
        if self.old is None:
            return [k for k, v in self.values.items() if v is not None and v != ()]
        before = self.old.values
        return [k for k, v in self.values.items() if v != before.get(k) and not (_blank(v) and _blank(before.get(k)))]

    def was(self, key: str) -> Any:
        return None if self.old is None else self.old.values.get(key)

    def record(self, **system: Any) -> Record:
        """The record as it will be."""
        return replace(self.skeleton, values=dict(self.values), **system)

    def problem(self, code: str, message: Any, key: str, rule: str, hint: Any = None, data: Mapping[str, Any] | None = None) -> None:
        """A refusal beside a field; of a field the actor may not see only that something is missing or wrong."""
        plain = key.split("[")[0]
        if plain and plain not in self.visible and not self.trusted:
            self.problems.append(
                Problem(
                    "not_yours",
                    _("Something that you may not see stands against this."),
                    "",
                    _("Ask somebody with more rights to save it."),
                    f"{self.shape.uid}#hidden",
                )
            )
            return
        self.problems.append(Problem(code, message, f"fields.{key}" if key else "", hint, rule, dict(data or {})))


def reader_of(ctx: Ctx, labels: Mapping[str, str] | None = None) -> Reader:
    """The actor as a reader: language, zone, today."""
    return Reader(ctx.language, ctx.zone, ctx.now.astimezone(ctx.zone).date(), ctx.now, ctx.tenant.currency, labels)


def _blank(value: Any) -> bool:
    return value is None or value == () or value == ""


def is_blank(value: Any) -> bool:
    """Whether a field counts as empty."""
    return _blank(value)


def skeleton_of(record: Record, values: Mapping[str, Any]) -> Record:
    return replace(record, values=values)


def labels_of(shape: EntityShape, keys: Iterable[str]) -> list[Any]:
    """What people call these fields."""
    return [shape.fields[k].field.label for k in keys if k in shape.fields]
