"""Records as values: what is loaded, what comes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from kernel.fieldtypes.rows import Row

Style = Literal["json", "text", "value"]

__all__ = ["NO_WORDS", "ForApproval", "Input", "Record", "Row", "Style"]


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands. ``values`` holds every stored and derived field (for a reader: those that may be read);
    child rows are tuples of :class:`Row`. ``states`` maps every further machine to (state, since)."""

    id: str
    entity: str
    version: int
    state: str | None
    state_since: datetime | None
    owner: str | None
    team: str | None
    created_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None
    release_id: int | None
    deleted_at: datetime | None
    values: Mapping[str, Any]
    states: Mapping[str, tuple[str | None, datetime | None]] = field(default_factory=dict)
    waits: str | None = None
    """The approval case that a transition opened instead of moving the record."""


@dataclass(frozen=True, slots=True)
class Input:
    """What somebody sent. ``style``: ``json`` as the API takes it, ``text`` as people type it (one text, or a list where
    the widget has several inputs), ``value`` as field types hold it. Child rows are lists of ``{"id"?, "fields"}``."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    style: Style = "json"


@dataclass(frozen=True, slots=True)
class ForApproval:
    """What goes with a transition that needs approval: words to the approvers, and files (ids of own uploads)."""

    note: str = ""
    files: tuple[str, ...] = ()


NO_WORDS = ForApproval()
