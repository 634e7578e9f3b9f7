"""Upload and download of files over the API; screens use the same views."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Request, Response, current_app, send_file

from kernel.errors import Forbidden, Invalid, Problem
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.routes import json_response
from runtime.files import uploads
from runtime.files.store import FileStore, folder_of
from runtime.web.api.wire import instant

BODY_LIMIT = uploads.MAX_SIZE + 64 * 1024
_INLINE = ("image/", "audio/", "video/")


def store() -> FileStore:
    """Where this process keeps files."""
    web = current_app.extensions["fangyuan"]
    return FileStore(web.settings.data_dir / "files")


def file_json(row: uploads.FileRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "label": row.name,
        "name": row.name,
        "size": row.size,
        "media_type": row.media_type,
        "sha256": row.sha256,
        "width": row.width,
        "height": row.height,
        "created_at": instant(row.created_at),
    }


def upload(ctx: Ctx, request: Request) -> Any:
    """``multipart/form-data`` with one part ``file``; 201 with its id, which a record's field then takes.

    The bytes are taken in before the write lock: the route only reads, and the row is written in a short unit of its own.
    """
    if ctx.actor.scopes is not None and not ctx.actor.scopes & {"all", "write"}:
        raise Forbidden(_("This token may not do this."), hint=_("Make a token with a wider scope."))
    sent = request.files.get("file")
    if sent is None or len(request.files) != 1:
        raise Invalid([Problem("no_file", _("Send one file in the part “file”."), "file")])
    received = uploads.receive(store(), folder_of(ctx.tenant), sent.stream, sent.filename or "")
    _placement, home = current_app.extensions["fangyuan"].tenants.get(ctx.tenant.slug)
    with home.write() as conn:
        row = uploads.save(replace(ctx, conn=conn), received)
    return json_response(file_json(row), 201, {"Location": f"/t/{ctx.tenant.slug}/api/v1/files/{row.id}"})


def describe(ctx: Ctx, request: Request, id: str) -> Any:
    """What a file is; only for those who may read its record."""
    row, _path = uploads.open_file(ctx, store(), id)
    return json_response(file_json(row))


def content(ctx: Ctx, request: Request, id: str) -> Response:
    """The bytes, of a picture without its position for others than its uploader and admins; ``variant=preview|thumb`` gives a picture without its metadata, at most 1600 or 320 pixels wide.

    Pictures, sound and film may stand in a page, everything else is downloaded; nothing is ever run (D34).
    """
    variant = request.args.get("variant", "")
    if variant not in ("", "preview", "thumb"):
        raise Invalid([Problem("bad_variant", _("variant is preview or thumb."), "variant")])
    row, path = uploads.open_file(ctx, store(), id, variant)
    shown = path.suffix.lstrip(".")  # the variant it became, which may be another than the one asked for
    media_type = "image/jpeg" if shown in ("preview", "thumb") else row.media_type
    inline = media_type.startswith(_INLINE)
    response = send_file(path, mimetype=media_type, as_attachment=not inline, download_name=row.name, conditional=True, etag=row.sha256 + shown, max_age=3600)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.cache_control.private = True
    if row.is_picture:
        response.vary.update(("Cookie", "Authorization"))  # one address, with and without the place it was taken
    return response
