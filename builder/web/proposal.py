"""What somebody wants to change, carried from the form over the review to the publish; and what it would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import select

from builder.layers.apply import apply
from builder.layers.change import OWN, Change, changes_from_json
from builder.layers.diff import diff
from builder.layers.resolve import TENANT, resolve_packages
from builder.ports import Ports
from builder.publish import store
from builder.publish.prepare import Prepared, prepare_on
from builder.web import documents
from kernel.errors import BadRequest, Invalid
from kernel.i18n import _
from kernel.platform import releases
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.platform.jsonvalues import JsonRefused, dumps, read_strict

LAYER = TENANT
MAX_NOTE = 500
PORTS = "fangyuan_builder_ports"
"""Where ``app.extensions`` holds the builder's Ports, if the process connected any."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """``kind``: ``changes`` to the tenant's overlay, ``documents`` (YAML in ``text``), or ``release`` (an older one, by id).

    ``back`` is where the person came from, relative to the Design pages.
    """

    kind: str
    back: str = ""
    changes: tuple[Change, ...] = ()
    text: str = ""
    release: int = 0
    note: str = ""

    def to_json(self) -> str:
        """What the hidden input of the review holds; the note has an input of its own."""
        return dumps({
            "kind": self.kind, "back": self.back, "changes": [c.to_json() for c in self.changes], "text": self.text, "release": self.release})


def from_json(source: str, note: str = "") -> Proposal:
    """The proposal of a review. Raises BadRequest or Invalid for what no review of ours has written."""
    unreadable = BadRequest(hint=_("Go back to the page and try again."))
    try:
        given = read_strict(source)
    except JsonRefused as error:
        raise unreadable from error
    if not isinstance(given, Mapping) or given.get("kind") not in ("changes", "documents", "release"):
        raise unreadable
    changes, text, release, back = given.get("changes", []), given.get("text", ""), given.get("release", 0), given.get("back", "")
    if not (isinstance(changes, list) and isinstance(text, str) and isinstance(release, int) and isinstance(back, str)) or isinstance(release, bool):
        raise unreadable
    if not all(isinstance(c, Mapping) for c in changes):
        raise unreadable
    read = changes_from_json(changes)
    if any(c.do in ("set", "unset") and c.path in OWN for c in read):
        # No page of ours renames or turns one kind of element into another.
        raise unreadable
    # Ids are numbers of the database; a larger one is no release.
    return Proposal(given["kind"], safe_back(back), read, text, release if 0 <= release < 2**31 else 0, note.strip()[:MAX_NOTE])


def safe_back(back: str) -> str:
    """A path below the Design pages: letters, digits and a few signs, never another site's."""
    return back if all(c.isascii() and (c.isalnum() or c in "/_-") for c in back) and "//" not in back else ""


def prepare(ctx: Ctx, proposal: Proposal) -> Prepared:
    """What the proposal leads to, on the release now in force. Raises Invalid for changes that can't be applied."""
    conn = ctx.conn
    if proposal.kind == "release":
        older = releases.load(conn, proposal.release)
        row = conn.execute(select(t.release.c.changes).where(t.release.c.id == proposal.release)).scalar()
        return prepare_on(
            conn, packages=store.packages_of(conn, proposal.release), changes=changes_from_json(row or ()), tree=older.application.tree, ports=ports())
    packages = store.packages_of(conn, ctx.release.id)
    below = resolve_packages(packages).tree
    overlay = store.tenant_changes(conn)
    now, _stale = apply(below, overlay)
    if proposal.kind == "documents":
        tree, problems = documents.taken_in(now, proposal.text)
    else:
        tree, problems = apply(now, proposal.changes)
    if problems:
        # What can't be read is said together with what the checks find in the rest: everything at once.
        found = prepare_on(conn, packages=packages, changes=diff(below, tree), ports=ports())
        seen = {(p.code, p.path) for p in problems}
        raise Invalid([*problems, *(p for f in found.errors if ((p := f.problem()).code, p.path) not in seen)])
    # Lines of the file live in the nodes just read; changes made of them keep the nodes, so findings still name lines.
    return prepare_on(conn, packages=packages, changes=diff(below, tree), ports=ports())


def template_value(ctx: Ctx) -> Mapping[str, Any]:
    """Per uid of a parameter the value that the packages give it, without the tenant."""
    tree = resolve_packages(store.packages_of(ctx.conn, ctx.release.id)).tree
    return {uid: node.props.get("value") for uid, node in tree.items() if node.kind == "parameter"}


def package_names(ctx: Ctx) -> Mapping[str, Any]:
    """Labels of the packages in force, by key."""
    return {p.key: p.manifest.label for p in store.packages_of(ctx.conn, ctx.release.id)}


def ports() -> Ports | None:
    """What run time offers to design time, if it is connected."""
    found = current_app.extensions.get(PORTS)
    return found if isinstance(found, Ports) else None
