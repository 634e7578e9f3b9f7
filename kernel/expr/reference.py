"""The language reference as Markdown: the prose of the language, then the function table. ``docs/expressions.md`` is
this text; a test keeps it so (``python -m kernel.expr.reference > docs/expressions.md``)."""


from __future__ import annotations

import json
from pathlib import Path

from kernel.expr.functions import FAMILIES
from kernel.expr.table import Function

_VECTORS = Path(__file__).resolve().parents[2] / "tests" / "vectors"

_PROSE = """\
# Expressions

A formula looks like one in a spreadsheet: `IF(AND(kind = "office", budget >= 500000), "A", "B")`. It is checked when it
is saved, and it gives the same answer in the browser, on the server and in both databases. The conformance set is
`tests/vectors/*.json`: each vector runs on Python, SQLite, PostgreSQL and in a real browser. This page is generated from
the function table by `python -m kernel.expr.reference`.

## Writing
- **Names** are keys, aliases or labels in any language: `amount`, `金额`, `[name with spaces]`. A dot follows a reference:
  `project.head.name`. Inside a condition over rows a name is looked up in the row first, then in the record, then among the
  roots (`me`, `old`, `param.x`, ...).
- **Values**: `12.5`, `20%` (is 0.2), `"text"` (a quotation mark inside is doubled), `TRUE`, `FALSE`, `BLANK`. Durations say
  their unit: `HOURS(2)`. Full-width signs （ ） ， ＝ “ ” ≥ ≤ ≠ × ÷ are read as plain ones outside of texts; `;` is a comma.
- **Operators**, tightest first: sign, `^`, `*` `/`, `+` `-`, `&`, `=` `<>` `<` `<=` `>` `>=`. As in Excel a sign binds tighter than
  a power (`-2 ^ 2` is 4) and powers group from the left. AND, OR, NOT, IN are functions. Function names may be written small.
- **Rows**: `SUM(items.amount)`, `SUM(items, amount * count)`, `COUNTIF(items, amount > 100)`. `items = BLANK` asks whether there are none.
- **Choices** are compared by key, label or alias: `kind = "Office"`; an unknown option is found when the formula is checked.
  References are compared as records (`owner = me`) or with an id.

## Meaning
- **Blank.** An empty text is blank, and so is an empty list. Arithmetic with blank is blank. A comparison with blank is FALSE (also
  `<>`); only `= BLANK`, `<> BLANK` and `ISBLANK` look at it. As a condition blank counts as FALSE, so `NOT(BLANK)` is TRUE. `&` and CONCAT
  take blank as nothing. Aggregates skip blanks; the sum of nothing is 0, mean, smallest and largest of nothing are blank. Other functions give
  blank when an argument is blank, and FALSE when they answer yes or no. SWITCH alone takes blank as equal to blank.
- **Numbers** are exact decimals with at most 26 digits before the point and 12 after it. Every operation gives the exact result rounded half
  away from zero to 12 places; more than 26 digits is #NUM!. A sum is rounded and checked once, so the order of rows can't matter.
- **Text.** `=` tells capital from small letters (Excel does not). `<` orders by code point. Lengths and positions count code points. UPPER, LOWER and SEARCH
  know the letters of ASCII, Latin-1, Greek, Cyrillic and full-width Latin, each mapped to one letter. White space for TRIM is space, tab, line break,
  U+00A0 and U+3000. Texts have at most 65,536 characters (#LIMIT!). A number in a text has no trailing zeros, a date is
  `2026-03-01`, a moment `2026-03-01 09:30` in the tenant's zone, TRUE and FALSE are those words, a choice is its key.
- **Dates** run from year 1 to 9999, beyond is #NUM!. Date plus number is days (its places are cut), date minus date is days. A moment plus or minus a
  duration is a moment, moment minus moment a duration. Durations times or by numbers are rounded to microseconds; duration by duration is a
  number. YEAR, HOUR, TODATE and the like see a moment in the tenant's time zone.
- **Working days** follow the tenant's calendar; without one Saturdays and Sundays are off.
- **Errors are values**: #DIV/0!, #VALUE!, #NUM!, #N/A, #REF!, #LIMIT!. They spread through everything but IFERROR and ISERROR. The first
  error from the left wins, and what need not be looked at (the other branch of IF, the rest of AND after a FALSE) can't fail. In an aggregate an error in any row is the result.
- **Budgets**: 4 kB of text, 50 levels, 1,000 parts, 10,000 rows looked at per evaluation (#LIMIT!), 65,536 characters, 38 digits.

## In databases
- A condition that is an error does not match. WORKDAY and NETWORKDAYS over fields are not available in filters. The budget of rows is not counted there.
- On SQLite decimals are scaled integers: a comparison of a field with a constant or with a field of the same places, and SUM, MIN, MAX, COUNT and AVERAGE over fields are native; all other
  arithmetic runs through our functions, registered on the connection (`kernel.expr.sqlite.register`). Multiple choices are stored as `|a|b|`.

## Where Excel differs
Blank is not 0 or ""; `=` tells letters apart; AVERAGE, MIN and MAX of nothing are blank; POWER takes whole exponents only (use SQRT); SEARCH knows no
wildcards; TEXTJOIN always skips blanks; DAYS, HOURS, MINUTES and SECONDS also make and measure durations; dates are no numbers; there is no 1900 date system.
"""


def _examples() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in sorted(_VECTORS.glob("*.json")):
        for vector in json.loads(path.read_text(encoding="utf-8")):
            value = vector["value"]
            shown = value["error"] if isinstance(value, dict) else "BLANK" if value is None else str(value).upper() if isinstance(value, bool) else str(value)
            name = vector["formula"].partition("(")[0]
            if len(vector["formula"]) <= 60:
                found.setdefault(name, []).append(f"`{vector['formula']}` → `{shown}`")
    return found


def _entry(function: Function, examples: list[str]) -> str:
    signatures = "<br>".join(f"`{signature}`".replace("|", "\\|") for signature in function.signatures)
    example = (examples[0] if examples else "").replace("|", "\\|")
    return f"| {signatures} | {function.doc.to('en')}<br>{function.doc.to('zh')} | {example} |"


def reference() -> str:
    """The whole page."""
    examples = _examples()
    parts = [
        _PROSE,
        "## Functions\n\n`?` marks what may be left out, `*` what may be repeated, `T` is any one type, `string` a text or what can be shown as one, `literal` a text written out.\n",
    ]
    for _key, title, functions in FAMILIES:
        parts.append(f"### {title.to('en')} / {title.to('zh')}\n\n| function | meaning | example |\n|---|---|---|")
        parts.extend(_entry(function, examples.get(function.name, [])) for function in functions)
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    print(reference(), end="")
