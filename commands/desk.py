"""What every command works with: settings, databases, tenants, clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kernel.platform import migrations
from kernel.platform.clock import Clock
from kernel.platform.ctx import Ctx, system_ctx
from kernel.platform.database import Databases, Home
from kernel.platform.settings import Settings
from kernel.platform.tenants import Tenants, read_tenant


@dataclass
class Desk:
    """One process at work. Commands open it with :func:`desk`."""

    settings: Settings
    clock: Clock
    databases: Databases
    tenants: Tenants

    @contextmanager
    def ctx(self, slug: str, *, write: bool = False, channel: str = "command") -> Iterator[Ctx]:
        """A system Ctx in one transaction of a tenant. Raises NotFound."""
        placement, home = self.tenants.get(slug)
        with home.write() if write else home.read() as conn:
            yield system_ctx(read_tenant(conn, placement), conn, self.clock, channel)

    def home(self, slug: str) -> Home:
        return self.tenants.get(slug)[1]


@contextmanager
def desk(*, migrated: bool = True) -> Iterator[Desk]:
    """The desk of this process; the databases are brought up to date first unless ``migrated`` is False."""
    settings = Settings.from_env()
    if migrated:
        migrations.migrate(settings)
    clock = settings.clock()
    databases = Databases(settings)
    try:
        yield Desk(settings, clock, databases, Tenants(settings, databases, clock))
    finally:
        databases.dispose()


def show(data: Any) -> None:
    """Print what a script may read."""
    print(json.dumps(data, ensure_ascii=False, indent=2, default=str))
