"""``on_delete`` holds on every road by which a record goes to the bin or comes back, with the rule of the reference."""

from __future__ import annotations

import pytest

from runtime.records import road
from tests.factories.shelf import as_person
from tests.integration.care.test_bundles import live, make
from tests.parity.channels import CHANNELS, Act

DELETING = [c for c in CHANNELS if "delete" in c.acts]
RESTORING = [c for c in CHANNELS if "restore" in c.acts]


def names(channels):
    return [c.key.replace(" ", "_") for c in channels]


@pytest.mark.parametrize("channel", DELETING, ids=names(DELETING))
def test_what_others_hold_is_deleted_by_no_road(shelf_sqlite, channel):
    shelf = shelf_sqlite
    page = make(shelf, "wen", "page", folder=make(shelf, "wen", "folder"))
    make(shelf, "wen", "stamp", page=page)
    outcome = channel.run(shelf, "wen", Act("delete", id=page, version=1, entity="page"))
    assert outcome.refused and "test:stamp.page#on_delete" in outcome.rules, outcome
    assert live(shelf, "page") == {page}


@pytest.mark.parametrize("channel", DELETING, ids=names(DELETING))
def test_what_belongs_to_it_goes_along_by_every_road(shelf_sqlite, channel):
    shelf = shelf_sqlite
    folder = make(shelf, "wen", "folder")
    make(shelf, "wen", "page", folder=folder)
    outcome = channel.run(shelf, "wen", Act("delete", id=folder, version=1, entity="folder"))
    assert not outcome.refused, outcome
    assert live(shelf, "page") == set() and live(shelf, "folder") == set()


@pytest.mark.parametrize("channel", RESTORING, ids=names(RESTORING))
def test_nothing_comes_back_that_refers_to_what_is_gone(shelf_sqlite, channel):
    shelf = shelf_sqlite
    seen, folder = make(shelf, "wen", "folder"), make(shelf, "wen", "folder")
    page = make(shelf, "wen", "page", folder=folder, lines=[{"fields": {"see": seen}}])
    with as_person(shelf, "wen") as ctx:
        road.delete(ctx, "page", page, version=None)
        road.delete(ctx, "folder", seen, version=None)
    outcome = channel.run(shelf, "wen", Act("restore", id=page, version=2, entity="page"))
    assert outcome.refused and "test:page.lines.see#on_delete" in outcome.rules, outcome
    assert live(shelf, "page") == set()
