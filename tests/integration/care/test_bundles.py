"""What goes to the bin together comes back together; what holds a record back says so; nothing is left pointing at nothing."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select

from kernel.errors import Forbidden, Invalid, NotFound
from kernel.platform import tables as t
from kernel.platform.database import count_statements
from runtime.records import changelog, road
from runtime.records.bundles import InUse
from runtime.records.record import Input
from runtime.records.shape import shape_of
from tests.factories.desk import Desk
from tests.factories.shelf import as_person


def make(desk: Desk, login: str, entity: str, **fields):
    with as_person(desk, login) as ctx:
        return road.create(ctx, entity, Input({"name": "x", **fields})).id


def live(desk: Desk, entity: str) -> set[str]:
    with desk.ctx() as ctx:
        table = shape_of(ctx.release, entity).table
        return set(ctx.conn.execute(select(table.c.id).where(table.c.deleted_at.is_(None))).scalars())


def test_pages_go_with_their_folder_and_come_back_with_it(shelf):
    folder, other = make(shelf, "wen", "folder", name="A"), make(shelf, "wen", "folder", name="B")
    page = make(shelf, "wen", "page", folder=folder, size=3)
    below = make(shelf, "wen", "page", folder=other, above=page, size=4)  # in another folder, but under a page that goes
    stays = make(shelf, "wen", "page", folder=other, size=5)
    note = make(shelf, "wen", "note", folder=folder)
    with as_person(shelf, "wen") as ctx:
        gone = road.delete(ctx, "folder", folder, version=None)
        assert gone.asked == (folder,) and set(gone.also) == {("page", page), ("page", below)}
    assert live(shelf, "page") == {stays} and live(shelf, "folder") == {other} and live(shelf, "note") == {note}
    assert shelf.api("wen").get(f"/records/folder/{other}").json["fields"]["total"] == 5
    assert shelf.api("wen").get(f"/records/note/{note}").json["fields"]["folder"] == {"id": folder, "label": "A (removed)"}
    with shelf.ctx() as ctx:
        entry = ctx.conn.execute(select(t.change_log.c.reason).where(t.change_log.c.record_id == below, t.change_log.c.kind == "delete")).scalar_one()
        assert entry == {"because": {"entity": "folder", "id": folder}}
    with as_person(shelf, "wen") as ctx:
        back = road.restore_many(ctx, [("page", below)])  # any part of it brings back all of it
        assert {(r.entity, r.id) for r in back} == {("folder", folder), ("page", page), ("page", below)}
        assert all(changelog.verify(ctx, r.entity, r.id) for r in back)
        assert ctx.conn.execute(select(t.binned)).all() == []
    assert live(shelf, "page") == {page, below, stays}
    assert [shelf.api("wen").get(f"/records/folder/{f}").json["fields"]["total"] for f in (folder, other)] == [3, 9]
    # Found again by its words, once.
    assert [i["id"] for i in shelf.api("wen").get("/records/folder?q=A").json["items"]] == [folder]


def test_a_stamp_holds_its_page_back_with_rule_and_number(shelf):
    folder = make(shelf, "wen", "folder")
    page = make(shelf, "wen", "page", folder=folder)
    for n in range(2):
        make(shelf, "wen", "stamp", name=f"S{n}", page=page)
    for entity, id_ in (("page", page), ("folder", folder)):
        with pytest.raises(InUse) as refused, as_person(shelf, "wen") as ctx:
            road.delete(ctx, entity, id_, version=None)
        (problem,) = refused.value.problems
        assert problem.rule == "test:stamp.page#on_delete" and problem.data["count"] == 2 and problem.data["ids"] == [page]
        assert str(problem.message) == "2 × Stamp still refer to it (“Page”)."
    answer = shelf.api("wen").delete(f"/records/page/{page}", version=1)
    assert answer.status_code == 409 and answer.json["code"] == "in_use" and answer.json["problems"][0]["rule"] == "test:stamp.page#on_delete"
    # Somebody else's stamp holds it back too, and is not told of.
    third = make(shelf, "chen", "stamp", name="S3", page=page)
    with pytest.raises(InUse) as refused, as_person(shelf, "wen") as ctx:
        road.delete(ctx, "page", page, version=None)
    assert "2 × Stamp" in str(refused.value.problems[0].message) and "may not see" in str(refused.value.problems[0].message)
    with as_person(shelf, "wen") as ctx:
        mine = [r for r in live_in(ctx, "stamp") if r != third]
        road.delete_many(ctx, "stamp", mine)
    with pytest.raises(InUse) as refused, as_person(shelf, "wen") as ctx:
        road.delete(ctx, "page", page, version=None)
    assert str(refused.value.problems[0].message) == "Something that you may not see still refers to it." and "ids" not in refused.value.problems[0].data


def live_in(ctx, entity):
    table = shape_of(ctx.release, entity).table
    return list(ctx.conn.execute(select(table.c.id).where(table.c.deleted_at.is_(None))).scalars())


def test_rows_hold_back_as_well(shelf):
    folder, other = make(shelf, "wen", "folder"), make(shelf, "wen", "folder")
    page = make(shelf, "wen", "page", folder=other, lines=[{"fields": {"see": folder}}])
    with pytest.raises(InUse) as refused, as_person(shelf, "wen") as ctx:
        road.delete(ctx, "folder", folder, version=None)
    assert refused.value.problems[0].rule == "test:page.lines.see#on_delete"
    with as_person(shelf, "wen") as ctx:
        road.delete(ctx, "page", page, version=None)
        road.delete(ctx, "folder", folder, version=None)
    # Now the page can't come back alone: what its row refers to is in the bin.
    with pytest.raises(Invalid) as refused, as_person(shelf, "wen") as ctx:
        road.restore(ctx, "page", page)
    (problem,) = refused.value.problems
    assert problem.rule == "test:page.lines.see#on_delete" and problem.path == "fields.lines[0].see" and problem.data["record"] == page
    with as_person(shelf, "wen") as ctx:
        assert len(road.restore_many(ctx, [("page", page), ("folder", folder)])) == 2


def test_what_goes_along_needs_its_own_rights(shelf):
    folder = make(shelf, "chen", "folder")
    make(shelf, "chen", "page", folder=folder)
    with pytest.raises(InUse) as refused, as_person(shelf, "mei") as ctx:
        road.delete(ctx, "folder", folder, version=None)
    assert str(refused.value.problems[0].message) == "1 × Page would go to the bin with it, and you may not delete them."
    assert refused.value.problems[0].rule == "test:page.folder#on_delete"
    with pytest.raises(InUse) as refused, as_person(shelf, "guo") as ctx:
        road.delete(ctx, "folder", folder, version=None)
    assert str(refused.value.problems[0].message) == "Something that you may not see would go to the bin with it."
    with as_person(shelf, "chen") as ctx:
        road.delete(ctx, "folder", folder, version=None)
    with pytest.raises(Invalid), as_person(shelf, "mei") as ctx:
        road.restore(ctx, "folder", folder)
    with pytest.raises(NotFound), as_person(shelf, "wen") as ctx:
        road.restore(ctx, "folder", folder)
    plain = make(shelf, "chen", "page", folder=make(shelf, "chen", "folder"))
    with pytest.raises(Forbidden), as_person(shelf, "mei") as ctx:
        road.delete(ctx, "page", plain, version=None)


def test_two_that_meet_are_one_bundle_and_two_that_do_not_are_two(shelf):
    first, second, third = (make(shelf, "wen", "folder", name=n) for n in "ABC")
    page = make(shelf, "wen", "page", folder=first)
    below = make(shelf, "wen", "page", folder=second, above=page)
    with as_person(shelf, "wen") as ctx:
        gone = road.delete_many(ctx, "folder", [third, second, first])
        assert set(gone.also) == {("page", page), ("page", below)}
        rows = {r.record_id: r for r in ctx.conn.execute(select(t.binned))}
        assert rows[first].bundle == rows[second].bundle == rows[page].bundle == rows[below].bundle != rows[third].bundle
        assert [r for r in (third, second, first) if rows[r].face] == [third, second]
    with as_person(shelf, "wen") as ctx:
        road.restore(ctx, "folder", first)
    assert live(shelf, "folder") == {first, second} and live(shelf, "page") == {page, below}


def test_todays_rules_hold_for_what_comes_back_and_it_can_be_mended(shelf):
    folder = make(shelf, "wen", "folder", name="A", code="X1")
    with as_person(shelf, "wen") as ctx:
        road.delete(ctx, "folder", folder, version=None)
    make(shelf, "wen", "folder", name="B", code="X1")
    with pytest.raises(Invalid) as refused, as_person(shelf, "wen") as ctx:
        road.restore(ctx, "folder", folder)
    (problem,) = refused.value.problems
    assert problem.rule == "test:folder.code#unique" and problem.data == {"entity": "folder", "record": folder}
    with pytest.raises(Invalid) as refused, as_person(shelf, "wen") as ctx:
        road.mend(ctx, "folder", folder, Input({"code": "X1", "name": None}))
    assert {p.rule for p in refused.value.problems} == {"test:folder.code#unique", "test:folder.name#required"}
    with as_person(shelf, "wen") as ctx:
        road.mend(ctx, "folder", folder, Input({"code": "X2"}))
        back = road.restore(ctx, "folder", folder)
        assert back.values["code"] == "X2" and changelog.verify(ctx, "folder", folder)
    assert [i["id"] for i in shelf.api("wen").get("/records/folder?q=X2").json["items"]] == [folder]


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_deleting_and_restoring_leaves_nothing_dangling(shelf_sqlite, seed):
    """No live record holds (``with``, ``refuse``) something that is not there, and a bundle comes back as it went."""
    shelf, chance = shelf_sqlite, random.Random(seed)
    folders = [make(shelf, "chen", "folder", name=f"F{n}") for n in range(4)]
    pages: list[str] = []
    for n in range(10):
        above = chance.choice(pages) if pages and chance.random() < 0.6 else None
        pages.append(make(shelf, "chen", "page", name=f"P{n}", folder=chance.choice(folders), above=above))
    stamps = [make(shelf, "chen", "stamp", page=chance.choice(pages)) for _n in range(3)]
    everything = [*(("folder", i) for i in folders), *(("page", i) for i in pages), *(("stamp", i) for i in stamps)]
    bundles: dict[str, set] = {}
    done = {"delete": 0, "restore": 0, "refused": 0}
    for _step in range(60):
        key = chance.choice(everything)
        try:
            with as_person(shelf, "chen") as ctx:
                binned = {(r.entity, r.record_id): r.bundle for r in ctx.conn.execute(select(t.binned))}
                if key in binned:
                    back = {(r.entity, r.id) for r in road.restore_many(ctx, [key])}
                    assert back == bundles.pop(binned[key])
                    done["restore"] += 1
                else:
                    gone = road.delete(ctx, *key, version=None)
                    made = {key, *gone.also}
                    name = ctx.conn.execute(select(t.binned.c.bundle).where(t.binned.c.entity == key[0], t.binned.c.record_id == key[1])).scalar_one()
                    bundles[name] = made
                    done["delete"] += 1
        except Invalid:
            done["refused"] += 1
        with shelf.ctx() as ctx:
            there = {kind: set(live_in(ctx, kind)) for kind in ("folder", "page", "stamp")}
            for kind, field, target in (("page", "folder", "folder"), ("page", "above", "page"), ("stamp", "page", "page")):
                table = shape_of(ctx.release, kind).table
                held = set(ctx.conn.execute(select(table.c[field]).where(table.c.deleted_at.is_(None), table.c[field].is_not(None))).scalars())
                assert held <= there[target]
    assert all(n > 5 for n in done.values())


def test_the_number_of_statements_follows_the_kinds_and_not_the_records(shelf):
    def bundle(pages: int) -> str:
        folder = make(shelf, "chen", "folder")
        top = None
        for _n in range(pages):
            page = make(shelf, "chen", "page", folder=folder, above=top)
            top = top or page
        return folder

    counts = []
    for folders in ([bundle(2), bundle(3)], [bundle(9) for _n in range(6)]):
        with as_person(shelf, "chen") as ctx, count_statements(ctx.conn) as delete:
            road.delete_many(ctx, "folder", folders)
        with as_person(shelf, "chen") as ctx, count_statements(ctx.conn) as restore:
            road.restore_many(ctx, [("folder", f) for f in folders])
        counts.append((delete.total, restore.total))
    assert counts[0][0] == counts[1][0] <= 40
