"""Logic: conditions, cases, errors and blanks. What is not needed is not evaluated."""

from __future__ import annotations

from typing import Any

from kernel.expr.table import Function, function
from kernel.expr.types import NA, ErrorValue
from kernel.i18n import _

# A compiled part takes the Env and the outer frame; see python.py.


def _if(condition: Any, then: Any, otherwise: Any = None) -> Any:
    def run(env: Any, outer: Any) -> Any:
        met = condition(env, outer)
        if met is True:
            return then(env, outer)
        if met.__class__ is ErrorValue:
            return met
        return otherwise(env, outer) if otherwise is not None else None

    return run


def _ifs(*pairs: Any) -> Any:
    cases = tuple(zip(pairs[::2], pairs[1::2], strict=True))

    def run(env: Any, outer: Any) -> Any:
        for condition, value in cases:
            met = condition(env, outer)
            if met is True:
                return value(env, outer)
            if met.__class__ is ErrorValue:
                return met
        return NA

    return run


def _switch(subject: Any, *rest: Any) -> Any:
    otherwise = rest[-1] if len(rest) % 2 else None
    cases = tuple(zip(rest[: len(rest) // 2 * 2 : 2], rest[1::2], strict=False))

    def run(env: Any, outer: Any) -> Any:
        value = subject(env, outer)
        if value.__class__ is ErrorValue:
            return value
        for case, result in cases:
            found = case(env, outer)
            if found.__class__ is ErrorValue:
                return found
            # The one place where blank equals blank, so that a case for BLANK can be written.
            if found == value:
                return result(env, outer)
        return otherwise(env, outer) if otherwise is not None else NA

    return run


def _and(*conditions: Any) -> Any:
    def run(env: Any, outer: Any) -> Any:
        for condition in conditions:
            met = condition(env, outer)
            if met is not True:
                return met if met.__class__ is ErrorValue else False
        return True

    return run


def _or(*conditions: Any) -> Any:
    def run(env: Any, outer: Any) -> Any:
        for condition in conditions:
            met = condition(env, outer)
            if met is True or met.__class__ is ErrorValue:
                return met
        return False

    return run


def _not(condition: Any) -> Any:
    return condition is not True


def _xor(*conditions: Any) -> Any:
    return sum(condition is True for condition in conditions) % 2 == 1


def _iferror(value: Any, otherwise: Any) -> Any:
    def run(env: Any, outer: Any) -> Any:
        found = value(env, outer)
        return otherwise(env, outer) if found.__class__ is ErrorValue else found

    return run


def _iserror(value: Any) -> Any:
    return lambda env, outer: value(env, outer).__class__ is ErrorValue


def _coalesce(*values: Any) -> Any:
    def run(env: Any, outer: Any) -> Any:
        for value in values:
            found = value(env, outer)
            if found is not None:
                return found
        return None

    return run


def _in(value: Any, *options: Any) -> bool:
    return value is not None and value in options


FUNCTIONS: tuple[Function, ...] = (
    function("IF(condition: boolean, then: T, else?: T) -> T", _("One value if the condition holds, another if not."), _if, lazy=True),
    function(
        "IFS(condition: boolean, value: T, more*?: any) -> T", _("The value of the first condition that holds; #N/A if none does."), _ifs, lazy=True, rule="ifs"
    ),
    function(
        "SWITCH(value: any, case: any, result: T, more*?: any) -> T",
        _("Compares a value with cases and gives the result of the first that is equal; a last value alone is for all others."),
        _switch,
        lazy=True,
        rule="switch",
    ),
    function("AND(condition*: boolean) -> boolean", _("TRUE if all conditions hold."), _and, lazy=True),
    function("OR(condition*: boolean) -> boolean", _("TRUE if at least one condition holds."), _or, lazy=True),
    function("NOT(condition: boolean) -> boolean", _("TRUE if the condition does not hold."), _not, blank="raw"),
    function("XOR(condition*: boolean) -> boolean", _("TRUE if an odd number of the conditions hold."), _xor, blank="raw"),
    function("IFERROR(value: T, otherwise: T) -> T", _("The value, or the other one if the value is an error."), _iferror, lazy=True),
    function("ISBLANK(value: any) -> boolean", _("TRUE if there is no value."), lambda value: value is None, blank="raw"),
    function("ISERROR(value: any) -> boolean", _("TRUE if the value is an error."), _iserror, lazy=True),
    function("COALESCE(value*: T) -> T", _("The first value that is not blank."), _coalesce, lazy=True),
    function("IN(value: any, option*: any) -> boolean", _("TRUE if the value equals one of the options."), _in, blank="raw", rule="in_"),
)
