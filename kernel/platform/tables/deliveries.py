"""What left the house for somebody, or did not, and why."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, Table, UniqueConstraint

from kernel.platform.columns import ID, KEY, Instant, Json
from kernel.platform.tables.base import platform

# A notice on its way out of the house: one row per cause, person and channel. ``state``: waiting, held, sent, failed, skipped;
# ``why`` says in keys why it is in that state, ``due_at`` when what is held goes on. A digest is a row of its own (kind ``digest``),
# to which the rows in it point.
delivery = Table(
    "delivery", platform,
    # Also the id under which it goes out, on each try.
    Column("id", ID, primary_key=True),
    Column("person_id", ID, nullable=False),
    Column("cause", KEY, nullable=False),
    Column("channel", KEY, nullable=False),
    Column("notice_id", ID),
    Column("kind", KEY, nullable=False),
    Column("urgency", KEY, nullable=False),
    Column("essential", Boolean, nullable=False),
    Column("state", KEY, nullable=False),
    Column("why", Json),
    Column("due_at", Instant),
    Column("digest_id", ID),
    Column("created_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("attempts", Integer, nullable=False, default=0),
    Column("result", Json),
    UniqueConstraint("person_id", "cause", "channel"),
    Index(None, "person_id", "id"),
    Index(None, "state", "id"),
    Index(None, "notice_id"),
    Index(None, "digest_id"),
)
