"""Deferred work in tests: a worker without threads that does what is due at the clock's moment."""

from __future__ import annotations

from typing import Any

from commands.wiring import handlers
from kernel.jobs import Handlers
from kernel.jobs.worker import Worker
from kernel.web.application import Web


def make_worker(app: Any, all_handlers: Handlers | None = None) -> Worker:
    """A worker of an application's installation."""
    web: Web = app.extensions["fangyuan"]
    return Worker(web.settings, web.clock, web.tenants, all_handlers or handlers())


def work(app: Any, slug: str, all_handlers: Handlers | None = None) -> int:
    """Do everything that is due in a tenant at this moment; returns how many steps were made."""
    worker = make_worker(app, all_handlers)
    return worker.round(*worker.tenants.get(slug))
