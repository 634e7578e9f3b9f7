"""Sign-in, metadata store, records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kernel.platform import columns, search_table

revision = "e5a1ba871a93"
down_revision = None


def upgrade() -> None:
    op.create_table("account",
    sa.Column("person_id", columns.ID, nullable=False),
    sa.Column("login", columns.KEY, nullable=False),
    sa.Column("password_hash", columns.TEXT, nullable=False),
    sa.Column("must_change", sa.Boolean(), nullable=False),
    sa.Column("disabled_at", columns.Instant(), nullable=True),
    sa.Column("language", columns.KEY, nullable=True),
    sa.Column("theme", columns.KEY, nullable=True),
    sa.Column("zone", columns.KEY, nullable=True),
    sa.Column("last_seen_at", columns.Instant(), nullable=True),
    sa.PrimaryKeyConstraint("person_id", name=op.f("pk_account")),
    sa.UniqueConstraint("login", name=op.f("uq_account_login"))
    )
    op.create_table("change_log",
    sa.Column("id", columns.ID, nullable=False),
    sa.Column("entity", columns.KEY, nullable=False),
    sa.Column("record_id", columns.ID, nullable=False),
    sa.Column("seq", sa.Integer(), nullable=False),
    sa.Column("at", columns.Instant(), nullable=False),
    sa.Column("actor_id", columns.ID, nullable=True),
    sa.Column("channel", columns.KEY, nullable=False),
    sa.Column("release_id", sa.Integer(), nullable=True),
    sa.Column("kind", columns.KEY, nullable=False),
    sa.Column("changes", columns.Json(), nullable=False),
    sa.Column("reason", columns.Json(), nullable=True),
    sa.Column("prev_hash", columns.KEY, nullable=True),
    sa.Column("hash", columns.KEY, nullable=False),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_change_log"))
    )
    op.create_index(op.f("ix_change_log_entity_record_id_seq"), "change_log", ["entity", "record_id", "seq"], unique=True)
    op.create_table("comment",
    sa.Column("id", columns.ID, nullable=False),
    sa.Column("entity", columns.KEY, nullable=False),
    sa.Column("record_id", columns.ID, nullable=False),
    sa.Column("body", columns.TEXT, nullable=False),
    sa.Column("created_at", columns.Instant(), nullable=False),
    sa.Column("created_by", columns.ID, nullable=True),
    sa.Column("deleted_at", columns.Instant(), nullable=True),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_comment"))
    )
    op.create_index(op.f("ix_comment_entity_record_id_created_at"), "comment", ["entity", "record_id", "created_at"], unique=False)
    op.create_table("draft",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("base_release_id", sa.Integer(), nullable=True),
    sa.Column("changes", columns.Json(), nullable=False),
    sa.Column("revision", sa.Integer(), nullable=False),
    sa.Column("title", columns.TEXT, nullable=True),
    sa.Column("created_by", columns.ID, nullable=True),
    sa.Column("updated_by", columns.ID, nullable=True),
    sa.Column("updated_at", columns.Instant(), nullable=False),
    sa.Column("closed_at", columns.Instant(), nullable=True),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_draft"))
    )
    op.create_table("event",
    sa.Column("id", columns.COUNTER, nullable=False),
    sa.Column("at", columns.Instant(), nullable=False),
    sa.Column("kind", columns.KEY, nullable=False),
    sa.Column("entity", columns.KEY, nullable=True),
    sa.Column("record_id", columns.ID, nullable=True),
    sa.Column("data", columns.Json(), nullable=True),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    sqlite_autoincrement=True
    )
    op.create_index(op.f("ix_event_at"), "event", ["at"], unique=False)
    op.create_index(op.f("ix_event_entity_record_id"), "event", ["entity", "record_id"], unique=False)
    op.create_table("file",
    sa.Column("id", columns.ID, nullable=False),
    sa.Column("sha256", columns.KEY, nullable=False),
    sa.Column("size", columns.COUNTER, nullable=False),
    sa.Column("media_type", columns.KEY, nullable=False),
    sa.Column("name", columns.TEXT, nullable=False),
    sa.Column("width", sa.Integer(), nullable=True),
    sa.Column("height", sa.Integer(), nullable=True),
    sa.Column("created_at", columns.Instant(), nullable=False),
    sa.Column("created_by", columns.ID, nullable=True),
    sa.Column("entity", columns.KEY, nullable=True),
    sa.Column("record_id", columns.ID, nullable=True),
    sa.Column("field", columns.KEY, nullable=True),
    sa.Column("meta", columns.Json(), nullable=True),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_file"))
    )
    op.create_index(op.f("ix_file_entity_record_id"), "file", ["entity", "record_id"], unique=False)
    op.create_index(op.f("ix_file_sha256"), "file", ["sha256"], unique=False)
    op.create_table("form_draft",
    sa.Column("id", columns.ID, nullable=False),
    sa.Column("person_id", columns.ID, nullable=False),
    sa.Column("entity", columns.KEY, nullable=False),
    sa.Column("record_id", columns.ID, nullable=True),
    sa.Column("form", columns.KEY, nullable=True),
    sa.Column("data", columns.Json(), nullable=False),
    sa.Column("version", sa.Integer(), nullable=True),
    sa.Column("updated_at", columns.Instant(), nullable=False),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_form_draft"))
    )
    op.create_index(op.f("ix_form_draft_person_id_entity_record_id"), "form_draft", ["person_id", "entity", "record_id"], unique=False)
    op.create_index(op.f("ix_form_draft_updated_at"), "form_draft", ["updated_at"], unique=False)
    op.create_table("idempotency",
    sa.Column("actor_id", columns.ID, nullable=False),
    sa.Column("key", columns.KEY, nullable=False),
    sa.Column("route", columns.KEY, nullable=False),
    sa.Column("request_hash", columns.KEY, nullable=False),
    sa.Column("status", sa.Integer(), nullable=True),
    sa.Column("headers", columns.Json(), nullable=True),
    sa.Column("body", columns.TEXT, nullable=True),
    sa.Column("at", columns.Instant(), nullable=False),
    sa.PrimaryKeyConstraint("actor_id", "key", name=op.f("pk_idempotency"))
    )
    op.create_index(op.f("ix_idempotency_at"), "idempotency", ["at"], unique=False)
    op.create_table("overlay",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("layer", columns.KEY, nullable=False),
    sa.Column("changes", columns.Json(), nullable=False),
    sa.Column("updated_at", columns.Instant(), nullable=False),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_overlay")),
    sa.UniqueConstraint("layer", name=op.f("uq_overlay_layer"))
    )
    op.create_table("package_version",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("key", columns.KEY, nullable=False),
    sa.Column("version", columns.KEY, nullable=False),
    sa.Column("hash", columns.KEY, nullable=False),
    sa.Column("tree", columns.Json(), nullable=False),
    sa.Column("imported_at", columns.Instant(), nullable=False),
    sa.Column("imported_by", columns.ID, nullable=True),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_package_version")),
    sa.UniqueConstraint("key", "version", name=op.f("uq_package_version_key_version"))
    )
    op.create_table("person_role",
    sa.Column("person_id", columns.ID, nullable=False),
    sa.Column("role", columns.KEY, nullable=False),
    sa.PrimaryKeyConstraint("person_id", "role", name=op.f("pk_person_role"))
    )
    op.create_index(op.f("ix_person_role_role"), "person_role", ["role"], unique=False)
    op.create_table("rate",
    sa.Column("key", columns.KEY, nullable=False),
    sa.Column("count", sa.Integer(), nullable=False),
    sa.Column("window_start", columns.Instant(), nullable=False),
    sa.PrimaryKeyConstraint("key", name=op.f("pk_rate"))
    )
    op.create_index(op.f("ix_rate_window_start"), "rate", ["window_start"], unique=False)
    op.create_table("release",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("hash", columns.KEY, nullable=False),
    sa.Column("kind", columns.KEY, nullable=False),
    sa.Column("tree", columns.Json(), nullable=False),
    sa.Column("columns", columns.Json(), nullable=False),
    sa.Column("base_release_id", sa.Integer(), nullable=True),
    sa.Column("packages", columns.Json(), nullable=False),
    sa.Column("changes", columns.Json(), nullable=True),
    sa.Column("plan", columns.Json(), nullable=True),
    sa.Column("note", columns.TEXT, nullable=True),
    sa.Column("published_by", columns.ID, nullable=True),
    sa.Column("published_at", columns.Instant(), nullable=False),
    sa.Column("expires_at", columns.Instant(), nullable=True),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
    sqlite_autoincrement=True
    )
    op.create_index(op.f("ix_release_expires_at"), "release", ["expires_at"], unique=False)
    op.create_index(op.f("ix_release_hash"), "release", ["hash"], unique=False)
    op.create_table("retired_column",
    sa.Column("table_name", columns.KEY, nullable=False),
    sa.Column("column_name", columns.KEY, nullable=False),
    sa.Column("uid", columns.TEXT, nullable=False),
    sa.Column("retired_at", columns.Instant(), nullable=False),
    sa.Column("purged_at", columns.Instant(), nullable=True),
    sa.PrimaryKeyConstraint("table_name", "column_name", name=op.f("pk_retired_column"))
    )
    op.create_table("sequence",
    sa.Column("key", columns.KEY, nullable=False),
    sa.Column("next", columns.COUNTER, nullable=False),
    sa.PrimaryKeyConstraint("key", name=op.f("pk_sequence"))
    )
    op.create_table("span",
    sa.Column("id", columns.COUNTER, nullable=False),
    sa.Column("entity", columns.KEY, nullable=False),
    sa.Column("record_id", columns.ID, nullable=False),
    sa.Column("facet", columns.KEY, nullable=False),
    sa.Column("value", columns.TEXT, nullable=True),
    sa.Column("from_at", columns.Instant(), nullable=False),
    sa.Column("to_at", columns.Instant(), nullable=True),
    sa.Column("release_id", sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_span"))
    )
    op.create_index(op.f("ix_span_entity_facet_value_to_at"), "span", ["entity", "facet", "value", "to_at"], unique=False)
    op.create_index(op.f("ix_span_entity_record_id_facet"), "span", ["entity", "record_id", "facet"], unique=False)
    op.create_table("team_closure",
    sa.Column("ancestor", columns.ID, nullable=False),
    sa.Column("descendant", columns.ID, nullable=False),
    sa.Column("depth", sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint("ancestor", "descendant", name=op.f("pk_team_closure"))
    )
    op.create_index(op.f("ix_team_closure_descendant_depth"), "team_closure", ["descendant", "depth"], unique=False)
    op.create_table("tenant_state",
    sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
    sa.Column("release_id", sa.Integer(), nullable=True),
    sa.Column("rights_epoch", sa.Integer(), nullable=False),
    sa.Column("settings", columns.Json(), nullable=False),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant_state"))
    )
    op.create_table("session",
    sa.Column("token_hash", columns.KEY, nullable=False),
    sa.Column("person_id", columns.ID, nullable=False),
    sa.Column("created_at", columns.Instant(), nullable=False),
    sa.Column("seen_at", columns.Instant(), nullable=False),
    sa.Column("expires_at", columns.Instant(), nullable=False),
    sa.Column("user_agent", columns.TEXT, nullable=True),
    sa.Column("address", columns.KEY, nullable=True),
    sa.ForeignKeyConstraint(["person_id"], ["account.person_id"], name=op.f("fk_session_person_id"), ondelete="CASCADE"),
    sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session"))
    )
    op.create_index(op.f("ix_session_expires_at"), "session", ["expires_at"], unique=False)
    op.create_index(op.f("ix_session_person_id"), "session", ["person_id"], unique=False)
    op.create_table("token",
    sa.Column("id", columns.ID, nullable=False),
    sa.Column("hash", columns.KEY, nullable=False),
    sa.Column("person_id", columns.ID, nullable=False),
    sa.Column("name", columns.TEXT, nullable=False),
    sa.Column("scopes", columns.Json(), nullable=False),
    sa.Column("created_at", columns.Instant(), nullable=False),
    sa.Column("expires_at", columns.Instant(), nullable=True),
    sa.Column("last_used_at", columns.Instant(), nullable=True),
    sa.Column("revoked_at", columns.Instant(), nullable=True),
    sa.ForeignKeyConstraint(["person_id"], ["account.person_id"], name=op.f("fk_token_person_id"), ondelete="CASCADE"),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
    sa.UniqueConstraint("hash", name=op.f("uq_token_hash"))
    )
    op.create_index(op.f("ix_token_person_id"), "token", ["person_id"], unique=False)
    search_table.create(op.get_bind())
