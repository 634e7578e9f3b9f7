"""A comment on the screen: its words as mark-up, its files and reactions, and what its reader may do with it."""

from __future__ import annotations

from typing import Any

from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import tone_of
from runtime.forms.shown import Surroundings, size_words
from runtime.forms.when import iso, moment_text
from runtime.records.comments import EDIT_WITHIN, Comment
from runtime.talk import words
from runtime.talk.reactions import REACTIONS


def line(ctx: Ctx, comment: Comment, around: Surroundings, url: str) -> dict[str, Any]:
    """One comment for the timeline."""
    language, me = ctx.language, ctx.actor.person
    place = f"{url}/comments/{comment.id}"
    mine = comment.author_id == me and comment.deleted_at is None
    return {
        "id": comment.id, "kind": "comment", "person": comment.author_id, "at": comment.at,
        "who": comment.author or (_("System") if comment.author_id == "system" else _("Somebody")), "tone": tone_of(comment.author_id or ""),
        "when": moment_text(comment.at, around.reader), "iso": iso(comment.at), "edited": comment.edited_at is not None,
        "deleted": comment.deleted_at is not None, "body": words.rich(comment.body, comment.names, language, me), "changes": [],
        "quote": words.excerpt(comment.body, comment.names, language, 200),
        "files": [
            {"name": f.name, "href": f"{around.base}/files/{f.id}", "size": size_words(f.size),
             "preview": f"{around.base}/files/{f.id}?variant=thumb" if f.width else None} for f in comment.files],
        "reactions": [
            {"key": key, "sign": REACTIONS[key].sign, "label": REACTIONS[key].label, "count": len(given), "mine": me in given,
             "who": [comment.names.get(p) or _("Somebody") for p in given]} for key, given in comment.reactions.items()],
        "choices": [{"key": r.key, "sign": r.sign, "label": r.label, "mine": me in comment.reactions.get(r.key, ())} for r in REACTIONS.values()],
        "url": place, "href": f"{url}?at={comment.id}#e-{comment.id}", "may_edit": mine and ctx.now - comment.at <= EDIT_WITHIN, "may_delete": mine,
    }
