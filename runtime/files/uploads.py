"""The service: save an upload, attach it to a record, open it with the record's rights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update

from kernel import jobs
from kernel.errors import Invalid, NotFound, Problem, TooMany
from kernel.i18n import _
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.files.media import clean_name, recognise
from runtime.files.pictures import Picture, decode
from runtime.files.positions import Unreadable, without_position
from runtime.files.store import FileStore, Stored, folder_of

MAX_SIZE = 25_000_000
HEAD = 4096  # by the first bytes a file is recognised
PENDING_PER_PERSON = 200
UNATTACHED_FOR = timedelta(days=7)
DROP_BYTES = "drop_bytes"
BYTES_FOR = timedelta(days=1)
"""How long bytes stay after the last row that named them: an upload of the same content may be under way."""
PUBLIC = "public"  # the variant of a picture that tells nobody where it was taken
COMMENT = "#comment"  # in place of a field: the file hangs on a comment beside the record
APPROVAL = "#approval"  # or on a request or a decision of an approval


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file as the tenant knows it; ``entity``, ``record_id`` and ``field`` are None until a record takes it."""

    id: str
    sha256: str
    size: int
    media_type: str
    name: str
    width: int | None
    height: int | None
    created_at: datetime
    created_by: str | None
    entity: str | None
    record_id: str | None
    field: str | None
    meta: dict[str, Any] | None

    @property
    def is_picture(self) -> bool:
        return self.width is not None


