"""Serving by gunicorn: processes with threads, settings from ours, nothing left to its defaults that matters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from kernel.platform.settings import Settings


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, make_app: Callable[[], Flask], options: dict[str, Any]) -> None:
        self._make_app = make_app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        # Called in each worker after the fork: database connections must not be shared between processes.
        return self._make_app()


def options(settings: Settings) -> dict[str, Any]:
    """The server's options."""
    return {
        "bind": f"{settings.host}:{settings.port}",
        "worker_class": "gthread",
        "workers": settings.workers,
        "threads": settings.threads,
        "timeout": 60,
        "graceful_timeout": 20,
        "keepalive": 5,
        "limit_request_line": 8190,
        "limit_request_fields": 64,
        "limit_request_field_size": 8190,
        # Proxies are counted by FANGYUAN_TRUSTED_PROXIES; gunicorn itself must believe no header (D28).
        "forwarded_allow_ips": "",
        "secure_scheme_headers": {},
        "accesslog": None,
        "errorlog": "-",
        "loglevel": "warning",
        "proc_name": "fangyuan",
        # gunicorn 27 would open a control socket in the home directory.
        "control_socket_disable": True,
        # A worker that answered many requests starts afresh: what leaked is gone.
        "max_requests": 100_000,
        "max_requests_jitter": 10_000,
    }


def serve(make_app: Callable[[], Flask], settings: Settings) -> None:
    """Serve until told to stop. ``make_app`` is called once in each worker."""
    _Server(make_app, options(settings)).run()
