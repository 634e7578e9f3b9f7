"""Tenants for the tests of records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kernel.platform.clock import FixedClock
from kernel.platform.database import Home
from tests.factories.records import Place, make_application, make_tenant
from tests.integration.records.world import WORLD


@pytest.fixture(scope="session")
def world() -> Any:
    """The application: compiled once."""
    return make_application(WORLD)


@pytest.fixture
def place(home: Home, world: Any, clock: FixedClock) -> Place:
    """The world in a fresh home, once per database."""
    return make_tenant(home, world, clock)


@pytest.fixture
def place_sqlite(home_sqlite: Home, world: Any, clock: FixedClock) -> Place:
    """The world on SQLite, where the database makes no difference."""
    return make_tenant(home_sqlite, world, clock)


@pytest.fixture
def boss(place: Place) -> Any:
    return place.person("Bea Boss", "boss")


@pytest.fixture
def worker(place: Place) -> Any:
    return place.person("Will Worker", "worker", team=place.team("East"))


Maker = Callable[..., Any]
