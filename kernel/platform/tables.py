"""The platform's own tables: one set per tenant, one in the control database. Made by Alembic, never by publishing."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import TSVECTOR

from kernel.platform.columns import COUNTER, ID, KEY, TEXT, Instant, Json

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

platform = MetaData(naming_convention=_NAMING)
control = MetaData(naming_convention=_NAMING)
# The search table is a virtual table on SQLite, so it is made by hand (kernel/platform/search_table.py), not by create_all.
search_metadata = MetaData()

# --- people and sign-in -------------------------------------------------------------------------------------------

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

# --- metadata -----------------------------------------------------------------------------------------------------

package_version = Table(
    "package_version", platform,
    Column("id", Integer, primary_key=True),
    Column("key", KEY, nullable=False),
    Column("version", KEY, nullable=False),
    Column("hash", KEY, nullable=False),
    Column("tree", Json, nullable=False),
    Column("imported_at", Instant, nullable=False),
    Column("imported_by", ID),
    UniqueConstraint("key", "version"),
)

overlay = Table(
    "overlay", platform,
    Column("id", Integer, primary_key=True),
    Column("layer", KEY, nullable=False, unique=True),
    Column("changes", Json, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

draft = Table(
    "draft", platform,
    Column("id", Integer, primary_key=True),
    Column("base_release_id", Integer),
    Column("changes", Json, nullable=False),
    Column("revision", Integer, nullable=False, default=0),
    Column("title", TEXT),
    Column("created_by", ID),
    Column("updated_by", ID),
    Column("updated_at", Instant, nullable=False),
    Column("closed_at", Instant),
)

release = Table(
    "release", platform,
    Column("id", Integer, primary_key=True),
    Column("hash", KEY, nullable=False, index=True),
    Column("kind", KEY, nullable=False),
    Column("tree", Json, nullable=False),
    Column("columns", Json, nullable=False),
    Column("base_release_id", Integer),
    Column("packages", Json, nullable=False),
    Column("changes", Json),
    Column("plan", Json),
    Column("note", TEXT),
    Column("published_by", ID),
    Column("published_at", Instant, nullable=False),
    Column("expires_at", Instant, index=True),
    # Ids of releases stand in histories: SQLite must not hand out a removed preview's id again (D10).
    sqlite_autoincrement=True,
)

retired_column = Table(
    "retired_column", platform,
    Column("table_name", KEY, primary_key=True),
    Column("column_name", KEY, primary_key=True),
    Column("uid", TEXT, nullable=False),
    Column("retired_at", Instant, nullable=False),
    Column("purged_at", Instant),
)

# --- records ------------------------------------------------------------------------------------------------------

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

search = Table(
    "search", search_metadata,
    Column("entity", KEY, nullable=False),
    Column("record_id", ID, nullable=False),
    Column("field", KEY, nullable=False),
    Column("body", Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
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
    Column("deleted_at", Instant),
    Index(None, "entity", "record_id", "created_at"),
)

# --- control database ---------------------------------------------------------------------------------------------

tenant = Table(
    "tenant", control,
    Column("id", ID, primary_key=True),
    Column("slug", KEY, nullable=False, unique=True),
    Column("name", TEXT, nullable=False),
    Column("database_url", TEXT, nullable=False),
    Column("schema_name", KEY),
    Column("status", KEY, nullable=False),
    Column("created_at", Instant, nullable=False),
)

operator = Table(
    "operator", control,
    Column("id", ID, primary_key=True),
    Column("login", KEY, nullable=False, unique=True),
    Column("name", TEXT, nullable=False),
    Column("password_hash", TEXT, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)

package = Table(
    "package", control,
    Column("key", KEY, primary_key=True),
    Column("version", KEY, primary_key=True),
    Column("path", TEXT, nullable=False),
    Column("hash", KEY, nullable=False),
    Column("registered_at", Instant, nullable=False),
)

# Sign-in tries are counted here by address, across tenants and for tenants that do not exist (D29).
control_rate = Table(
    "rate", control,
    Column("key", KEY, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("window_start", Instant, nullable=False, index=True),
)
