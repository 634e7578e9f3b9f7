"""What leaves the house: secrets for it."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from kernel.platform.columns import ID, KEY, TEXT, Instant
from kernel.platform.tables.base import platform

# Write-only values, encrypted (kernel/secrets, the only one to read this table). ``origin``: the only target it may be sent to.
secret = Table(
    "secret", platform,
    Column("name", KEY, primary_key=True),
    Column("origin", TEXT),
    Column("sealed", TEXT, nullable=False),
    # Which key of the installation closed it, so that a rotation finds what is left to do.
    Column("key_id", KEY, nullable=False),
    Column("set_at", Instant, nullable=False),
    Column("set_by", ID),
    Index(None, "key_id"),
)
