"""What quick search is made of: words, pairs, and queries nobody can break out of."""

from __future__ import annotations

import pytest

from runtime.records.search import _fts_query, _ts_query, _vector, words_of


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("Hello, World", [["hello"], ["world"]]), ("大桥", [["大桥", "桥"]]), ("桥", [["桥"]]), ("修理大桥", [["修理", "理大", "大桥", "桥"]]),
        ("B12", [["b"], ["12", "2"]]), ("138-1234", [["13", "38", "8"], ["12", "23", "34", "4"]]), ("ＡＢ１", [["ab"], ["1"]]),
        ("a_b'c", [["a"], ["b"], ["c"]]), ("!?", []), ("", []), ("Straße", [["strasse"]]), ("东east路", [["东"], ["east"], ["路"]]),
    ],
)
def test_words(text, runs):
    assert words_of(text) == runs


def test_queries_hold_words_only():
    for run in words_of("it's \"quoted\" & | ! <-> NEAR(大桥)"):
        assert not set("'\"&|!<>()") & set("".join(run))
        assert _fts_query(run).count('"') == 2 and _ts_query(run).count("'") % 2 == 0


def test_a_vector_keeps_places_and_gaps():
    assert _vector([["ab", "b"], ["ab"]]) == "'ab':1,4 'b':2"
