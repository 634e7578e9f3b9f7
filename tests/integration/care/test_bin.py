"""The bin: what its reader may see of it, mending on the way back, deleting for good, and the time after which it happens by itself."""

from __future__ import annotations

import io
import re

import pytest
from sqlalchemy import func, select

from kernel.errors import Forbidden, NotFound
from kernel.platform import tables as t
from kernel.platform.database import count_statements
from runtime.files.store import FileStore
from runtime.records import binlist, changelog, comments, purging, retention, road
from runtime.records.record import Input
from runtime.records.shape import shape_of
from tests.factories.applications import make_tree
from tests.factories.shelf import as_person, documents
from tests.factories.work import make_worker
from tests.integration.care.test_bundles import live, make
from tests.integration.care.test_pages import post


def drop(desk, login, entity, *ids):
    with as_person(desk, login) as ctx:
        road.delete_many(ctx, entity, ids)


def work(desk):
    """A sweep of this tenant alone: others of the same database have nothing to do with it."""
    worker = make_worker(desk.app)
    placement, home = worker.tenants.get(desk.slug)
    worker._stand(home)
    worker.round(placement, home)


def titles(desk, login, **asked):
    with as_person(desk, login) as ctx:
        return [line.title for line in binlist.read(ctx, binlist.Asked(**asked)).lines]


def test_everybody_sees_their_own_and_what_they_may_delete(shelf, clock):
    mine = make(shelf, "wen", "folder", name="Wen's")
    hers = make(shelf, "chen", "folder", name="Chen's")
    page = make(shelf, "chen", "page", name="P", folder=hers)
    drop(shelf, "wen", "folder", mine)
    clock.advance(minutes=1)
    drop(shelf, "chen", "folder", hers)
    assert titles(shelf, "wen") == ["Wen's"] and titles(shelf, "lin") == [] and titles(shelf, "out") == []
    assert titles(shelf, "chen") == ["Chen's", "Wen's"]
    with as_person(shelf, "chen") as ctx:
        found = binlist.read(ctx, binlist.Asked())
        first, second = found.lines
        assert first.also == {"page": 1} and first.person == "Chen" and first.may and second.also == {} and found.kinds == {"folder": 2}
        assert (first.until - first.deleted_at).days == 90
        # A page of its own bundle does not stand there twice.
        assert ("page", page) not in {(line.entity, line.id) for line in found.lines}
    with as_person(shelf, "guo") as ctx:
        # Does not know of pages: the folder is there, nothing is said of the page.
        assert [dict(line.also) for line in binlist.read(ctx, binlist.Asked()).lines] == [{}, {}]
    assert titles(shelf, "chen", q="wen") == ["Wen's"] and titles(shelf, "chen", q="%") == [] and titles(shelf, "chen", entity="page") == []
    assert titles(shelf, "chen", person=shelf.people["wen"]) == ["Wen's"] and titles(shelf, "chen", since=clock.now()) == ["Chen's"]


def test_own_deletions_stay_visible_without_the_right_to_bring_them_back(shelf_sqlite):
    shelf = shelf_sqlite
    folder = make(shelf, "wen", "folder", name="Given away")
    drop(shelf, "wen", "folder", folder)
    with shelf.ctx() as ctx:
        table = shape_of(ctx.release, "folder").table
        ctx.conn.execute(table.update().values(owner_id=shelf.people["lin"]))
    assert titles(shelf, "wen") == []  # not to be seen any more: not there
    assert titles(shelf, "lin") == ["Given away"]


