"""What stands around the records: history, events, files, drafts."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import TSVECTOR

from kernel.platform.columns import COUNTER, ID, KEY, TEXT, Instant, Json
from kernel.platform.tables.base import platform, search_metadata

change_log = Table(
    "change_log", platform,
    Column("id", ID, primary_key=True),
    Column("entity", KEY, nullable=False),
    Column("record_id", ID, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor_id", ID),
    Column("channel", KEY, nullable=False),
    Column("release_id", Integer),
    Column("kind", KEY, nullable=False),
    Column("changes", Json, nullable=False),
    Column("reason", Json),
    Column("prev_hash", KEY),
    Column("hash", KEY, nullable=False),
    Index(None, "entity", "record_id", "seq", unique=True),
)

span = Table(
    "span", platform,
    Column("id", COUNTER, primary_key=True),
    Column("entity", KEY, nullable=False),
    Column("record_id", ID, nullable=False),
    Column("facet", KEY, nullable=False),
    Column("value", TEXT),
    Column("from_at", Instant, nullable=False),
    Column("to_at", Instant),
    Column("release_id", Integer),
    Index(None, "entity", "record_id", "facet"),
    Index(None, "entity", "facet", "value", "to_at"),
)

event = Table(
    "event", platform,
    Column("id", COUNTER, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("kind", KEY, nullable=False),
    Column("entity", KEY),
    Column("record_id", ID),
    Column("data", Json),
    Index(None, "entity", "record_id"),
    # Live readers remember the last id they saw: an id must never come back.
    sqlite_autoincrement=True,
)

idempotency = Table(
    "idempotency", platform,
    Column("actor_id", ID, primary_key=True),
    Column("key", KEY, primary_key=True),
    Column("route", KEY, nullable=False),
    Column("request_hash", KEY, nullable=False),
    Column("status", Integer),
    Column("headers", Json),
    Column("body", TEXT),
    Column("at", Instant, nullable=False, index=True),
)

file = Table(
    "file", platform,
    Column("id", ID, primary_key=True),
    Column("sha256", KEY, nullable=False, index=True),
    Column("size", COUNTER, nullable=False),
    Column("media_type", KEY, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("created_at", Instant, nullable=False),
    Column("created_by", ID),
    Column("entity", KEY),
    Column("record_id", ID),
    Column("field", KEY),
    Column("meta", Json),
    Index(None, "entity", "record_id"),
)

# What lies in the bin: the record itself stays in its table with ``deleted_at``. What went together bears one ``bundle`` and comes
# back together; ``face`` is the record that was deleted by hand, ``via`` the uid of the reference by which another one came along.
binned = Table(
    "binned", platform,
    Column("entity", KEY, primary_key=True),
    Column("record_id", ID, primary_key=True),
    Column("bundle", ID, nullable=False, index=True),
    Column("face", Boolean, nullable=False),
    Column("via", TEXT),
    Column("deleted_at", Instant, nullable=False),
    Column("deleted_by", ID),
    Index(None, "entity", "face", "deleted_at"),
)

sequence = Table(
    "sequence", platform,
    Column("key", KEY, primary_key=True),
    Column("next", COUNTER, nullable=False),
)

form_draft = Table(
    "form_draft", platform,
    Column("id", ID, primary_key=True),
    Column("person_id", ID, nullable=False),
    Column("entity", KEY, nullable=False),
    Column("record_id", ID),
    Column("form", KEY),
    Column("data", Json, nullable=False),
    Column("version", Integer),
    Column("updated_at", Instant, nullable=False, index=True),
    Index(None, "person_id", "entity", "record_id"),
)

comment = Table(
    "comment", platform,
    Column("id", ID, primary_key=True),
    Column("entity", KEY, nullable=False),
    Column("record_id", ID, nullable=False),
    Column("body", TEXT, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", ID),
    Column("edited_at", Instant),
    Column("deleted_at", Instant),
    # Ids of people named with @, and of files that belong to the comment.
    Column("mentions", Json),
    Column("files", Json),
    Index(None, "entity", "record_id", "created_at"),
)

search = Table(
    "search", search_metadata,
    Column("entity", KEY, nullable=False),
    Column("record_id", ID, nullable=False),
    Column("field", KEY, nullable=False),
    Column("body", Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
)
