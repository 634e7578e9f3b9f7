"""Recordings: the event says where one is, a job fetches it later, where that is wanted."""

from __future__ import annotations

import hashlib
import io
from typing import Any

from sqlalchemy import select

from kernel.egress.client import MOST_LIMIT, Egress
from kernel.egress.errors import Blocked, Unreachable
from kernel.errors import Invalid, Problem
from kernel.i18n import _
from kernel.jobs import Done, GiveUp, Job, Outcome
from kernel.jobs.handler import Desk
from kernel.model.elements import Intake
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.evidence.keep import FROM_SOURCE
from runtime.evidence.policy import policies_of
from runtime.files import uploads
from runtime.files.store import FileStore, folder_of
from runtime.incoming import refused, sources
from runtime.incoming.taking import writer
from runtime.records import road, store
from runtime.records.env import RecordEnv, Scene
from runtime.records.record import Record
from runtime.records.shape import EntityShape, shape_of

_R = t.event_received.c


def fetch(desk: Desk, job: Job) -> Outcome:
    """The handler: through the one way out of the house, checked against what the event says, bound to its record as evidence."""
    with desk.read() as ctx:
        wanted = _wanted(ctx, str(job.data["received"]))
        if wanted is None:
            return Done({"skipped": True})
        row, recording, tenant, folder = wanted[0], wanted[0].body["recording"], ctx.tenant.slug, folder_of(ctx.tenant)
    try:
        answer = Egress.of(desk.settings).send(tenant, "GET", str(recording["url"]), seconds=30, limit=MOST_LIMIT)
        if answer.status in (404, 410):
            raise Invalid([Problem("recording_gone", _("The recording is not there (any more)."), "recording.url")])
        if answer.status != 200:
            raise Unreachable("status", _("The other side answered {status}.", status=answer.status))
        if answer.cut:
            raise Invalid([Problem("too_large", _("The recording is too large: at most {n} MB.", n=MOST_LIMIT // 1_000_000), "recording.url")])
        given = recording.get("sha256")
        if given is not None and hashlib.sha256(answer.body).hexdigest() != given:
            raise Invalid([Problem("recording_changed", _("The recording is another one than the event says."), "recording.sha256")])
        media = str(recording.get("media_type") or answer.headers.get("content-type") or "").partition(";")[0].strip()
        received = uploads.receive(FileStore(desk.settings.data_dir / "files"), folder, io.BytesIO(answer.body), f"recording{_ENDINGS.get(media, '.mp3')}")
        with desk.write() as ctx:
            _bind(ctx, str(job.data["received"]), received)
    except (Blocked, Invalid) as error:
        with desk.write() as ctx:
            refused.note(ctx, error, source=row.source_id, kind=row.kind, message_id=None, event_id=row.event_id)
        raise GiveUp(error.message) from error
    return Done({"bytes": len(answer.body)})


_ENDINGS = {"audio/mpeg": ".mp3", "audio/mp4": ".m4a", "audio/x-m4a": ".m4a", "audio/wav": ".wav", "audio/x-wav": ".wav", "audio/ogg": ".ogg", "audio/amr": ".amr"}


def _wanted(ctx: Ctx, received: str) -> tuple[Any, Intake, EntityShape, Record] | None:
    """The event, its intake and record, while a recording is still wanted: the switch may have been turned since, and a hand may have been faster."""
    row = ctx.conn.execute(select(_R.source_id, _R.event_id, _R.kind, _R.body, _R.entity, _R.record_id).where(_R.id == received)).first()
    intake = policies_of(ctx.app).intakes.get(row.entity) if row is not None else None
    if row is None or intake is None or intake.recording is None or intake.recording not in ctx.app.entities[intake.entity].by_key:
        return None
    shape = shape_of(ctx.release, intake.entity)
    record = store.load(ctx, shape, [row.record_id]).get(row.record_id)
    if record is None or record.deleted_at is not None or record.values.get(intake.recording) is not None:
        return None
    when = ctx.app.schema.expression(intake, "recording_when")
    if when is not None and when.evaluate(RecordEnv(Scene(ctx), shape, record)) is not True:
        return None
    return row, intake, shape, record


def _bind(ctx: Ctx, received_id: str, received: uploads.Received) -> None:
    found = _wanted(ctx, received_id)
    if found is None:
        return
    row, intake, shape, record = found
    field = shape.fields[str(intake.recording)].field
    problems = list(shape.fields[field.key].type.check_file(field, received.media_type, received.name, received.stored.size))  # type: ignore[attr-defined]
    if problems:
        raise Invalid(problems)
    source = sources.find(ctx, row.source_id)
    inner = writer(ctx, source) if source is not None else ctx
    saved = uploads.save(inner, received)
    uploads.attach(inner, record.entity, record.id, field.key, [saved.id])
    road.stamp(inner, record.entity, record.id, {field.key: saved.id}, {FROM_SOURCE: row.source_id, "event": row.event_id})


