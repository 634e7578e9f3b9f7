"""Clocks, ids, strict JSON, passwords, the team tree."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from kernel.platform import passwords
from kernel.platform.clock import FileClock, FixedClock, SystemClock
from kernel.platform.ids import digest, secret, uuid7
from kernel.platform.jsonvalues import JsonRefused, canonical, dumps, read_strict
from kernel.platform.teams import closure

AT = datetime(2026, 11, 24, 2, 32, tzinfo=UTC)


def test_a_fixed_clock_moves_only_when_told():
    clock = FixedClock(AT)
    assert clock.now() == clock.now() == AT
    assert clock.advance(minutes=5) == AT + timedelta(minutes=5)
    assert clock.monotonic() == 300
    clock.set(AT)
    assert clock.now() == AT and clock.monotonic() == 300
    with pytest.raises(ValueError, match="forward"):
        clock.advance(minutes=-1)
    with pytest.raises(ValueError, match="time zone"):
        clock.set(datetime(2026, 1, 1))


def test_a_file_clock_is_shared_and_runs_at_its_rate(tmp_path):
    path = tmp_path / "clock.json"
    clock, system = FileClock(path), SystemClock()
    assert abs(clock.now() - system.now()) < timedelta(seconds=5)
    path.write_text(json.dumps({"offset": 86_400, "rate": 1}))
    assert timedelta(hours=23, minutes=59) < clock.now() - system.now() < timedelta(days=1, minutes=1)
    path.write_text(json.dumps({"offset": 0, "rate": 60}))
    an_hour_ago = system.now().timestamp() - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))
    assert timedelta(hours=58) < clock.now() - system.now() < timedelta(hours=60)
    path.write_text("{half")
    assert timedelta(hours=58) < clock.now() - system.now(), "a half-written file changes nothing"


def test_ids_sort_in_the_order_they_were_made():
    clock = FixedClock(AT)
    made = [uuid7(clock.now()) for _n in range(10_000)]
    assert made == sorted(set(made))
    one = UUID(made[0])
    assert one.version == 7 and one.variant == "specified in RFC 4122"
    clock.advance(seconds=60)
    assert uuid7(clock.now()) > made[-1]
    clock.set(AT + timedelta(seconds=59))
    later = uuid7(AT + timedelta(seconds=60))
    assert uuid7(clock.now()) > later, "a small step back keeps the order"
    clock.set(AT - timedelta(days=40))
    assert uuid7(clock.now()) < made[0], "a replay far back is dated far back"


def test_secrets_have_256_bits():
    assert len({secret() for _n in range(100)}) == 100
    assert len(secret()) == 43 and len(digest("x")) == 64


TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
LEAVES = st.none() | st.booleans() | st.integers(-(10**18), 10**18) | TEXTS


@given(st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)))
def test_json_survives_the_way_there_and_back(value):
    assert read_strict(dumps(value)) == value
    assert read_strict(canonical(value)) == value


@pytest.mark.parametrize("text", [
    "NaN", "-Infinity", '{"a":1,"a":2}', "[" * 65 + "]" * 65, "", "{", "[1,]", '"\\ud800"', '"\\u0000"', "1e999", "1" * 41, b"\xff", "'a'",
])
def test_what_is_no_strict_json_is_refused(text):
    with pytest.raises(JsonRefused):
        read_strict(text)


def test_brackets_in_strings_are_not_depth():
    assert read_strict('["' + "[" * 100 + '\\""]') == ["[" * 100 + '"']
    assert read_strict("[" * 64 + "]" * 64)


@pytest.mark.parametrize("password", ["short", "1234567890", "password12", "aaaaaaaaaaaa", "x" * 300, "ann-at-work"])
def test_weak_passwords_are_refused(password):
    with pytest.raises(Invalid):
        passwords.check_new(password, "ann-at-work")


def test_passwords_are_compared_by_what_is_seen():
    stored = passwords.hash_password("ｃorrect horse battery")
    assert stored.startswith("$argon2id$")
    assert passwords.verify(stored, "correct horse battery")
    assert not passwords.verify(stored, "Correct horse battery")
    assert not passwords.verify(None, "correct horse battery")
    assert not passwords.verify("no hash", "correct horse battery")
    passwords.check_new("correct horse battery", "ann")


def test_the_closure_of_a_tree():
    found = closure({"a": None, "b": "a", "c": "b", "d": None, "e": "gone"})
    assert sorted(found) == [
        ("a", "a", 0), ("a", "b", 1), ("a", "c", 2), ("b", "b", 0), ("b", "c", 1), ("c", "c", 0), ("d", "d", 0), ("e", "e", 0)]


@pytest.mark.parametrize("parents", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "b"}])
def test_a_circle_of_teams_is_refused(parents):
    with pytest.raises(Invalid, match="below itself"):
        closure(parents)
