"""The desk, once per database and module: tests make their own records."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kernel.platform.clock import FixedClock
from tests.conftest import NOW
from tests.factories.desk import Api, Desk, make_desk, settings_for


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An installation with people and an empty task list."""
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path_factory.mktemp("desk"), url), FixedClock(NOW)) as desk:
        yield desk


@pytest.fixture(scope="module")
def wen(desk: Desk) -> Api:
    """A worker: sees and changes own tasks, never ``secret``."""
    return desk.api("wen")


@pytest.fixture(scope="module")
def lin(desk: Desk) -> Api:
    """A worker of another team."""
    return desk.api("lin")


@pytest.fixture(scope="module")
def chen(desk: Desk) -> Api:
    """May do everything."""
    return desk.api("chen")


@pytest.fixture(scope="module")
def guo(desk: Desk) -> Api:
    """Reads all tasks, but neither ``secret`` nor ``budget`` nor ``lines``."""
    return desk.api("guo")
