"""The control database: tenants, operators, packages."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table

from kernel.platform.columns import ID, KEY, TEXT, Instant
from kernel.platform.tables.base import control

tenant = Table(
    "tenant", control,
    Column("id", ID, primary_key=True),
    Column("slug", KEY, nullable=False, unique=True),
    Column("name", TEXT, nullable=False),
    Column("database_url", TEXT, nullable=False),
    Column("schema_name", KEY),
    Column("status", KEY, nullable=False),
    Column("created_at", Instant, nullable=False),
    # A hint for workers: not before this moment is anything due there. May be lost; a sweep finds what it missed.
    Column("next_due", Instant, index=True),
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
