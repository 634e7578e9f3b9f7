"""Makes applications of documents and installs them in a tenant, without the detour over packages and publishing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import func, insert, select, update

from kernel.errors import Problem
from kernel.model import indexes, system, tables
from kernel.model.application import Application, build
from kernel.model.document import Lines, flatten
from kernel.model.tree import Node, to_json
from kernel.platform import tables as t
from kernel.platform.clock import Clock
from kernel.platform.database import Home
from kernel.platform.releases import release_hash

Documents = Iterable[Mapping[str, Any]]


def make_tree(documents: Documents, package: str = "test") -> dict[str, Node]:
    """The nodes of some documents on top of the platform's own; what is wrong with them fails the test."""
    problems: list[Problem] = []
    found: dict[str, Node] = dict(system.tree())
    for index, document in enumerate(documents):
        found.update(flatten(document, package, Lines(), problems, index))
    assert problems == [], problems
    return found


def install(home: Home, clock: Clock, documents: Documents, package: str = "test") -> int:
    """Make the documents the tenant's first release: tables, indexes, the release row. Returns its id."""
    tree = make_tree(documents, package)
    application: Application = build(tree)
    names = tables.assign_names(application, {}, {})
    made = tables.build(application, names)
    content = to_json(tree)
    with home.write() as conn:
        made.metadata.create_all(conn, checkfirst=False)
        for index in indexes.indexes_of(application, made):
            index.create(conn)
        id_ = (conn.execute(select(func.max(t.release.c.id))).scalar() or 0) + 1
        conn.execute(
            insert(t.release).values(
                id=id_, hash=release_hash(content, names), kind="published", tree=content, columns=names, packages=[], published_at=clock.now()
            )
        )
        conn.execute(update(t.tenant_state).values(release_id=id_))
    return id_


def release_again(home: Home, clock: Clock, documents: Documents, package: str = "test") -> int:
    """Make the documents the release in force: others of the same tables. Returns its id."""
    content = to_json(make_tree(documents, package))
    with home.write() as conn:
        last, names = conn.execute(select(t.release.c.id, t.release.c.columns).order_by(t.release.c.id.desc()).limit(1)).one()
        conn.execute(insert(t.release).values(
            id=last + 1, hash=release_hash(content, names), kind="published", tree=content, columns=names, packages=[], published_at=clock.now()))
        conn.execute(update(t.tenant_state).values(release_id=last + 1))
    return int(last) + 1


@lru_cache(maxsize=1)
def jpeg(width: int = 40, height: int = 30, comment: bytes = b"somewhere") -> bytes:
    """A photograph with position, time and a comment in its metadata."""
    import io

    from PIL import Image

    picture = Image.new("RGB", (width, height), (200, 120, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # stands on its side
    exif[0x010F] = "Camera maker"
    exif.get_ifd(0x8769)[0x9003] = "2026:11:20 09:30:00"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (31.0, 14.0, 5.0)
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif, comment=comment)
    return out.getvalue()
