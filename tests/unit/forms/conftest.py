"""Templates of the product, without a database behind them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from kernel.web.application import create_flask
from kernel.web.i18n import reading_in


@pytest.fixture
def page(settings, clock) -> Iterator[Flask]:
    """An application context in which widgets can be printed, in English."""
    app = create_flask(settings, clock)
    with app.app_context(), reading_in("en"):
        yield app
    app.extensions["fangyuan"].databases.dispose()
