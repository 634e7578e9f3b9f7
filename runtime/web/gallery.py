"""The gallery: a card with a picture per record, and what matters most of it below."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Request

from kernel.errors import Invalid
from kernel.fieldtypes.base import Unreadable
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.files import uploads
from runtime.forms.prepare import prepared
from runtime.forms.shown import file_ids
from runtime.records import query
from runtime.web.columns import state_pill
from runtime.web.faces import Faces
from runtime.web.lists import Asked, frame, refusal_words
from runtime.web.sight import base_of, wants_fragment

PAGE = 48
FACTS = 2


def page(ctx: Ctx, request: Request, asked: Asked) -> Page:
    """The cards, more of them by scrolling."""
    template = "runtime/list/gallery.html"
    if wants_fragment(request):
        template = "runtime/list/gallery_cards.html" if asked.cursor else "runtime/list/gallery_body.html"
    context: dict[str, Any] = {**frame(ctx, asked), "cards": [], "next_url": None, "refusal": None, "rows": None}
    try:
        context |= _cards(ctx, asked)
    except (Invalid, Unreadable) as error:
        context["refusal"] = refusal_words(error, ctx.language)
    return Page(template, context)


def _cards(ctx: Ctx, asked: Asked) -> dict[str, Any]:
    image = asked.shown.image
    faces = Faces(ctx, asked, without=(image,))
    found = query.list_records(ctx, asked.entity.key, asked.list_query(tuple(dict.fromkeys((*faces.keys, image))), limit=PAGE))
    p = prepared(ctx, asked.entity.by_key[image])
    pictures = [file_ids(p, i.record.values.get(image)) for i in found.items]
    # The first picture of each, in one statement; the browser fetches those that come into sight.
    files = uploads.rows(ctx, [ids[0] for ids in pictures if ids])
    made, _around = faces.of(found)
    cards = []
    for item, face, ids in zip(found.items, made, pictures, strict=True):
        row = files.get(ids[0]) if ids else None
        facts = [*([("", face.amount)] if face.amount else []), *(("", note) for note in face.notes), *face.facts]
        cards.append({
            "id": face.id, "title": face.title, "href": face.href, "facts": facts[:FACTS], "person": face.person, "avatar": face.avatar, "clock": face.clock,
            "thumb": f"{base_of(ctx)}/files/{ids[0]}?variant=thumb" if row is not None and row.width else None, "more": len(ids) - 1 if len(ids) > 1 else 0,
            "pill": state_pill(ctx, asked.machine, item.record.state) if asked.machine is not None else None,
        })
    return {"cards": cards, "rows": cards, "next_url": replace(asked, cursor=found.next_cursor).url() if found.next_cursor else None}
