"""What leaves the house."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kernel.platform import columns

revision = 'd7f0b35c8e21'
down_revision = 'c94e6a2d7b18'


def upgrade() -> None:
    op.create_table(
        'secret',
        sa.Column('name', columns.KEY, nullable=False),
        sa.Column('origin', columns.TEXT, nullable=True),
        sa.Column('sealed', columns.TEXT, nullable=False),
        sa.Column('key_id', columns.KEY, nullable=False),
        sa.Column('set_at', columns.Instant(), nullable=False),
        sa.Column('set_by', columns.ID, nullable=True),
        sa.PrimaryKeyConstraint('name', name=op.f('pk_secret')),
    )
    op.create_index(op.f('ix_secret_key_id'), 'secret', ['key_id'], unique=False)