def test_pages_by_cursor_and_a_fixed_number_of_statements(shelf, clock):
    for n in range(7):
        drop(shelf, "chen", "folder" if n % 2 else "note", make(shelf, "chen", "folder" if n % 2 else "note", name=f"R{n}"))
        clock.advance(seconds=1)
    seen, after = [], None
    with as_person(shelf, "chen") as ctx:
        while True:
            found = binlist.read(ctx, binlist.Asked(after=after, limit=3))
            seen += [line.title for line in found.lines]
            after = found.after
            if after is None:
                break
            assert binlist.read_cursor(binlist.cursor_of(after)) == after
        assert seen == [f"R{n}" for n in reversed(range(7))]
        counts = []
        for limit in (2, 7):
            with count_statements(ctx.conn) as count:
                binlist.read(ctx, binlist.Asked(limit=limit))
            counts.append(count.total)
        assert counts[0] == counts[1] <= 5
    browser = shelf.browser("chen")
    browser.get(f"/t/{shelf.slug}/bin")
    with count_statements(shelf.home) as count:
        assert browser.get(f"/t/{shelf.slug}/bin").status_code == 200
    assert count.total <= 7


def test_the_page_restores_one_and_many(shelf_sqlite):
    shelf = shelf_sqlite
    folders = [make(shelf, "wen", "folder", name=f"F{n}") for n in range(3)]
    make(shelf, "wen", "page", folder=folders[0])
    drop(shelf, "wen", "folder", *folders)
    text = shelf.browser("wen").get(f"/t/{shelf.slug}/bin").text
    assert all(f"folder:{f}" in text for f in folders) and "with 1 × Page" in text and "90 days left" in text
    answer = post(shelf, "wen", "/bin/restore", {"ids": [f"folder:{folders[0]}"]})
    assert answer.status_code == 303 and answer.location.endswith(f"/e/folder/{folders[0]}") and len(live(shelf, "page")) == 1
    answer = post(shelf, "wen", "/bin/restore", {"ids": [f"folder:{f}" for f in folders[1:]]}, **{"HX-Request": "true"})
    assert answer.headers["HX-Redirect"].endswith("/bin?back=2") and len(live(shelf, "folder")) == 3
    assert "Brought back: 2" in shelf.browser("wen").get(f"/t/{shelf.slug}/bin?back=2").text
    assert "The bin is empty" in shelf.browser("wen").get(f"/t/{shelf.slug}/bin").text
    assert post(shelf, "wen", "/bin/restore", {"ids": ["folder:x", "nothing:1"]}).status_code == 400
    assert post(shelf, "lin", "/bin/restore", {"ids": [f"folder:{folders[0]}"]}).status_code == 404


def publish(desk, changes):
    """The same application with changed fields, as the release in force."""
    from sqlalchemy import insert, update

    from kernel.model.tree import to_json
    from kernel.platform.releases import current, release_hash

    with desk.home.write() as conn:
        release = current(conn)
        content = to_json(make_tree(documents(changes)))
        id_ = release.id + 1
        conn.execute(insert(t.release).values(
            id=id_, hash=release_hash(content, dict(release.columns)), kind="published", tree=content, columns=dict(release.columns), packages=[],
            published_at=desk.clock.now()))
        conn.execute(update(t.tenant_state).values(release_id=id_))


