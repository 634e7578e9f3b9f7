"""Desks with records that hold each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.platform.clock import FixedClock
from tests.factories.desk import Desk, settings_for
from tests.factories.shelf import make_shelf


@pytest.fixture(params=["sqlite", "postgresql"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    """Once per database."""
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_shelf(settings_for(request.param, tmp_path, url), clock) as made:
        yield made


@pytest.fixture
def shelf_sqlite(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    """On SQLite, where the database makes no difference."""
    with make_shelf(settings_for("sqlite", tmp_path, None), clock) as made:
        yield made
