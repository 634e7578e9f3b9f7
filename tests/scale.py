"""How much the suite does: the usual counts, or the full ones that issues name (``make test-full``)."""

from __future__ import annotations

import os

FULL = os.environ.get("FANGYUAN_TEST_SCALE") == "full"


def scaled(usual: int, full: int) -> int:
    """``usual`` in ``make test``, ``full`` in ``make test-full``."""
    return full if FULL else usual
