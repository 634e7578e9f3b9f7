"""What stands around the rows of a list: the switch between looks, what counts as changed, the way out of an empty view."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest

from kernel.platform.clock import FixedClock
from tests.conftest import NOW
from tests.factories.desk import make_desk, settings_for
from tests.integration.web.test_list_views import Screen


@pytest.fixture(scope="module")
def wen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    with make_desk(settings_for("sqlite", tmp_path_factory.mktemp("frame"), None), FixedClock(NOW)) as desk:
        desk.api("wen").make(title="Paint", effort="7", due="2026-11-24")
        yield Screen(desk, "wen")


def test_the_look_is_switched_in_sight_and_is_no_change_of_a_view(wen: Screen) -> None:
    board = wen.get(**{"as": "board"})
    strip, end = board.partition('class="filter-strip"')[2].split('class="filter-end"')
    assert "list-looks" not in strip, "what scrolls with the conditions can scroll out of sight"
    menu = end.partition('aria-label="Shown as: Board"')[2]
    assert re.findall(r'role="menuitemradio"[^>]*aria-checked="(\w+)"', menu)[:2] == ["false", "true"]
    assert "view-changed" not in board and "view-changed" in wen.get(sort="effort")
    saved = wen.save("Mine as rows")
    assert "view-changed" in wen.get(view=saved, **{"as": "board"}), "the saved view can be told to be a board from now on"


def test_an_empty_view_offers_the_one_that_holds_everything(wen: Screen) -> None:
    empty = wen.save("Nothing", query="?f=effort.ge.900")
    page = wen.get(view=empty)
    assert "Look at “" in page and f'href="{wen.base}"' in page
    assert "Look at" not in wen.get(f="effort.ge.900"), "whoever narrowed it is shown the way back"
    assert html.unescape(wen.client.get(wen.base).text).count("row-link") == 1


def test_a_list_is_called_by_what_several_of_them_are(wen: Screen) -> None:
    page = html.unescape(wen.client.get(f"/t/{wen.desk.slug}/e/person").text)
    assert re.search(r"<h1[^>]*>\s*People\s*</h1>", page) and "Person" not in re.sub(r"<[^>]+>", " ", page.partition("<nav")[2].partition("</nav>")[0])
    assert re.search(r'<a href="[^"]*/e/person">People</a>', html.unescape(wen.client.get(f"/t/{wen.desk.slug}/e/person/{wen.desk.people['wen']}").text))
    assert "<h1>Task</h1>" in wen.get("/print"), "without a word for several the name stands"
