"""One desk per database for everything here: each test works with records of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kernel.platform.clock import FixedClock
from tests.conftest import NOW
from tests.factories.desk import Desk, make_desk, settings_for
from tests.integration.automations.world import ALL


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """On both databases."""
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path_factory.mktemp("automations"), url), FixedClock(NOW), ALL) as made:
        yield made


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """On SQLite, where the database makes no difference."""
    with make_desk(settings_for("sqlite", tmp_path_factory.mktemp("automations"), None), FixedClock(NOW), ALL) as made:
        yield made


@pytest.fixture(autouse=True)
def _again(request: pytest.FixtureRequest) -> None:
    """The clock stands at the beginning."""
    for name in ("both", "desk"):
        if name in request.fixturenames:
            request.getfixturevalue(name).clock.set(NOW)


@pytest.fixture
def clock(request: pytest.FixtureRequest) -> FixedClock:
    """The desk's own."""
    found = request.getfixturevalue("both" if "both" in request.fixturenames else "desk").clock
    assert isinstance(found, FixedClock)
    return found
