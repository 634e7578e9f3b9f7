"""Databases with the small world in them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from .targets import fill, sqlite_engine
from .world import DB


@pytest.fixture(scope="session")
def lite() -> Iterator[sa.Engine]:
    """SQLite in memory."""
    engine = sqlite_engine()
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def pg(pg_url: str) -> Iterator[sa.Engine]:
    """PostgreSQL, in a schema of its own."""
    admin = sa.create_engine(pg_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text("DROP SCHEMA IF EXISTS expr_vectors CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA expr_vectors"))
    admin.dispose()
    engine = sa.create_engine(pg_url, connect_args={"options": "-c search_path=expr_vectors"})
    with engine.begin() as connection:
        fill(connection, DB)
    yield engine
    engine.dispose()
