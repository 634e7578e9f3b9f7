"""People and sign-in."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table

from kernel.platform.columns import ID, KEY, TEXT, Instant, Json
from kernel.platform.tables.base import platform

# One row. The epoch counts changes of rights, so that what is cached per person is exact at once (DESIGN section 5).
tenant_state = Table(
    "tenant_state", platform,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("release_id", Integer),
    Column("rights_epoch", Integer, nullable=False, default=1),
    Column("settings", Json, nullable=False),
)

account = Table(
    "account", platform,
    Column("person_id", ID, primary_key=True),
    Column("login", KEY, nullable=False, unique=True),
    Column("password_hash", TEXT, nullable=False),
    Column("must_change", Boolean, nullable=False, default=False),
    Column("disabled_at", Instant),
    Column("language", KEY),
    Column("theme", KEY),
    Column("zone", KEY),
    Column("last_seen_at", Instant),
)

session = Table(
    "session", platform,
    Column("token_hash", KEY, primary_key=True),
    Column("person_id", ID, ForeignKey("account.person_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("user_agent", TEXT),
    Column("address", KEY),
    # While an administrator looks through somebody's eyes, reading only (kernel/platform/viewing.py).
    Column("view_as", ID),
    Column("view_until", Instant),
)

token = Table(
    "token", platform,
    Column("id", ID, primary_key=True),
    Column("hash", KEY, nullable=False, unique=True),
    Column("person_id", ID, ForeignKey("account.person_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", TEXT, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
)

person_role = Table(
    "person_role", platform,
    Column("person_id", ID, primary_key=True),
    Column("role", KEY, primary_key=True),
    Index(None, "role"),
)

team_closure = Table(
    "team_closure", platform,
    Column("ancestor", ID, primary_key=True),
    Column("descendant", ID, primary_key=True),
    Column("depth", Integer, nullable=False),
    Index(None, "descendant", "depth"),
)

rate = Table(
    "rate", platform,
    Column("key", KEY, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("window_start", Instant, nullable=False, index=True),
)

# A link that lets somebody set a password: the first one (invite) or a new one (reset). Only the hash is kept.
invitation = Table(
    "invitation", platform,
    Column("token_hash", KEY, primary_key=True),
    Column("person_id", ID, ForeignKey("account.person_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", KEY, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", ID),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("used_at", Instant),
)

# Who did what to people, rights, settings and releases. Append only. Values of records stand in change_log.
audit = Table(
    "audit", platform,
    Column("id", ID, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("actor_id", ID),
    Column("channel", KEY, nullable=False),
    # In the past tense, with its family first: person.invited, role.given, session.ended, settings.changed, release.published
    Column("kind", KEY, nullable=False, index=True),
    Column("subject", TEXT),
    Column("data", Json, nullable=False),
    Column("address", KEY),
    Index(None, "actor_id", "at"),
)
