"""``check``, and later what plans, applies and exports packages."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from builder.checks.run import check
from builder.layers.resolve import resolve
from builder.packages import catalogue
from builder.packages.reader import read_package
from commands.desk import show


def register(commands: Any) -> None:
    checks = commands.add_parser("check", help="check a folder or zip with a package, or a template by name")
    checks.add_argument("place")
    checks.add_argument("--json", action="store_true")
    checks.set_defaults(run=check_place)


def check_place(args: argparse.Namespace) -> int:
    """Every finding with file and line; exit code 1 when there is an error."""
    path = Path(args.place)
    if path.exists():
        package = read_package(path)
        below = [d.key for d in package.manifest.depends]
        packages = [p for p in catalogue.load_all(below, (path.resolve().parent, catalogue.TEMPLATES)) if p.key != package.key] if below else []
        found = check(resolve([*packages, package]))
    else:
        found = check(resolve(catalogue.load(args.place)))
    if args.json:
        show([{"code": f.code, "severity": f.severity, "uid": f.uid, "path": f.path, "source": f.source, "message": str(f.message),
               "hint": str(f.hint) if f.hint else None} for f in found])
    else:
        for f in found:
            print(f"{f.severity}: {f.source or f.uid}: {f.message}" + (f" {f.hint}" if f.hint else ""))
        print(f"{len(found)} findings" if found else "nothing to mend")
    return 1 if any(f.severity == "error" for f in found) else 0
