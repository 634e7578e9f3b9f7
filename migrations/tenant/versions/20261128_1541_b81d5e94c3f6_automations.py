"""Automations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kernel.platform import columns

revision = 'b81d5e94c3f6'
down_revision = 'a3f1c07e52b9'


def upgrade() -> None:
    op.create_table('automation',
    sa.Column('uid', columns.TEXT, nullable=False),
    sa.Column('publisher_id', columns.ID, nullable=True),
    sa.Column('digest', columns.KEY, nullable=False),
    sa.Column('release_id', sa.Integer(), nullable=False),
    sa.Column('vouched_at', columns.Instant(), nullable=False),
    sa.Column('paused_at', columns.Instant(), nullable=True),
    sa.Column('paused_by', columns.ID, nullable=True),
    sa.Column('told_at', columns.Instant(), nullable=True),
    sa.Column('through_at', columns.Instant(), nullable=True),
    sa.PrimaryKeyConstraint('uid', name=op.f('pk_automation'))
    )
    op.create_table('automation_run',
    sa.Column('id', columns.ID, nullable=False),
    sa.Column('uid', columns.TEXT, nullable=False),
    sa.Column('entity', columns.KEY, nullable=False),
    sa.Column('record_id', columns.ID, nullable=True),
    sa.Column('release_id', sa.Integer(), nullable=False),
    sa.Column('state', columns.KEY, nullable=False),
    sa.Column('cause', columns.Json(), nullable=False),
    sa.Column('inputs', columns.Json(), nullable=False),
    sa.Column('root_id', columns.ID, nullable=False),
    sa.Column('parent_id', columns.ID, nullable=True),
    sa.Column('chain', columns.Json(), nullable=False),
    sa.Column('key', columns.KEY, nullable=True),
    sa.Column('place', columns.Json(), nullable=True),
    sa.Column('log', columns.Json(), nullable=False),
    sa.Column('error', columns.Json(), nullable=True),
    sa.Column('created_at', columns.Instant(), nullable=False),
    sa.Column('due_at', columns.Instant(), nullable=True),
    sa.Column('ended_at', columns.Instant(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_automation_run')),
    sa.UniqueConstraint('key', name=op.f('uq_automation_run_key'))
    )
    op.create_index(op.f('ix_automation_run_entity_record_id_id'), 'automation_run', ['entity', 'record_id', 'id'], unique=False)
    op.create_index(op.f('ix_automation_run_root_id'), 'automation_run', ['root_id'], unique=False)
    op.create_index(op.f('ix_automation_run_state_created_at'), 'automation_run', ['state', 'created_at'], unique=False)
    op.create_index(op.f('ix_automation_run_uid_id'), 'automation_run', ['uid', 'id'], unique=False)
    op.create_table('automation_turn',
    sa.Column('key', columns.KEY, nullable=False),
    sa.Column('person_id', columns.ID, nullable=True),
    sa.Column('given', columns.COUNTER, nullable=False),
    sa.Column('at', columns.Instant(), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_automation_turn'))
    )
