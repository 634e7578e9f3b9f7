"""``serve``, ``worker``, ``migrate`` and ``demo``."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from commands import tenants
from commands.desk import desk
from commands.wiring import connect, handlers
from kernel.jobs.alarm import run_forever
from kernel.jobs.worker import Worker
from kernel.platform import migrations
from kernel.platform.settings import Settings
from kernel.web.application import configure_logging

ROOT = Path(__file__).resolve().parent.parent
DEMO = "demo"
DEMO_TEMPLATE = "store_sales"
DEMO_PASSWORD = "fangyuan-demo"  # noqa: S105 - printed at start, of a company that does not exist


def register(commands: Any) -> None:
    serve = commands.add_parser("serve", help="serve the product over HTTP")
    serve.add_argument("--workers", type=int)
    serve.add_argument("--with-worker", action="store_true", help="also carry out deferred work, in a process beside (a small installation)")
    serve.set_defaults(run=serve_forever)
    worker = commands.add_parser("worker", help="carry out deferred work: as many of these as you like")
    worker.add_argument("--once", action="store_true", help="do what is due now in every tenant, then end")
    worker.add_argument("--follow", type=int, metavar="PID", help="end when this process, the parent, is gone")
    worker.set_defaults(run=work_forever)
    migrate = commands.add_parser("migrate", help="bring the databases up to date")
    migrate.set_defaults(run=migrate_all)
    demo = commands.add_parser("demo", help="make the demo company unless it is there, and say how to sign in")
    demo.set_defaults(run=make_demo)


def migrate_all(args: argparse.Namespace) -> None:
    changed = migrations.migrate(Settings.from_env())
    print(f"databases are up to date ({changed} tenants changed)")


def make_demo(args: argparse.Namespace) -> None:
    """The demo tenant with sample data. Keeps what is there; people of the demo share one password, which is printed."""
    with desk() as here:
        if here.tenants.find(DEMO) is None:
            print("Setting up the demo company with half a year of sample data ...", flush=True)
            tenants.make(here, DEMO, "禾木空间", DEMO_TEMPLATE, samples=True, language="zh", password=DEMO_PASSWORD, must_change=False)
        base = here.settings.base_url
        with here.ctx(DEMO) as ctx:
            people = tenants.sign_ins(ctx)
    print(f"\n  Open      {base}/t/{DEMO}/")
    print(f"  Password  {DEMO_PASSWORD}  (for all of them)")
    for login, roles in people:
        print(f"  {login:<14}{roles}")
    print(flush=True)


def serve_forever(args: argparse.Namespace) -> None:
    """Replaces this process by gunicorn; returns only when that can't be started."""
    settings = Settings.from_env()
    migrations.migrate(settings)
    workers = args.workers or settings.workers
    if args.with_worker:
        # Beside the server: it ends when the server does, whichever way that goes.
        subprocess.Popen([sys.executable, "app.py", "worker", "--follow", str(os.getpid())], cwd=ROOT)  # noqa: S603 - our own arguments only
    print(f"Serving {settings.base_url} (Ctrl-C ends it)", flush=True)
    os.execv(sys.executable, [  # noqa: S606 - our own arguments only
        sys.executable, "-m", "gunicorn", "app:create_app()", "--config", "python:commands.gunicorn_hooks", "--worker-class", "gthread", "--workers", str(workers),
        "--threads", str(settings.threads), "--bind", f"{settings.host}:{settings.port}", "--graceful-timeout", "10",
        "--no-control-socket", "--max-requests", "20000", "--max-requests-jitter", "2000", "--log-level", "warning",
    ])


def work_forever(args: argparse.Namespace) -> None:
    """Until Ctrl-C or SIGTERM: the step under way is finished, the rest waits in the database."""
    connect()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_about: stop.set())
    with desk() as here:
        configure_logging(here.settings)
        worker = Worker(here.settings, here.clock, here.tenants, handlers())
        if args.once:
            print(worker.sweep())
        else:
            run_forever(worker, stop, args.follow)
