"""Wires everything, decides nothing: the only module, with ``commands/``, that knows both sides.

``python app.py`` is the command line; ``app:create_app()`` is what a WSGI server loads.
"""

from __future__ import annotations

import sys
from pathlib import Path

from flask import Flask

from commands.wiring import connect, ports
from kernel.platform.clock import Clock
from kernel.platform.settings import Settings
from kernel.web.application import create_flask, seal
from kernel.web.routes import mount

ROOT = Path(__file__).resolve().parent


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """The whole product as one WSGI application. The databases must have been migrated (``python app.py migrate``)."""
    from builder.web.proposal import PORTS
    from builder.web.urls import ROUTES as DESIGN
    from runtime.web.api.urls import ROUTES as API
    from runtime.web.shell import build as build_shell
    from runtime.web.urls import ROUTES as SCREENS

    app = create_flask(
        settings or Settings.from_env(), clock, shell=build_shell,
        static_dirs=[path for side in ("runtime", "builder") if (path := ROOT / side / "web" / "static").is_dir()],
    )
    connect()
    app.extensions[PORTS] = ports()
    for routes in (SCREENS, API, DESIGN):
        mount(app, routes)
    return seal(app)


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code: 0 fine, 1 problems found, 2 wrong use."""
    from commands import run

    return run(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
