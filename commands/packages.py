"""``check``, ``plan``, ``apply``, ``export`` and ``drift``: metadata from and to files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from builder import tasks
from builder.checks.finding import Finding
from builder.packages import catalogue
from builder.publish.prepare import Prepared
from builder.publish.publish import publish_prepared
from commands.desk import desk, show
from commands.wiring import ports
from kernel.errors import Invalid, Problem
from kernel.i18n import _


def register(commands: Any) -> None:
    checks = commands.add_parser("check", help="check a folder or zip with a package, or a template by name")
    checks.add_argument("place")
    checks.add_argument("--json", action="store_true")
    checks.set_defaults(run=check_place)
    for name, words, run in (
        ("plan", "what a YAML file or a template would change in a tenant", plan_file),
        ("apply", "the same, done and published", apply_file),
    ):
        command = commands.add_parser(name, help=words)
        command.add_argument("--tenant", required=True)
        command.add_argument("file", nargs="?", help="a YAML file with documents")
        command.add_argument("--template", help="instead of a file: a template by name")
        command.add_argument("--note", default="")
        command.add_argument("--json", action="store_true")
        command.set_defaults(run=run)
    export = commands.add_parser("export", help="write a tenant's application, or only its own changes, as files")
    export.add_argument("--tenant", required=True)
    export.add_argument("--changes", action="store_true", help="only the tenant's own changes, to standard output")
    export.add_argument("folder", nargs="?")
    export.set_defaults(run=export_tenant)
    drift = commands.add_parser("drift", help="how a tenant differs from its template; exit code 1 when it does")
    drift.add_argument("--tenant", required=True)
    drift.set_defaults(run=drift_of)


def check_place(args: argparse.Namespace) -> int:
    """Every finding with file and line; exit code 1 when there is an error."""
    places = catalogue.find_places()
    path = Path(args.place)
    if not path.exists() and args.place not in places:
        raise Invalid(
            [Problem("unknown_package", _("There is no package “{key}”.", key=args.place), args.place, _("There are: {names}.", names=sorted(places)))]
        )
    found = tasks.check_directory(path if path.exists() else places[args.place])
    _print(found, args.json)
    return 1 if any(f.severity == "error" for f in found) else 0


def _print(found: list[Finding] | tuple[Finding, ...], as_json: bool) -> None:
    if as_json:
        show([{"code": f.code, "severity": f.severity, "uid": f.uid, "path": f.path, "source": f.source, "message": str(f.message),
               "hint": str(f.hint) if f.hint else None} for f in found])
        return
    for f in found:
        print(f"{f.severity}: {f.source or f.uid}: {f.message}" + (f" {f.hint}" if f.hint else ""))
    print(f"{len(found)} findings" if found else "nothing to mend")


def _prepared(here: Any, args: argparse.Namespace) -> Prepared:
    if bool(args.file) == bool(args.template):
        raise Invalid([Problem("what", _("Name a YAML file or a template."), "file")])
    home = here.home(args.tenant)
    if args.template:
        return tasks.plan_for(home, template=args.template)
    path = Path(args.file)
    if not path.is_file():
        raise Invalid([Problem("no_file", _("There is no such file."), args.file)])
    return tasks.plan_for(home, additions=path.read_text("utf-8", errors="replace"), file=path.name)


def _show_plan(prepared: Prepared, as_json: bool) -> None:
    lines = tasks.plan_lines(prepared)
    if as_json:
        show({"base": prepared.base.id, "unchanged": prepared.unchanged, "operations": lines, "findings": [str(f.message) for f in prepared.findings]})
        return
    for f in prepared.findings:
        print(f"{f.severity}: {f.source or f.uid}: {f.message}" + (f" {f.hint}" if f.hint else ""))
    for line in lines:
        print(line)
    if not lines and not prepared.errors:
        print("nothing to change")


def plan_file(args: argparse.Namespace) -> int:
    with desk() as here:
        prepared = _prepared(here, args)
    _show_plan(prepared, args.json)
    return 1 if prepared.errors else 0


def apply_file(args: argparse.Namespace) -> int:
    with desk() as here:
        prepared = _prepared(here, args)
        _show_plan(prepared, args.json)
        if prepared.errors:
            return 1
        done = publish_prepared(here.home(args.tenant), None, prepared, clock=here.clock, note=args.note, ports=ports())
    if not args.json:
        print("nothing was changed" if done.unchanged else f"release {done.release_id} is in force")
    return 0


def export_tenant(args: argparse.Namespace) -> int:
    with desk() as here:
        home = here.home(args.tenant)
        if args.changes:
            print(tasks.export_overlay(home), end="")
            return 0
        if not args.folder:
            raise Invalid([Problem("no_folder", _("Name a folder to write to."), "folder")])
        files = tasks.export_application(home)
    for name, text in files.items():
        path = Path(args.folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    print(f"{len(files)} files in {args.folder}")
    return 0


def drift_of(args: argparse.Namespace) -> int:
    with desk() as here:
        changes = tasks.export_overlay(here.home(args.tenant))
    print(changes, end="")
    return 1 if changes.strip() else 0
