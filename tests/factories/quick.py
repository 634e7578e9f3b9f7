"""What makes hundreds of installations in one process affordable: what is the same in each is worked out once.

``routes`` remembers what the router compiled of a rule; ``prepare`` gives a new installation on SQLite its migrated, empty files.
"""

from __future__ import annotations

import shutil
from atexit import register
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from tempfile import mkdtemp
from typing import Any

from werkzeug.routing import Rule

from kernel.platform import migrations
from kernel.platform.settings import Settings

_known: dict[tuple[Any, ...], dict[str, Any]] = {}
_compile = Rule.compile
_template: list[Path] = []


def routes() -> None:
    """A rule with the same words is compiled once per process: half of what it takes to make an application."""

    def compile(self: Rule) -> None:
        defaults = tuple(sorted((self.defaults or {}).items(), key=str))
        key = (self.rule, self.endpoint, self.subdomain, self.host, self.strict_slashes, self.merge_slashes, defaults, frozenset(self.methods or ()))
        found = _known.get(key)
        if found is None:
            _compile(self)
            found = _known[key] = {name: getattr(self, name) for name in ("_parts", "_trace", "_converters", "arguments", "_argument_weights") if hasattr(self, name)}
            found["builders"] = (self._build.__func__, self._build_unknown.__func__)  # type: ignore[attr-defined]
            return
        for name, value in found.items():
            if name != "builders":
                setattr(self, name, value)
        self._build, self._build_unknown = (builder.__get__(self, None) for builder in found["builders"])

    Rule.compile = compile  # type: ignore[method-assign]


def prepare(settings: Settings) -> None:
    """The files of an installation as its first start makes them; nothing where there are some, and on PostgreSQL."""
    if settings.on_postgresql or any(settings.data_dir.glob("*.sqlite3")):
        return
    if not _template:
        folder = Path(mkdtemp(prefix="fangyuan-empty-"))
        register(shutil.rmtree, folder, ignore_errors=True)
        first = Settings(data_dir=folder, database_url=f"sqlite:///{folder / 'control.sqlite3'}", secret_key=b"")
        migrations.migrate(first)
        migrations.tenant_template(folder / "templates")
        with closing(connect(folder / "control.sqlite3")) as conn:
            conn.execute("PRAGMA journal_mode=DELETE")
        _template.append(folder)
    shutil.copytree(_template[0], settings.data_dir, dirs_exist_ok=True)
