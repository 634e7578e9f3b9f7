"""Events from outside."""

from __future__ import annotations

revision = 'c94e6a2d7b18'
down_revision = 'b81d5e94c3f6'


def upgrade() -> None:
    pass
