"""Packages, overlays, drafts and releases."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table, UniqueConstraint

from kernel.platform.columns import ID, KEY, TEXT, Instant, Json
from kernel.platform.tables.base import platform

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
