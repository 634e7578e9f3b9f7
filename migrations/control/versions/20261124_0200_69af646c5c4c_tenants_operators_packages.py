"""Tenants, operators, packages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kernel.platform import columns

revision = "69af646c5c4c"
down_revision = None


def upgrade() -> None:
    op.create_table("operator",
    sa.Column("id", columns.ID, nullable=False),
    sa.Column("login", columns.KEY, nullable=False),
    sa.Column("name", columns.TEXT, nullable=False),
    sa.Column("password_hash", columns.TEXT, nullable=False),
    sa.Column("created_at", columns.Instant(), nullable=False),
    sa.Column("disabled_at", columns.Instant(), nullable=True),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_operator")),
    sa.UniqueConstraint("login", name=op.f("uq_operator_login"))
    )
    op.create_table("package",
    sa.Column("key", columns.KEY, nullable=False),
    sa.Column("version", columns.KEY, nullable=False),
    sa.Column("path", columns.TEXT, nullable=False),
    sa.Column("hash", columns.KEY, nullable=False),
    sa.Column("registered_at", columns.Instant(), nullable=False),
    sa.PrimaryKeyConstraint("key", "version", name=op.f("pk_package"))
    )
    op.create_table("rate",
    sa.Column("key", columns.KEY, nullable=False),
    sa.Column("count", sa.Integer(), nullable=False),
    sa.Column("window_start", columns.Instant(), nullable=False),
    sa.PrimaryKeyConstraint("key", name=op.f("pk_rate"))
    )
    op.create_index(op.f("ix_rate_window_start"), "rate", ["window_start"], unique=False)
    op.create_table("tenant",
    sa.Column("id", columns.ID, nullable=False),
    sa.Column("slug", columns.KEY, nullable=False),
    sa.Column("name", columns.TEXT, nullable=False),
    sa.Column("database_url", columns.TEXT, nullable=False),
    sa.Column("schema_name", columns.KEY, nullable=True),
    sa.Column("status", columns.KEY, nullable=False),
    sa.Column("created_at", columns.Instant(), nullable=False),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
    sa.UniqueConstraint("slug", name=op.f("uq_tenant_slug"))
    )
