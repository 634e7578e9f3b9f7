"""The reference is the table, and both languages are complete."""

from __future__ import annotations

from pathlib import Path

from babel.messages.extract import extract_from_dir

from kernel.expr.functions import FUNCTIONS
from kernel.expr.reference import reference
from kernel.i18n import catalogue

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "expressions.md").read_text(encoding="utf-8") == reference(), "run python -m kernel.expr.reference > docs/expressions.md"


def test_every_function_says_what_it_does_in_both_languages() -> None:
    for function in FUNCTIONS.values():
        assert function.doc.to("en").endswith(".")
        assert function.doc.to("zh") != function.doc.to("en")
        assert all(signature.startswith(function.name + "(") for signature in function.signatures)


def test_every_message_has_its_chinese() -> None:
    known = catalogue("zh")
    missing = [
        m for _f, _l, m, _c, _x in extract_from_dir(str(ROOT / "kernel" / "expr"), method_map=[("**.py", "python")], keywords={"_": None}) if m not in known
    ]
    assert missing == []
