"""What a closed step says: each missing thing once, how much of it, and from whom."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kernel.expr import check
from kernel.i18n import LANGUAGES
from runtime.workflow.decide import decide
from runtime.workflow.shortfall import shortfall
from tests.unit.workflow.test_why import SCOPE, Values


class Facts:
    """A worker who may fill everything but ``b``."""

    state = "open"
    roles = frozenset({"worker"})
    may_update = True

    def __init__(self, env):
        self.env = env

    def filled(self, field):
        return self.env.get((field,)) is not None

    def field_label(self, field):
        return field.upper()

    def path_label(self, path):
        return ".".join(path).upper()

    def suppliers(self, path):
        return "somebody else" if path == ("b",) else "you"

    def spread(self, path):
        return 1 if path == ("b",) else 3

    def role_label(self, role):
        return role.capitalize()


def guard(key, holds, from_whom=None, labels=True):
    return SimpleNamespace(holds=holds, from_whom=from_whom, labels={"en": key} if labels else {}, label=key, uid=f"uid.{key}")


def missing(env, needs=(), guards=()):
    """(what, from whom, fields) of everything that is missing."""
    machine = SimpleNamespace(by_key={"open": SimpleNamespace(label="Open")})
    transition = SimpleNamespace(from_=("open",), to="done", who=(), needs=tuple(needs), guards=tuple(guards), uid="uid")
    opening = decide(machine, transition, env, Facts(env), lambda g: check(g.holds, SCOPE))
    assert opening.open == (not opening.missing)
    return [(str(m.what), str(m.source), tuple(m.ask.get("fields") or [m.ask["field"]])) for m in opening.missing]


LONG = guard("five", "LEN(n)>=5")


def test_a_length_says_how_much_is_missing_and_is_asked_for_once():
    assert missing(Values(n="abc"), ["n"], [LONG]) == [("five (2 more)", "you", ("n",))]
    assert missing(Values(), ["n"], [LONG]) == [("five (5 more)", "you", ("n",))]
    assert missing(Values(n="abcde"), ["n"], [LONG]) == []


def test_a_condition_on_what_is_still_empty_keeps_silent_until_it_is_filled():
    order = guard("order", "a>=b")
    assert missing(Values(b=4), ["a"], [order]) == [("A", "you", ("a",))]
    assert missing(Values(a=3, b=4), ["a"], [order]) == [("order", "you", ("a",))]
    assert missing(Values(a=4, b=4), ["a"], [order]) == []


def test_who_can_supply_it():
    assert missing(Values(n="abc"), [], [guard("five", "LEN(n)>=5", "worker")])[0][1] == "you"
    assert missing(Values(n="abc"), [], [guard("five", "LEN(n)>=5", "keeper")])[0][1] == "Keeper"
    assert missing(Values(b=1), [], [guard("four", "b>=4")])[0][1] == "somebody else"


def test_a_condition_without_words_names_its_fields():
    assert missing(Values(n="abc", f=False), ["c"], [guard("x", "AND(f,LEN(n)>=5)", labels=False)]) == [
        ("C", "you", ("c",)), ("F", "you", ("f",)), ("N", "you", ("n",))]


@pytest.mark.parametrize(("condition", "values", "more"), [
    ("LEN(n)>=5", {"n": "abc"}, 2), ("LEN(n)>3", {"n": "abc"}, 1), ("5<=LEN(n)", {"n": "a"}, 4), ("3<LEN(n)", {"n": "abc"}, 1),
    ("LEN(n)>=5", {"n": "abcde"}, None), ("LEN(n)<=2", {"n": "abc"}, None), ("a>=5", {"a": 3}, None), ("LEN(n)>=a", {"n": "x", "a": None}, None),
    ("AND(f,LEN(n)>=5)", {"n": "x"}, None),
])
def test_shortfall(condition, values, more):
    assert shortfall(check(condition, SCOPE), Values(**values)) == more


def test_both_languages_say_it():
    from kernel.i18n import _

    assert {language: _("{what} ({n} more)", what="x", n=2).to(language) for language in LANGUAGES} == {"en": "x (2 more)", "zh": "x（还差 2）"}


def test_of_two_ways_the_own_word_of_who_is_responsible_comes_first():
    either = guard("either", "OR(a > 3, b > 3)", from_whom="boss")
    assert missing(Values(), guards=[either]) == [("either", "Boss", ("b",))]
    assert missing(Values(), guards=[guard("either", "OR(a > 3, b > 3)")]) == [("either", "you", ("a",))]


def test_two_conditions_together_want_as_little_as_possible():
    first, second = guard("first", "OR(a > 3, b > 3)"), guard("second", "OR(f, b > 4)")
    assert [fields for _what, _from, fields in missing(Values(), guards=[first, second])] == [("b",), ("b",)]
    # What must be filled anyway is tried first.
    assert [fields for _what, _from, fields in missing(Values(), needs=["a"], guards=[first])] == [("a",)]
