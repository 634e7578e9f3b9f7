"""Processes of the product that start in a moment and die at any: a process that has loaded everything, and forks.

Run as a program: reads ``worker`` or ``web PORT`` from its standard input, line by line, and answers each with the id of
the process that it has become. Its children are killed by others; it only sees to it that none is left over.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys

from commands.serving import work_forever
from kernel.platform.settings import Settings


def main() -> None:
    """Until standard input ends."""
    from app import create_app

    # Everything is loaded and worked out once before anything is forked; open connections are nobody's inheritance.
    create_app(Settings.from_env()).extensions["fangyuan"].databases.dispose()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        kind, *more = line.split()
        child = os.fork()
        if child == 0:
            _become(kind, more, create_app)
        print(child, flush=True)


def _become(kind: str, more: list[str], create_app: object) -> None:
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(2, 1)
        if kind == "worker":
            work_forever(argparse.Namespace(once=False, follow=None))
        else:
            assert callable(create_app)
            _serve(create_app(Settings.from_env()), int(more[0]))
        status = 0
    finally:
        os._exit(status)


def _serve(app: object, port: int) -> None:
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, type: str, message: str, *args: object) -> None:
            """Nothing."""

    make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet).serve_forever(poll_interval=0.05)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
