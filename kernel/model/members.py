"""What every record has besides its fields, as expressions see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kernel.expr.types import INSTANT, NUMBER, TEXT, Type, choice, record
from kernel.fieldtypes.options import expr_options

if TYPE_CHECKING:
    from kernel.model.application import Application

SYSTEM_NAMES: Mapping[str, tuple[str, ...]] = {
    "id": ("ID",),
    "state": ("State", "状态"),
    "state_since": ("State since", "状态开始时间"),
    "owner": ("Owner", "负责人"),
    "team": ("Team", "团队"),
    "version": ("Version", "版本"),
    "created_at": ("Created at", "创建时间"),
    "updated_at": ("Updated at", "更新时间"),
    "created_by": ("Created by", "创建人"),
    "updated_by": ("Updated by", "更新人"),
    "parent": ("Parent", "主记录"),
}
"""Names of the members that every record has; an entity's own field of the same name wins."""


def exists(application: Application, entity: str) -> bool:
    """Whether there is such an entity, or such child rows (``task.items``)."""
    head, _, rows = entity.partition(".")
    owner = application.entities.get(head)
    return owner is not None and (not rows or rows in owner.by_key)


def system_members(application: Application, entity: str) -> dict[str, Type]:
    """The members of an entity, or of child rows, that no field declares; an own field of the same key comes before them."""
    if not exists(application, entity):
        return {}
    if "." in entity:
        return {"id": TEXT, "parent": record(entity.partition(".")[0])}
    machines = application.machines_of(entity)
    found: dict[str, Type] = {"id": record(entity)}  # a record is a reference to itself: actions put it into other records
    if machines:
        found["state"] = choice(expr_options(machines[0].states))
        found["state_since"] = INSTANT
    found.update(
        owner=record("person"),
        team=record("team"),
        created_at=INSTANT,
        updated_at=INSTANT,
        created_by=record("person"),
        updated_by=record("person"),
        version=NUMBER,
    )
    found.update({f"{machine.key}_since": INSTANT for machine in machines[1:]})
    return found
