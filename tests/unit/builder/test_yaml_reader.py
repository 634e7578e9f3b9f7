"""YAML is read as data only; what is refused names its line."""


from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.packages import yaml_reader
from builder.packages.writer import document_text
from builder.packages.yaml_reader import read_yaml


def read(text: str) -> object:
    found = read_yaml(text, "a.yaml")
    assert found.problems == [], found.problems
    return found.documents[0]


@pytest.mark.parametrize(("written", "meant"), [
    ("", None), ("~", None), ("null", None), ("true", True), ("False", False), ("0", 0), ("-12", -12), ("1_000", "1_000"),
    ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("0123", "0123"), ("0x1F", "0x1F"), ("0o17", "0o17"), ("12:30", "12:30"), ("12:30:45", "12:30:45"),
    ("2026-01-31", "2026-01-31"), ("2026-01-31 10:00:00", "2026-01-31 10:00:00"), ("1.5", "1.5"), ("0.10", "0.10"), ("1e3", "1e3"), (".inf", ".inf"), (".nan", ".nan"),
    ("'7'", "7"), ('"true"', "true"), ("1.0.0", "1.0.0"), ("9" * 30, "9" * 30), ("+1", "+1"), ("=", "="),
])
def test_plain_words_mean_no_surprises(written: str, meant: object) -> None:
    found = read(f"a: {written}")
    assert found == {"a": meant}
    assert type(found["a"]) is type(meant)  # type: ignore[index]


def test_keys_are_always_text() -> None:
    assert read("on: task\nyes: 1\n7: x\ntrue: y\nnull: z\n") == {"on": "task", "yes": 1, "7": "x", "true": "y", "null": "z"}


@pytest.mark.parametrize(("text", "code", "line"), [
    ("a: &x 1\nb: *x\n", "anchor", 1), ("a: 1\nb: *x\n", "alias", 2), ("a: !!python/object:os.system x\n", "tag", 1), ("a: 1\nb: !own {}\n", "tag", 2),
    ("a: 1\nb: 2\na: 3\n", "doubled_key", 3), ("x:\n  a: 1\n  a: 2\n", "doubled_key", 3), ("a: {<<: {b: 1}}\n", "merge_key", 1), ("? [a, b]\n: 1\n", "bad_key", 1),
    ("a: [1\nb: 2\n", "yaml", 2), ("a: 'x\n", "yaml", 1), ("\ta: 1\n", "yaml", 1), ('a: "\\0"\n', "control_character", 1), ("a: 1\n---\nb: *c\n", "alias", 3),
])
def test_what_is_no_data_is_refused(text: str, code: str, line: int) -> None:
    found = read_yaml(text, "a.yaml")
    assert [(p.code, p.path) for p in found.problems][:1] == [(code, f"a.yaml:{line}")] or (code == "yaml" and found.problems[0].code == "yaml")
    assert found.problems[0].message.to("zh") != str(found.problems[0].message)  # type: ignore[union-attr]


def test_documents_before_a_mistake_are_kept() -> None:
    found = read_yaml("a: 1\n---\nb: *c\n", "a.yaml")
    assert found.documents == [{"a": 1}]


@pytest.mark.parametrize("text", ["[" * 10_000 + "]" * 10_000, "a: " + "{a: " * 5_000 + "1" + "}" * 5_000, "\n".join(" " * i + "a:" for i in range(300))])
def test_deep_nesting_is_refused(text: str) -> None:
    assert [p.code for p in read_yaml(text, "a.yaml").problems] == ["too_deep"]


def test_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_yaml(b"x" * (yaml_reader.MAX_BYTES + 1), "a.yaml").problems[0].code == "too_large"
    monkeypatch.setattr(yaml_reader, "MAX_NODES", 10)
    assert read_yaml("[" + "1," * 20 + "]", "a.yaml").problems[0].code == "too_large"
    monkeypatch.setattr(yaml_reader, "MAX_NODES", 10_000)
    monkeypatch.setattr(yaml_reader, "MAX_DOCUMENTS", 3)
    assert read_yaml("a: 1\n---\n" * 5, "a.yaml").problems[0].code == "too_large"


def test_other_encodings_are_refused_with_their_line() -> None:
    found = read_yaml("a: 1\nb: \u5de5".encode("gbk"), "a.yaml")
    assert [(p.code, p.path) for p in found.problems] == [("encoding", "a.yaml:2")]
    assert read("\ufeffa: 1") == {"a": 1}


def test_lines_are_known() -> None:
    found = read_yaml("a: 1\nb:\n  c: {d: 1}\n---\ne:\n  - f: 1\n", "a.yaml")
    first, second = found.documents
    assert found.lines.at(first).line == 1  # type: ignore[union-attr]
    assert found.lines.at(first["b"]["c"]).line == 3  # type: ignore[union-attr]
    assert found.lines.at(second["e"][0]).line == 6  # type: ignore[union-attr]


SCALARS = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufeff\ufffe\uffff\u2028\u2029\x85"), max_size=30)
KEYS = st.text("abcdef_ghi0123", min_size=1, max_size=8)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=15)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=5))
def test_what_the_writer_writes_the_reader_reads(value: dict[str, object]) -> None:
    assert read(document_text(value)) == value


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_no_text_ends_in_a_traceback(text: str) -> None:
    found = read_yaml(text, "a.yaml")
    assert found.problems or isinstance(found.documents, list)
