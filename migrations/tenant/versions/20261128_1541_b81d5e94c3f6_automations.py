"""Automations."""

from __future__ import annotations

revision = 'b81d5e94c3f6'
down_revision = 'a3f1c07e52b9'


def upgrade() -> None:
    pass
