"""The desk, once per database and module: tests make their own records."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kernel.platform.clock import FixedClock
from tests.conftest import NOW
from tests.factories.desk import Desk, make_desk, settings_for


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path_factory.mktemp("bulk"), url), FixedClock(NOW)) as desk:
        yield desk
