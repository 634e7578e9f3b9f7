"""A row without controls sends what its controls would send, whatever type its columns are of."""

from __future__ import annotations

import html
import json

import pytest

from kernel import fieldtypes
from runtime.forms import prepare
from runtime.forms.build import Builder, Filling
from runtime.forms.undrawn import Undrawn, sent
from runtime.records.record import Row
from tests.examples import interesting as example
from tests.unit.forms.test_widgets import EVERY, FIELDS, THING, Controls, sent_by, value_of
from tests.unit.forms.test_widgets import ctx as ctx  # the same surroundings

WRITABLE = [f for f in FIELDS if fieldtypes.of(f).writable and f.type != "rows"]


@pytest.mark.parametrize("filled", [True, False], ids=["filled", "blank"])
@pytest.mark.parametrize("field", WRITABLE, ids=lambda f: f.type)
def test_it_sends_what_the_widget_prints(page, ctx, field, filled):
    value = value_of(field) if filled else None
    filling = Filling(values={field.key: value}, readable=EVERY, writable=EVERY, labels=example.LABELS)
    markup = str(Builder(ctx, THING, filling).view(field).markup)
    p = prepare.prepared(ctx, field)
    texts = [] if value is None else p.type.input_texts(field, value, prepare.reader_of(ctx, example.LABELS))
    # sent_by drops an empty twin in front of others, as the server does when it reads them.
    ours = list(sent(p, texts))
    assert (ours[1:] if len(ours) > 1 and ours[0] == "" else ours) == (sent_by(markup, field.key) or _select(markup))


def _select(markup):
    """A single choice with nothing chosen sends the empty option that stands first; stars send the one that says none."""
    assert "<select" in markup and " multiple" not in markup
    return [""]


def test_rows_beyond_the_first_ones_come_without_controls_unless_they_are_wrong(page, ctx):
    field = next(f for f in FIELDS if f.type == "rows")
    rows = tuple(Row(f"r{n}", n, {"name": f'Chair "{n}"', "amount": n, "total": n * 2}) for n in range(6))
    filling = Filling(values={"rows": rows}, readable=EVERY, writable=EVERY, labels={}, errors={"rows[4].amount": "Too much"})
    builder = Builder(ctx, THING, filling, drawn=2)
    markup = str(builder.view(field).markup)
    assert builder.undrawn and markup.count("data-undrawn=") == 3 and "Too much" in markup
    assert 'data-undrawn="4"' not in markup and 'id="f-rows-4-amount"' in markup
    assert [name for kind, name in Controls(markup).named if kind == "hidden" and name.startswith("rows-3-")] == ["rows-3-_id", "rows-3-name", "rows-3-amount"]
    third = html.unescape(markup[markup.index('data-undrawn="3"'):markup.index('id="f-rows-4-amount"')])
    assert 'value="Chair "3""' in third and "</span>Chair \"3\" · 3" in third and '"total":{"words":"6' in third, third
    everything = Builder(ctx, THING, filling)
    assert "data-undrawn" not in str(everything.view(field).markup) and not everything.undrawn


def test_words_of_chosen_values_come_along(page, ctx):
    by_type = {f.type: prepare.prepared(ctx, f) for f in FIELDS}
    row = Undrawn({"p1": "王芳"}).row("rows-7-", "7", "r7", [
        (by_type["user"], ["p1"], None), (by_type["choices"], ["red", "gone"], None), (by_type["boolean"], ["1"], None),
        (by_type["address"], ["1 Road", "30.1", "120.2", "5", "3301"], None), (by_type["computed"], (), "¥3")], {"file": "<b>"})
    assert row.line == "王芳 · Red · gone · 1 Road · ¥3"
    assert ("rows-7-user", "p1", "王芳") in row.inputs and ("rows-7-choices", "red", "Red") in row.inputs and ("rows-7-boolean", "1", None) in row.inputs
    assert json.loads(row.held or "") == {"file": {"markup": "<b>"}, "computed": {"words": "¥3"}}
