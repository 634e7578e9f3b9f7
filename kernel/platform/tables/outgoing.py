"""What leaves the house: where it goes, the secrets for it, and how those places have answered lately."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, UniqueConstraint

from kernel.platform.columns import ID, KEY, TEXT, Instant, Json
from kernel.platform.tables.base import platform

# Write-only values, encrypted (kernel/secrets, the only one to read this table). ``origin``: the only target it may be sent to.
secret = Table(
    "secret", platform,
    Column("name", KEY, primary_key=True),
    Column("origin", TEXT),
    Column("sealed", TEXT, nullable=False),
    # Which key of the installation closed it, so that a rotation finds what is left to do.
    Column("key_id", KEY, nullable=False),
    Column("set_at", Instant, nullable=False),
    Column("set_by", ID),
    Index(None, "key_id"),
)

# A place that calls go to and that failed lately (kernel/jobs/outlets.py); one that answers has no row.
outlet = Table(
    "outlet", platform,
    Column("key", KEY, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Instant, nullable=False),
    # Until then nothing is sent there.
    Column("blocked_until", Instant),
    Column("error", TEXT),
    Column("at", Instant, nullable=False),
)

# A place that administrators named: a web hook or a robot of a group. Address and keys are secrets; ``shown`` is what may be seen of the address.
connection = Table(
    "connection", platform,
    Column("id", ID, primary_key=True),
    # Rules of the application name it by this; packages carry no address.
    Column("name", KEY, nullable=False, unique=True),
    # webhook, wecom, dingtalk, feishu
    Column("kind", KEY, nullable=False),
    Column("origin", TEXT, nullable=False),
    Column("shown", TEXT, nullable=False),
    Column("active", Boolean, nullable=False),
    # Why it is off: by hand, or what it answered last.
    Column("off_why", TEXT),
    # Of a robot: which notices go there.
    Column("rules", Json, nullable=False),
    # Until then the key before the present one signs, too.
    Column("key_until", Instant),
    Column("created_at", Instant, nullable=False),
    Column("created_by", ID),
    Column("updated_at", Instant, nullable=False),
)

# What waits to be said in a group, or was: once per cause, however many people it concerns.
robot_post = Table(
    "robot_post", platform,
    Column("id", ID, primary_key=True),
    Column("connection_id", ID, ForeignKey("connection.id", ondelete="CASCADE"), nullable=False),
    Column("tag", KEY, nullable=False),
    Column("title", TEXT, nullable=False),
    Column("body", TEXT, nullable=False),
    Column("url", TEXT, nullable=False),
    Column("urgency", KEY, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("sent_at", Instant),
    UniqueConstraint("connection_id", "tag"),
    Index(None, "connection_id", "sent_at"),
)

# A device that rings: it goes with the session that let it ring.
push_subscription = Table(
    "push_subscription", platform,
    Column("id", ID, primary_key=True),
    Column("person_id", ID, ForeignKey("account.person_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("session_hash", KEY, ForeignKey("session.token_hash", ondelete="CASCADE"), nullable=False, index=True),
    Column("endpoint", TEXT, nullable=False),
    Column("endpoint_hash", KEY, nullable=False, unique=True),
    Column("p256dh", TEXT, nullable=False),
    Column("auth", TEXT, nullable=False),
    Column("created_at", Instant, nullable=False),
    # When the push service last took something for it.
    Column("taken_at", Instant),
)
