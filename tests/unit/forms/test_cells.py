"""Rows drawn without macros look like rows drawn with them, and moments stand in forms as browsers read them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask import Flask
from markupsafe import Markup

from kernel.i18n import DEFAULT_LANGUAGE
from kernel.web import assets, rendering
from kernel.web.application import STATIC
from runtime.web.cells import EMPTY, opening, selecting

HEADS = [
    {"label": "Name & place", "align": None, "phone": "end"},
    {"label": "Amount", "align": "end", "phone": "meta"},
]


@pytest.fixture(scope="module")
def env():
    app = Flask(__name__)
    rendering.install(app)
    assets.install(app, assets.Assets((STATIC,)))
    return app.jinja_env


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("value", ["a < b", Markup("<b>1</b>"), ""])
def test_a_cell_is_the_macros_cell(env, head, value):
    macro = env.get_template("components/lists.html").module.cell(value, head["label"], head["align"], head["phone"])
    assert f"{opening(head, 'en')}{value if isinstance(value, Markup) else Markup.escape(value) if value else EMPTY}</td>" == str(macro)


def test_a_row_is_the_macros_row(env):
    row = {"id": "7", "title": "A & B", "marked": "A & B", "href": "/x", "cells": Markup("<td>1</td>")}
    made = env.get_template("runtime/list/rows.html").render(rows=[row], bulk=[1], next_url=None, columns=HEADS, selecting=selecting(DEFAULT_LANGUAGE))
    lists = env.from_string(
        '{% import "components/lists.html" as l %}{% call l.row("7", "A & B", selectable=true) %}{{ l.title_cell("A & B", "/x") }}<td>1</td>{% endcall %}')
    assert made.replace("\n", "") == lists.render().replace("\n", "")


def test_the_words_of_the_tick_box_stand_on_both_sides():
    assert selecting("en") == ("Select ", "")
    assert "".join(selecting("zh"))


def test_a_datetime_of_many_digits_still_stands_in_its_input(env):
    entry = env.get_template("widgets/datetime.html").module.entry
    control = SimpleNamespace(id="f-at", name="at", text="2026-11-24T11:55:52.449243", required=False, invalid=False, html_attrs={})
    assert 'value="2026-11-24T11:55:52.449"' in str(entry(control))
    control.text = "2026-11-24T11:55"
    assert 'value="2026-11-24T11:55"' in str(entry(control))


def test_a_search_marks_words_and_nothing_else():
    from runtime.web.highlight import marked, marked_markup

    assert str(marked("Big <b>bigger</b> 大滨江 １２", "big 滨江 12")) == "<mark>Big</mark> &lt;b&gt;<mark>big</mark>ger&lt;/b&gt; 大<mark>滨江</mark> <mark>１２</mark>"
    assert str(marked("abig", "big")) == "abig", "letter words are found by their beginning"
    assert marked("text", " ") == "text" and marked("", "x") == ""
    shown = '<span class="avatar" title="big">b</span><a href="/big?x=b&amp;y">a &amp; b &lt;i&gt;</a>'
    assert marked_markup(shown, "b i") == '<span class="avatar" title="big">b</span><a href="/big?x=b&amp;y">a &amp; <mark>b</mark> &lt;<mark>i</mark>&gt;</a>'
    assert "<script>" not in str(marked("<script>", "script"))
