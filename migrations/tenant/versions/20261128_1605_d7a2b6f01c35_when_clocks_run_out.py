"""When clocks begin to run out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kernel.platform import columns

revision = 'd7a2b6f01c35'
down_revision = 'd7f0b35c8e21'


def upgrade() -> None:
    op.add_column('clock', sa.Column('warns_at', columns.Instant(), nullable=True))
