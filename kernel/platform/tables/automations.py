"""What the product does by itself: automations as a tenant runs them, each of their runs, whose turn it is."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table

from kernel.platform.columns import COUNTER, ID, KEY, TEXT, Instant, Json
from kernel.platform.tables.base import platform

# An automation of the release: who answers for it (``publisher_id``; none: the operator), since which release, in which wording
# (``digest``), and whether somebody switched it off.
automation = Table(
    "automation", platform,
    Column("uid", TEXT, primary_key=True),
    Column("publisher_id", ID),
    Column("digest", KEY, nullable=False),
    Column("release_id", Integer, nullable=False),
    Column("vouched_at", Instant, nullable=False),
    Column("paused_at", Instant),
    Column("paused_by", ID),
    # When administrators were last told that it fails.
    Column("told_at", Instant),
    # Up to which moment a schedule has been seen to.
    Column("through_at", Instant),
)

# One time it was set off. ``state``: waiting (to begin, or at a wait), done, failed, stopped, cut, not_met, off, gone. It keeps the release
# it began with. ``root_id``, ``parent_id`` and ``chain`` (uids) say what led to what.
automation_run = Table(
    "automation_run", platform,
    Column("id", ID, primary_key=True),
    Column("uid", TEXT, nullable=False),
    Column("entity", KEY, nullable=False),
    # None: a schedule that is about no record.
    Column("record_id", ID),
    Column("release_id", Integer, nullable=False),
    Column("state", KEY, nullable=False),
    # What set it off: the trigger, fields or step, by whom, on which channel, at which version.
    Column("cause", Json, nullable=False),
    # What the condition read, with its values then.
    Column("inputs", Json, nullable=False),
    Column("root_id", ID, nullable=False),
    Column("parent_id", ID),
    Column("chain", Json, nullable=False),
    # Names the moment of a schedule or date, so that it counts once.
    Column("key", KEY, unique=True),
    # Where it stands: the next instruction, loops, what it made.
    Column("place", Json),
    Column("log", Json, nullable=False),
    # Why it ended badly: kind, words per language, rule.
    Column("error", Json),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("ended_at", Instant),
    Index(None, "entity", "record_id", "id"),
    Index(None, "uid", "id"),
    Index(None, "root_id"),
    Index(None, "state", "created_at"),
)

# Whose turn it was last, per step and team.
automation_turn = Table(
    "automation_turn", platform,
    Column("key", KEY, primary_key=True),
    Column("person_id", ID),
    Column("given", COUNTER, nullable=False, default=0),
    Column("at", Instant, nullable=False),
)
