"""The command line of the product."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from commands import packages, people, serving, tenants
from kernel.errors import FangyuanError, Invalid, Refused

FAMILIES = (serving, tenants, people, packages)


def parser() -> argparse.ArgumentParser:
    """Every command with its arguments."""
    top = argparse.ArgumentParser(prog="python app.py", description="Fangyuan: rules become forms and workflows.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for family in FAMILIES:
        family.register(commands)
    return top


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code. Problems go to standard error in words, never as a traceback."""
    try:
        chosen = parser().parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    try:
        return int(chosen.run(chosen) or 0)
    except Invalid as error:
        for problem in error.problems:
            print(f"{problem.path or '-'}: {problem.message}" + (f" {problem.hint}" if problem.hint else ""), file=sys.stderr)
        return 1
    except Refused as error:
        for missing in error.missing:
            print(f"{missing.what}: {missing.source}", file=sys.stderr)
        return 1
    except FangyuanError as error:
        print(f"{error.message}" + (f" {error.hint}" if error.hint else ""), file=sys.stderr)
        return 1
