"""Exports that take longer: a job that writes a file, which only whoever asked may fetch, for a week."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from kernel.errors import Forbidden, Invalid, NotFound
from kernel.i18n import Text, _
from kernel.jobs import Desk, Done, GiveUp, Job, Outcome, queue
from kernel.platform.ctx import Ctx, Tenant, system_actor
from kernel.platform.settings import Settings
from runtime.exports.spec import Spec, spec_of
from runtime.exports.write import fill, may, opened
from runtime.notices.tell import tell

KIND, SWEEP = "export", "export_sweep"
AT_ONCE = 5_000  # records within a request
KEPT_FOR = timedelta(days=7)
_NAME = re.compile(r"([0-9]{1,15})-[0-9]+\.")


def folder_of(settings: Settings, tenant: Tenant) -> Path:
    """Where a tenant's files lie until they are fetched."""
    return settings.data_dir / "exports" / (tenant.id or tenant.slug)


def ask(ctx: Ctx, spec: Spec, total: int | None) -> int:
    """Have the file made in the background; returns the job's id."""
    return queue.add(ctx.conn, KIND, {"spec": spec.to_json(), "total": total}, now=ctx.now, person=ctx.actor.person)


def heading(ctx: Ctx, spec: Spec) -> Text:
    """The job as a headline."""
    label = ctx.app.entity(spec.entity).label if spec.entity in ctx.app.entities else "—"
    return _("{what}: {act}", what=label, act=_("export as {form}", form=spec.form.upper()))


def carry_out(desk: Desk, job: Job) -> Outcome:
    """Write the file, a page at a time. Done twice it is the same file. Raises GiveUp."""
    spec = spec_of(job.data["spec"])
    with desk.read() as ctx:
        folder, now = folder_of(desk.settings, ctx.tenant), ctx.now
        if spec.entity not in ctx.app.entities:
            raise GiveUp(_("What this was about does not exist any more."))
        title = f"{ctx.app.entity(spec.entity).label.to(ctx.language)} {now.astimezone(ctx.zone):%Y-%m-%d}.{spec.form}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{job.id}-{job.fence}.{spec.form}"
    draft = folder / f"{name}.part"
    try:
        writer = opened(spec.form, draft, now)
        try:
            rows = fill(desk.read, spec, writer, lambda n: desk.progress(n, job.data.get("total")))
        finally:
            writer.close()
        draft.replace(folder / name)
    except (Forbidden, NotFound, Invalid) as error:
        raise GiveUp(error.message) from error
    finally:
        draft.unlink(missing_ok=True)
    size = (folder / name).stat().st_size
    with desk.write() as ctx:
        words = _("{what} ({result})", what=heading(ctx, spec), result=_("{n} records", n=f"{rows:,}"))
        system = ctx.acting(actor=system_actor(ctx.tenant, ctx.release))
        tell(system, [ctx.actor.person], "job_done", f"job:{job.id}", data={"detail": words.to(ctx.language), "job": job.id})
    return Done({"file": name, "rows": rows, "size": size, "title": title})


def file_of(ctx: Ctx, settings: Settings, job: Job) -> tuple[Path, str]:
    """The file of a finished job and what it is called, for whoever asked, while they may export. Raises NotFound, Forbidden."""
    spec = spec_of(job.data["spec"])
    result: Mapping[str, Any] = job.result or {}
    name = str(result.get("file", ""))
    if job.state != "done" or not _NAME.match(name) or expired(ctx, job) or spec.entity not in ctx.app.entities:
        raise gone()
    if not may(ctx):
        raise Forbidden(_("None of your roles may export."), hint=_("Ask an admin for a role that may."))
    path = folder_of(settings, ctx.tenant) / name
    if not path.is_file():
        raise gone()
    return path, str(result.get("title") or name)


def gone() -> NotFound:
    """A file that is no longer there."""
    return NotFound(_("This file is no longer there."), hint=_("Exports are kept for 7 days. Export the list again."))


def expired(ctx: Ctx, job: Job) -> bool:
    """Whether its time is over."""
    return job.finished_at is None or job.finished_at + KEPT_FOR <= ctx.now


def sweep(desk: Desk, job: Job) -> Outcome:
    """Remove files whose time is over or that no job knows."""
    with desk.read() as ctx:
        folder = folder_of(desk.settings, ctx.tenant)
        files = {f: int(m[1]) for f in folder.iterdir() if (m := _NAME.match(f.name))} if folder.is_dir() else {}
        known = {id_: queue.find(ctx.conn, id_) for id_ in set(files.values())}
        over = [f for f, id_ in files.items() if _over(ctx, f, known[id_])]
    for file in over:
        with contextlib.suppress(FileNotFoundError):
            file.unlink()
    return Done({"removed": len(over)})


def _over(ctx: Ctx, file: Path, job: Job | None) -> bool:
    if job is None:
        return True
    if job.open:
        return False
    return (job.result or {}).get("file") != file.name or expired(ctx, job)
