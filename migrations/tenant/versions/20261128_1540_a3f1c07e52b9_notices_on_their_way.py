"""Notices on their way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kernel.platform import columns

revision = 'a3f1c07e52b9'
down_revision = '46b061d9e8d9'


def upgrade() -> None:
    op.create_table('delivery',
    sa.Column('id', columns.ID, nullable=False),
    sa.Column('person_id', columns.ID, nullable=False),
    sa.Column('cause', columns.KEY, nullable=False),
    sa.Column('channel', columns.KEY, nullable=False),
    sa.Column('notice_id', columns.ID, nullable=True),
    sa.Column('kind', columns.KEY, nullable=False),
    sa.Column('urgency', columns.KEY, nullable=False),
    sa.Column('essential', sa.Boolean(), nullable=False),
    sa.Column('state', columns.KEY, nullable=False),
    sa.Column('why', columns.Json(), nullable=True),
    sa.Column('due_at', columns.Instant(), nullable=True),
    sa.Column('digest_id', columns.ID, nullable=True),
    sa.Column('created_at', columns.Instant(), nullable=False),
    sa.Column('sent_at', columns.Instant(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('result', columns.Json(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery')),
    sa.UniqueConstraint('person_id', 'cause', 'channel', name=op.f('uq_delivery_person_id_cause_channel'))
    )
    op.create_index(op.f('ix_delivery_person_id_id'), 'delivery', ['person_id', 'id'], unique=False)
    op.create_index(op.f('ix_delivery_state_id'), 'delivery', ['state', 'id'], unique=False)
    op.create_index(op.f('ix_delivery_notice_id'), 'delivery', ['notice_id'], unique=False)
    op.create_index(op.f('ix_delivery_digest_id'), 'delivery', ['digest_id'], unique=False)
