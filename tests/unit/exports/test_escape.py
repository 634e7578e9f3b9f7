"""What a spreadsheet could run is escaped, and the way back leads to exactly what was there."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.exports.escape import escape, unescape

BEGINNINGS = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"]
# Texts made of what matters: apostrophes, what is dangerous, and anything else.
TEXTS = st.text(st.sampled_from(["'", "=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "a", " ", "中"]), max_size=6) | st.text()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS)
def test_the_way_back_leads_to_what_was_there(text: str) -> None:
    assert unescape(escape(text)) == text


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS)
def test_nothing_dangerous_begins_a_cell(text: str) -> None:
    assert not escape(text).startswith(tuple(BEGINNINGS))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, TEXTS)
def test_two_texts_never_become_one(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) == (one == other)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS)
def test_what_nobody_escaped_and_is_harmless_stays(text: str) -> None:
    if not text.lstrip("'").startswith(tuple(BEGINNINGS)):
        assert escape(text) == text == unescape(text)


@pytest.mark.parametrize(("text", "written"), [
    ("=1+1", "'=1+1"), ("+86 138", "'+86 138"), ("'=1", "''=1"), ("'quoted'", "'quoted'"), ("a=1", "a=1"), ("", ""), ("＝SUM(A1)", "'＝SUM(A1)"), ("\t=1", "'\t=1")])
def test_examples(text: str, written: str) -> None:
    assert escape(text) == written and unescape(written) == text
