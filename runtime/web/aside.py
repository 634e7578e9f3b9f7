"""What stands beside a record: whose it is, who follows it, the conversation and what happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import MultiDict

from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import tone_of
from runtime.files.uploads import MAX_SIZE
from runtime.records.labels import of_people
from runtime.talk import people
from runtime.web import timeline
from runtime.web.sight import base_of

if TYPE_CHECKING:
    from runtime.web.record import Open

MOST_NOTE = 1000


def context(ctx: Ctx, shown: Open, args: MultiDict[str, str]) -> dict[str, Any]:
    """Everything the right column shows."""
    return {**following(ctx, shown), **talk(ctx, shown, timeline.read(args)), "composer": composer(ctx, shown, text=args.get("note", "")[:MOST_NOTE])}


def talk(ctx: Ctx, shown: Open, asked: timeline.Asked) -> dict[str, Any]:
    """Comments and changes."""
    return timeline.page(ctx, shown.seen, shown.around, shown.url, asked)


def following(ctx: Ctx, shown: Open) -> dict[str, Any]:
    """The follow button, and who follows: people who may see the record now."""
    found = people.following(ctx, shown.seen.env.record)
    names = of_people(ctx, found) if found else {}
    return {"follow": {
        "on": ctx.actor.person in found, "count": len(found), "url": f"{shown.url}/follow",
        "people": [{"name": names.get(p) or _("Somebody"), "tone": tone_of(p)} for p in found]}}


def composer(
    ctx: Ctx, shown: Open, *, text: str = "", named: list[tuple[str, str]] | None = None, files: list[dict[str, Any]] | None = None,
    errors: list[Any] | None = None, comment: str | None = None,
) -> Mapping[str, Any]:
    """The box in which a comment is written, or (``comment``) changed."""
    return {
        "id": f"c-{comment}" if comment else "comment", "text": text, "named": named or [], "files": files or [], "errors": errors or [], "comment": comment,
        "action": f"{shown.url}/comments" + (f"/{comment}" if comment else ""), "people_url": f"{shown.url}/people",
        "upload_url": f"{base_of(ctx)}/files", "max_size": MAX_SIZE}
