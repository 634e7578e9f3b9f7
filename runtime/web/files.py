"""Files on screens: the views of the API, with the address a page needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, BinaryIO, cast

from flask import Request, current_app

from kernel.errors import Invalid, Problem
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.routes import json_response
from runtime.files import uploads
from runtime.files.store import folder_of
from runtime.forms.shown import size_words
from runtime.web.api.files import BODY_LIMIT, content, store
from runtime.web.sight import base_of

__all__ = ["BODY_LIMIT", "content", "upload"]


def upload(ctx: Ctx, request: Request) -> Any:
    """Take one file in; it belongs to the uploader until a record takes it. The bytes come in before the write lock."""
    sent = request.files.get("file")
    if sent is None:
        raise Invalid([Problem("no_file", _("Choose a file."), "file")])
    received = uploads.receive(store(), folder_of(ctx.tenant), cast(BinaryIO, sent.stream), sent.filename or "")
    _placement, home = current_app.extensions["fangyuan"].tenants.get(ctx.tenant.slug)
    with home.write() as conn:
        row = uploads.save(replace(ctx, conn=conn), received)
    url = f"{base_of(ctx)}/files/{row.id}"
    return json_response({
        "id": row.id, "name": row.name, "url": url, "size": size_words(row.size), "preview": f"{url}?variant=thumb" if row.width else None}, 201)
