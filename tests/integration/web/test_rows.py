"""Long tables of rows: what a browser sends back is whole, though most rows came without controls."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
from werkzeug.datastructures import MultiDict

from kernel.platform.clock import FixedClock
from runtime.web import edit
from tests.conftest import NOW
from tests.factories.desk import Desk, make_desk, settings_for
from tests.factories.platform import csrf_of

ROWS = [{"fields": {"name": f"Row {n}", "amount": str(n)}} for n in range(9)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with make_desk(settings_for("sqlite", tmp_path_factory.mktemp("rows"), None), FixedClock(NOW)) as made:
        yield made


def inputs(page: str) -> MultiDict[str, str]:
    """What a browser would send of the form, untouched: this form has text and hidden inputs, and choices with nothing chosen."""
    form = re.sub(r"<template.*?</template>|<noscript>.*?</noscript>", "", page[(start := page.index("id=\"record-form\"")):page.index("</form>", start)], flags=re.S)
    found: MultiDict[str, str] = MultiDict()
    for tag in re.finditer(r"<(input|textarea)\b([^>]*)>(?:([^<]*)</textarea>)?", form):
        attrs = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag[2]))
        if "name" in attrs and attrs.get("type") not in ("checkbox", "radio", "file"):
            found.add(attrs["name"], html.unescape(tag[3] if tag[1] == "textarea" else attrs.get("value", "")))
    return found


def test_rows_without_controls_lose_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit, "DRAWN", 3)
    wen = desk.browser("wen")
    task = desk.api("wen").make(title="Long", done=False, lines=ROWS)
    url = f"/t/{desk.slug}/e/task/{task['id']}"
    page = wen.get(f"{url}/edit").text
    assert page.count("data-undrawn=") == 6 and "hidden" not in dict.fromkeys(re.findall(r"lines-5-(\w+)", page)), "what may not be read is not sent along either"
    assert "Show every row" in page[page.index("<noscript>"):page.index("</noscript>")]
    every = wen.get(f"{url}/edit?_rows=all").text
    assert "data-undrawn" not in every and 'name="_rows" value="all"' in every
    sent, all_ = inputs(page), inputs(every)
    all_.poplist("_rows")
    assert sorted(sent.items(multi=True)) == sorted(all_.items(multi=True))

    headers = {"X-CSRFToken": csrf_of(wen, desk.app, desk.slug)}
    assert wen.post(f"{url}/edit", data=sent, headers=headers).status_code == 303
    now = desk.api("wen").get(f"/records/task/{task['id']}").json
    assert now["fields"]["lines"] == task["fields"]["lines"] and now["version"] == task["version"], "nothing was changed by sending it as it was"

    # A row far down is wrong: it comes with its controls, its message and what was typed; the others keep what they hold.
    sent["lines-7-amount"], sent["lines-8-name"] = "many", "Last"
    refused = wen.post(f"{url}/edit", data=sent, headers=headers)
    assert refused.status_code == 422 and refused.text.count("data-undrawn=") == 5
    assert 'href="#f-lines-7-amount"' in refused.text and 'id="f-lines-7-amount"' in refused.text and 'value="many"' in refused.text
    assert inputs(refused.text)["lines-8-name"] == "Last"
