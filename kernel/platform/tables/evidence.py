"""What counted, what was only clicked, and what came in from outside."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, Table, UniqueConstraint

from kernel.platform.columns import ID, KEY, TEXT, Instant, Json
from kernel.platform.tables.base import platform

# The behaviour log (runtime/evidence). ``kind``: event (an event as a policy judged it) or click (a step by which somebody said that
# it was done). Of a click ``counts`` says whether there was evidence at that moment. ``entity`` and ``record_id`` are the subject.
behaviour = Table(
    "behaviour", platform,
    Column("id", ID, primary_key=True),
    Column("kind", KEY, nullable=False),
    Column("policy", KEY, nullable=False),
    Column("uid", TEXT, nullable=False),
    Column("entity", KEY, nullable=False),
    Column("record_id", ID, nullable=False),
    Column("event_entity", KEY),
    Column("event_id", ID),
    # Of a click the step's key.
    Column("what", KEY),
    # When it happened; ``noted_at`` is when we knew.
    Column("at", Instant, nullable=False),
    Column("noted_at", Instant, nullable=False),
    Column("person_id", ID),
    Column("team_id", ID),
    Column("verified", Boolean, nullable=False),
    Column("level", Integer, nullable=False),
    Column("counts", Boolean, nullable=False),
    # The moment from which it counts.
    Column("counted_at", Instant),
    Column("because", Json, nullable=False),
    # Hash of what was judged.
    Column("hash", KEY),
    Column("release_id", Integer),
    UniqueConstraint("policy", "event_entity", "event_id"),
    Index(None, "entity", "record_id", "policy"),
    Index(None, "event_entity", "event_id"),
    Index(None, "person_id", "at"),
    Index(None, "at"),
)

# Who may send events: telephony and messaging systems. ``adapter``: json, wecom. Keys stand in the table ``secret``; ``state`` is what
# the adapter remembers between two calls (a cursor).
event_source = Table(
    "event_source", platform,
    Column("id", ID, primary_key=True),
    Column("adapter", KEY, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("settings", Json, nullable=False),
    Column("state", Json),
    Column("created_at", Instant, nullable=False),
    Column("created_by", ID),
    Column("revoked_at", Instant),
    Column("last_at", Instant),
)

# Every event that was taken in, as it was sent: it is known again by (source, event_id), and stays as evidence.
event_received = Table(
    "event_received", platform,
    Column("id", ID, primary_key=True),
    Column("source_id", ID, nullable=False),
    Column("event_id", TEXT, nullable=False),
    Column("kind", KEY, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("hash", KEY, nullable=False),
    Column("body", Json, nullable=False),
    Column("entity", KEY),
    Column("record_id", ID),
    # Of messages: between whom, so that an answer finds what it answers.
    Column("party", TEXT),
    UniqueConstraint("source_id", "event_id"),
    Index(None, "entity", "record_id"),
    Index(None, "received_at"),
    Index(None, "party", "occurred_at"),
)

# What was refused at the door: never the body, only what was wrong with it.
event_refused = Table(
    "event_refused", platform,
    Column("id", ID, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("source_id", ID),
    Column("kind", KEY),
    Column("code", KEY, nullable=False),
    Column("message_id", TEXT),
    Column("address", TEXT),
    Column("problems", Json, nullable=False),
    Index(None, "at"),
)
