"""Names in the database are plain, short and never used again."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from kernel.model.names import MAX_BYTES, RESERVED, SYSTEM_COLUMNS, choose, plain

PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
KEYS = st.text(max_size=80) | st.from_regex(r"[a-z][a-z0-9_]{0,70}", fullmatch=True)


@given(KEYS, st.lists(st.sampled_from(["", "_cur", "_since", "_lat"]), min_size=1, unique=True))
def test_a_name_is_plain_and_short_with_each_suffix(key: str, suffixes: list[str]) -> None:
    name = choose(key, SYSTEM_COLUMNS, suffixes)
    for suffix in suffixes:
        assert PLAIN.fullmatch(name + suffix) and len((name + suffix).encode()) <= MAX_BYTES
        assert name + suffix not in SYSTEM_COLUMNS and name + suffix not in RESERVED


@given(st.lists(KEYS, max_size=30))
def test_no_name_comes_twice(keys: list[str]) -> None:
    taken: set[str] = set()
    for key in keys:
        name = choose(key, taken)
        assert name not in taken
        taken.add(name)


def test_names_follow_the_key() -> None:
    assert choose("amount", ()) == "amount"
    assert choose("amount", {"amount"}) == "amount_2"
    assert choose("amount", {"AMOUNT", "amount_2"}) == "amount_3"
    assert choose("amount", {"amount_cur"}, ("", "_cur")) == "amount_2"
    assert choose("state", SYSTEM_COLUMNS) == "state_2"
    assert choose("rowid", ()) == "rowid_2"
    assert choose("a" * 60, {"a" * 50}) == "a" * 48 + "_2"
    assert plain("Ümlaut 3") == "mlaut_3" and plain("3d") == "x_3d" and plain("客户") == "x"
