"""Where it goes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kernel.platform import columns

revision = 'e2c9417ab6d0'
down_revision = 'd7a2b6f01c35'


def upgrade() -> None:
    op.create_table(
        'outlet',
        sa.Column('key', columns.KEY, nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('failing_since', columns.Instant(), nullable=False),
        sa.Column('blocked_until', columns.Instant(), nullable=True),
        sa.Column('error', columns.TEXT, nullable=True),
        sa.Column('at', columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint('key', name=op.f('pk_outlet')),
    )
    op.create_table(
        'connection',
        sa.Column('id', columns.ID, nullable=False),
        sa.Column('name', columns.KEY, nullable=False),
        sa.Column('kind', columns.KEY, nullable=False),
        sa.Column('origin', columns.TEXT, nullable=False),
        sa.Column('shown', columns.TEXT, nullable=False),
        sa.Column('active', sa.Boolean(), nullable=False),
        sa.Column('off_why', columns.TEXT, nullable=True),
        sa.Column('rules', columns.Json(), nullable=False),
        sa.Column('key_until', columns.Instant(), nullable=True),
        sa.Column('created_at', columns.Instant(), nullable=False),
        sa.Column('created_by', columns.ID, nullable=True),
        sa.Column('updated_at', columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_connection')),
        sa.UniqueConstraint('name', name=op.f('uq_connection_name')),
    )
    op.create_table(
        'robot_post',
        sa.Column('id', columns.ID, nullable=False),
        sa.Column('connection_id', columns.ID, nullable=False),
        sa.Column('tag', columns.KEY, nullable=False),
        sa.Column('title', columns.TEXT, nullable=False),
        sa.Column('body', columns.TEXT, nullable=False),
        sa.Column('url', columns.TEXT, nullable=False),
        sa.Column('urgency', columns.KEY, nullable=False),
        sa.Column('created_at', columns.Instant(), nullable=False),
        sa.Column('sent_at', columns.Instant(), nullable=True),
        sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_robot_post_connection_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_robot_post')),
        sa.UniqueConstraint('connection_id', 'tag', name=op.f('uq_robot_post_connection_id_tag')),
    )
    op.create_index(op.f('ix_robot_post_connection_id_sent_at'), 'robot_post', ['connection_id', 'sent_at'], unique=False)
    op.create_table(
        'push_subscription',
        sa.Column('id', columns.ID, nullable=False),
        sa.Column('person_id', columns.ID, nullable=False),
        sa.Column('session_hash', columns.KEY, nullable=False),
        sa.Column('endpoint', columns.TEXT, nullable=False),
        sa.Column('endpoint_hash', columns.KEY, nullable=False),
        sa.Column('p256dh', columns.TEXT, nullable=False),
        sa.Column('auth', columns.TEXT, nullable=False),
        sa.Column('created_at', columns.Instant(), nullable=False),
        sa.Column('taken_at', columns.Instant(), nullable=True),
        sa.ForeignKeyConstraint(['person_id'], ['account.person_id'], name=op.f('fk_push_subscription_person_id'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['session_hash'], ['session.token_hash'], name=op.f('fk_push_subscription_session_hash'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_push_subscription')),
        sa.UniqueConstraint('endpoint_hash', name=op.f('uq_push_subscription_endpoint_hash')),
    )
    op.create_index(op.f('ix_push_subscription_person_id'), 'push_subscription', ['person_id'], unique=False)
    op.create_index(op.f('ix_push_subscription_session_hash'), 'push_subscription', ['session_hash'], unique=False)
    op.add_column('job', sa.Column('destination', columns.KEY, nullable=True))
    op.add_column('job', sa.Column('until', columns.Instant(), nullable=True))
    some = sa.text('destination IS NOT NULL')
    op.create_index(op.f('ix_job_state_destination_due_at'), 'job', ['state', 'destination', 'due_at'], unique=False, sqlite_where=some, postgresql_where=some)
