"""What gunicorn tells us about its workers (``--config python:commands.gunicorn_hooks``)."""

from __future__ import annotations

from typing import Any

from runtime.live.hub import end_with


def post_worker_init(worker: Any) -> None:
    """Open streams end when their worker is asked to stop, instead of holding it up for the whole grace period."""
    end_with(lambda: bool(worker.alive))