def test_a_field_that_became_required_is_asked_for_and_nothing_is_lost(shelf_sqlite):
    shelf = shelf_sqlite
    folder = make(shelf, "wen", "folder", name="Old", code="C1")
    page = make(shelf, "wen", "page", name="Inner", folder=folder, lines=[{"fields": {"text": "kept"}}])
    bare = make(shelf, "wen", "folder", name="Bare")
    drop(shelf, "wen", "folder", folder, bare)
    publish(shelf, {"page.size": {"required": True}, "folder.code": {"required": True}})
    make(shelf, "wen", "folder", name="New", code="C1")
    # Its value was taken, its page lacks one: two forms, one after the other.
    answer = post(shelf, "wen", "/bin/restore", {"ids": [f"folder:{folder}"]})
    assert answer.status_code == 422 and "Another record already has this" in answer.text and f"/bin/folder/{folder}/mend" in answer.text
    assert 'value="Old"' in answer.text
    answer = post(shelf, "wen", f"/bin/folder/{folder}/mend", {"name": "Old", "code": "C1"})
    assert answer.status_code == 422 and 'value="C1"' in answer.text
    answer = post(shelf, "wen", f"/bin/folder/{folder}/mend", {"name": "Old", "code": "C2"})
    assert answer.status_code == 200 and f"/bin/page/{page}/mend" in answer.text and "Inner" in answer.text
    assert live(shelf, "page") == set()
    row = re.search(r'name="lines-0-_id" value="([^"]+)"', answer.text)
    assert row is not None
    sent = {"name": "Inner", "folder": folder, "size": "7", "lines": "", "lines-0-_id": row[1], "lines-0-text": "kept"}
    answer = post(shelf, "wen", f"/bin/page/{page}/mend", sent)
    assert answer.status_code == 303, answer.text
    assert shelf.api("wen").get(f"/records/folder/{folder}").json["fields"] | {"pages": None} == {"name": "Old", "code": "C2", "total": 7, "pages": None}
    assert shelf.api("wen").get(f"/records/page/{page}").json["fields"]["lines"][0]["fields"]["text"] == "kept"
    # Of several the sound ones come back, the other is marked.
    drop(shelf, "wen", "folder", folder)
    answer = post(shelf, "wen", "/bin/restore", {"ids": [f"folder:{folder}", f"folder:{bare}"]})
    assert answer.location.endswith(f"/bin?back=2&failed=folder%3A{bare}")
    assert "needs something first" in shelf.browser("wen").get(answer.location).text


def history(desk, id_):
    with desk.ctx() as ctx:
        return list(ctx.conn.execute(select(t.change_log).where(t.change_log.c.record_id == id_).order_by(t.change_log.c.seq)).mappings())


def test_purging_leaves_nothing_but_who_did_what(shelf, clock, tmp_path):
    body = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nsecret words\r\n--cut--\r\n'
    upload = {"data": body, "content_type": "multipart/form-data; boundary=cut"}
    file_id = shelf.api("wen").post("/files", **upload).json["id"]
    task = shelf.api("wen").make(title="Personal", attachment=file_id, helpers=[shelf.people["mei"]], lines=[{"fields": {"name": "row"}}])["id"]
    with as_person(shelf, "wen") as ctx:
        road.update(ctx, "task", task, Input({"details": "very private", "effort": "6"}), version=None)
        road.transition(ctx, "task", task, "start", version=None)
        road.transition(ctx, "task", task, "finish", asks={"why": "a private reason"}, version=None)
        comments.add(ctx, "task", task, "a private note")
    folder = make(shelf, "wen", "folder")
    page = make(shelf, "wen", "page", folder=folder)
    drop(shelf, "wen", "task", task)
    drop(shelf, "wen", "folder", folder)
    with pytest.raises(Forbidden), as_person(shelf, "wen") as ctx:
        purging.purge_for(ctx, [("task", task)])
    with pytest.raises(NotFound), as_person(shelf, "chen") as ctx:
        purging.purge_for(ctx, [("task", folder)])
    answer = post(shelf, "chen", "/bin/purge", {"ids": [f"task:{task}"]})
    assert answer.status_code == 200 and "To be sure, type: Personal" in answer.text
    assert post(shelf, "chen", "/bin/purge", {"ids": [f"task:{task}"], "typed": "personal"}).status_code == 422
    assert post(shelf, "chen", "/bin/purge", {"ids": [f"task:{task}"], "typed": "Personal"}).status_code == 303
    answer = post(shelf, "chen", "/bin/purge", {"ids": [f"folder:{folder}"], "typed": "x"})
    assert answer.status_code == 303
    with shelf.ctx() as ctx:
        for entity, id_ in (("task", task), ("folder", folder), ("page", page)):
            assert changelog.verify(ctx, entity, id_)
            table = shape_of(ctx.release, entity).table
            assert ctx.conn.execute(select(func.count()).select_from(table).where(table.c.id == id_)).scalar() == 0
            for around in purging.AROUND:
                assert ctx.conn.execute(select(func.count()).select_from(around).where(around.c.record_id == id_)).scalar() == 0, around.name
        assert ctx.conn.execute(select(func.count()).select_from(t.file)).scalar() == 0
        assert all(data is None or "private" not in str(data) for data in ctx.conn.execute(select(t.event.c.data)).scalars())
    log = history(shelf, task)
    assert [e["kind"] for e in log] == ["create", "update", "transition", "transition", "delete", "purge"]
    assert "private" not in str([(e["changes"], e["reason"]) for e in log]) and "Personal" not in str([e["changes"] for e in log])
    assert log[0]["changes"]["items"][0]["erased"] and log[3]["reason"]["transition"] == "finish"
    assert shelf.api("chen").get(f"/records/task/{task}").status_code == 404
    # The bytes go when nothing names them any more.
    files = FileStore(shelf.app.extensions["fangyuan"].settings.data_dir / "files")
    (kept,) = [p for p in files.root.rglob("*") if p.is_file()]
    clock.set(clock.now().replace(year=clock.now().year + 1))
    work(shelf)
    assert not kept.exists()


