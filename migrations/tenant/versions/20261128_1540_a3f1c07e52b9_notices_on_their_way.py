"""Notices on their way."""

from __future__ import annotations

revision = 'a3f1c07e52b9'
down_revision = '46b061d9e8d9'


def upgrade() -> None:
    pass