_COLUMNS = tuple(t.file.c[name] for name in FileRow.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes that are kept and known for what they are, but that no row names yet."""

    stored: Stored
    media_type: str
    name: str
    picture: Picture | None


def receive(store: FileStore, tenant: str, stream: IO[bytes], name: str, limit: int = MAX_SIZE) -> Received:
    """Keep the bytes of an upload. Works without the database, so that no transaction waits for a slow phone or decoder.

    Raises TooLarge, or Invalid (kind of file not accepted, broken picture).
    """
    media = recognise(stream.read(HEAD), name)
    stream.seek(0)
    stored = store.put(tenant, stream, limit)
    picture = _decoded(store, tenant, stored) if media.picture else None
    for variant, data in (picture.variants if picture else {}).items():
        store.put_variant(tenant, stored.sha256, variant, data)
    return Received(stored, media.type, clean_name(name), picture)


def _decoded(store: FileStore, tenant: str, stored: Stored) -> Picture:
    try:
        return decode(store.open(tenant, stored.sha256))
    except Invalid:
        store.discard(tenant, stored)
        raise


def save(ctx: Ctx, received: Received) -> FileRow:
    """The row of an upload; it belongs to the uploader until a record takes it. Raises TooMany."""
    waiting = ctx.conn.execute(
        select(func.count()).where(t.file.c.created_by == ctx.actor.person, t.file.c.record_id.is_(None), t.file.c.created_at > ctx.now - timedelta(hours=1))
    ).scalar_one()
    if waiting >= PENDING_PER_PERSON and ctx.actor.kind != "system":
        raise TooMany(600, _("Too many files wait without a record. Save the form first."))
    picture = received.picture
    row = FileRow(
        ctx.new_id(),
        received.stored.sha256,
        received.stored.size,
        received.media_type,
        received.name,
        picture.width if picture else None,
        picture.height if picture else None,
        ctx.now,
        ctx.actor.person,
        None,
        None,
        None,
        dict(picture.meta) or None if picture else None,
    )
    ctx.conn.execute(insert(t.file).values({name: getattr(row, name) for name in FileRow.__dataclass_fields__}))
    return row


def rows(ctx: Ctx, ids: Iterable[str]) -> dict[str, FileRow]:
    """The rows of these ids, whoever may read them: for callers that have decided that already."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    found = ctx.conn.execute(select(*_COLUMNS).where(t.file.c.id.in_(wanted)))
    return {row.id: FileRow(*row) for row in found}


def check(ctx: Ctx, entity: str, record_id: str, ids: Sequence[str], path: str, rule: str) -> list[Problem]:
    """Problems with taking these files into a record: only own unattached uploads, or what the record already has."""
    known = rows(ctx, ids)
    return [
        Problem("unknown_file", _("This file does not exist any more."), path, _("Upload it again."), rule)
        for id_ in ids
        if id_ not in known or not _may_take(ctx, known[id_], entity, record_id)
    ]


def _may_take(ctx: Ctx, row: FileRow, entity: str, record_id: str) -> bool:
    if row.record_id is None:
        return row.created_by == ctx.actor.person or ctx.actor.kind == "system"
    # A comment's file goes with the comment: no field may rely on it.
    return (row.entity, row.record_id) == (entity, record_id) and row.field not in (COMMENT, APPROVAL)


def attach(ctx: Ctx, entity: str, record_id: str, field: str, ids: Sequence[str]) -> None:
    """Bind files that passed :func:`check` to a record's field, in the record's transaction."""
    if ids:
        ctx.conn.execute(update(t.file).where(t.file.c.id.in_(list(ids)), t.file.c.record_id.is_(None)).values(entity=entity, record_id=record_id, field=field))


def release(ctx: Ctx, ids: Sequence[str]) -> None:
    """Let go of a comment's files: nobody but their uploader sees them any more, and the sweep forgets them."""
    if ids:
        values = {"entity": None, "record_id": None, "field": None}
        ctx.conn.execute(update(t.file).where(t.file.c.id.in_(list(ids)), t.file.c.field == COMMENT).values(values))


def open_file(ctx: Ctx, store: FileStore, id_: str, variant: str = "") -> tuple[FileRow, Path]:
    """Row and path of a file that the actor may read. Raises NotFound for foreign, hidden and missing alike.

    Where a picture was taken is for its uploader and for admins; everybody else gets the same pixels without (D34).
    """
    row = rows(ctx, [id_]).get(id_)
    if row is None or not _may_read(ctx, row):
        raise NotFound()
    folder = folder_of(ctx.tenant)
    if row.is_picture and not variant and not may_see_position(ctx, row):
        return row, _public(store, folder, row)
    return row, store.open(folder, row.sha256, variant if row.is_picture else "")


def may_see_position(ctx: Ctx, row: FileRow) -> bool:
    """Whether the actor gets a picture as it was uploaded. Who copied a record uploaded nothing."""
    mine = row.created_by == ctx.actor.person and not (row.meta or {}).get("copied")
    return mine or "administer" in ctx.actor.rights or ctx.actor.kind == "system"


def _public(store: FileStore, folder: str, row: FileRow) -> Path:
    """The picture without its position, made when it is first asked for; of one that can't be taken apart the preview."""
    try:
        return store.open(folder, row.sha256, PUBLIC)
    except NotFound:
        pass
    try:
        data = without_position(store.open(folder, row.sha256).read_bytes(), row.media_type)
    except Unreadable:
        return store.open(folder, row.sha256, "preview")
    store.put_variant(folder, row.sha256, PUBLIC, data)
    return store.open(folder, row.sha256, PUBLIC)


def _may_read(ctx: Ctx, row: FileRow) -> bool:
    from runtime.records import reading

    if row.entity is None or row.record_id is None:
        return row.created_by == ctx.actor.person
    try:
        seen = reading.get(ctx, row.entity, row.record_id)
    except NotFound:
        return row.field == APPROVAL and _decides(ctx, row)
    if row.field in (COMMENT, APPROVAL):
        return True
    # ``rows.field`` for a file in child rows: both the rows and the cell must be open.
    return row.field is not None and {row.field, row.field.split(".")[0]} <= seen.readable


def _decides(ctx: Ctx, row: FileRow) -> bool:
    """Whether the actor sits in a case under way of the record: what came with it is for them, too."""
    from runtime.approvals import case, sight

    return bool(sight.seated(ctx, [c.id for c in case.of_records(ctx, row.entity or "", [row.record_id or ""])]))


def copy(ctx: Ctx, ids: Sequence[str]) -> dict[str, str]:
    """New rows of the actor's own for the bytes of these files, as if uploaded again; says which stands for which. The caller has
    decided that the actor may read them."""
    known = rows(ctx, ids)
    made = {i: ctx.new_id() for i in known}
    if made:
        names = [n for n in FileRow.__dataclass_fields__ if n not in ("id", "created_at", "created_by", "entity", "record_id", "field")]
        ctx.conn.execute(insert(t.file), [
            {**{n: getattr(row, n) for n in names}, "id": made[i], "created_at": ctx.now, "created_by": ctx.actor.person,
             "meta": row.meta if may_see_position(ctx, row) else {**(row.meta or {}), "copied": True}} for i, row in known.items()])
    return made


def sweep(ctx: Ctx) -> int:
    """Forget uploads that no record ever took; returns how many."""
    return _remove(ctx, [t.file.c.record_id.is_(None), t.file.c.created_at < ctx.now - UNATTACHED_FOR])


def forget(ctx: Ctx, entity: str, ids: Sequence[str]) -> int:
    """Forget the files of records that are purged; returns how many."""
    return sum(_remove(ctx, [t.file.c.entity == entity, t.file.c.record_id.in_(chunk)]) for chunk in store_chunks(ids))


def _remove(ctx: Ctx, conditions: Sequence[ColumnElement[bool]]) -> int:
    """Remove rows; their bytes go later, when no other row names them."""
    hashes = list(ctx.conn.execute(delete(t.file).where(*conditions).returning(t.file.c.sha256)).scalars())
    if hashes:
        jobs.add(ctx.conn, DROP_BYTES, {"folder": folder_of(ctx.tenant), "hashes": sorted(set(hashes))}, now=ctx.now, due=ctx.now + BYTES_FOR)
    return len(hashes)


def store_chunks(ids: Sequence[str], size: int = 500) -> Iterator[list[str]]:
    """Ids in pieces that every database takes."""
    for at in range(0, len(ids), size):
        yield list(ids[at : at + size])


def drop_bytes(desk: jobs.Desk, job: jobs.Job) -> jobs.Outcome:
    """Remove bytes that no row names any more. Whoever uploads the same content meanwhile writes it anew, so what is
    younger than the removal of its last row is kept."""
    files = FileStore(desk.settings.data_dir / "files")
    with desk.read() as ctx:
        named: set[str] = set()
        for chunk in store_chunks(list(job.data["hashes"])):
            named |= set(ctx.conn.execute(select(t.file.c.sha256).where(t.file.c.sha256.in_(chunk))).scalars())
        before = ctx.now - BYTES_FOR / 2
    dropped = sum(files.drop(str(job.data["folder"]), sha, before) for sha in job.data["hashes"] if sha not in named)
    return jobs.Done({"dropped": dropped})