def test_a_changed_history_does_not_verify(shelf_sqlite):
    shelf = shelf_sqlite
    task = shelf.api("wen").make(title="T", details="d", effort="6")["id"]
    with as_person(shelf, "wen") as ctx:
        road.transition(ctx, "task", task, "start", version=None)
        road.transition(ctx, "task", task, "finish", asks={"why": "because"}, version=None)
        assert changelog.verify(ctx, "task", task)
        log = t.change_log
        row = ctx.conn.execute(select(log).where(log.c.record_id == task, log.c.seq == 3)).mappings().one()
        ctx.conn.execute(log.update().where(log.c.id == row["id"]).values(reason={**row["reason"], "asks": {"why": "something else"}}))
        assert not changelog.verify(ctx, "task", task)


def test_time_empties_the_bin_by_rule_or_setting(shelf, clock):
    note, folder, kept = (make(shelf, "wen", e) for e in ("note", "folder", "folder"))
    page = make(shelf, "wen", "page", folder=folder)
    drop(shelf, "wen", "note", note)
    drop(shelf, "wen", "folder", folder)
    assert post(shelf, "wen", "/bin/days", {"days": "30"}).status_code == 403
    assert post(shelf, "chen", "/bin/days", {"days": "0"}).status_code == 422
    assert post(shelf, "chen", "/bin/days", {"days": "30"}).status_code == 303
    clock.advance(days=29)
    drop(shelf, "wen", "folder", kept)
    work(shelf)
    assert len(titles(shelf, "wen")) == 3
    clock.advance(days=2)
    work(shelf)
    assert [e["kind"] for e in history(shelf, page)][-1] == "purge"
    with shelf.ctx() as ctx:
        assert set(ctx.conn.execute(select(t.binned.c.record_id)).scalars()) == {kept} and changelog.verify(ctx, "page", page)
        assert retention.default_days(ctx) == 30


def test_what_was_deleted_before_the_bin_was_kept_is_found(shelf_sqlite, clock):
    shelf = shelf_sqlite
    note = make(shelf, "wen", "note", name="Old one")
    drop(shelf, "wen", "note", note)
    with shelf.ctx() as ctx:
        ctx.conn.execute(t.binned.delete())
    assert titles(shelf, "wen") == []
    work(shelf)
    assert titles(shelf, "wen") == ["Old one"]


def test_files_that_come_in_again_keep_their_bytes(tmp_path, clock):
    files = FileStore(tmp_path)
    stored = files.put("t", io.BytesIO(b"words"), 100)
    assert not files.drop("t", stored.sha256, clock.now().replace(year=2000)) and files.open("t", stored.sha256)
    files.put_variant("t", stored.sha256, "thumb", b"x")
    assert files.drop("t", stored.sha256, clock.now().replace(year=2100)) and not list(tmp_path.rglob("*.*"))
    assert not files.drop("t", stored.sha256, clock.now())
