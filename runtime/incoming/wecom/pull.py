"""The job that reads what was said: page by page, each page with its cursor in one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from kernel.egress.client import Egress
from kernel.egress.errors import Blocked, Unreachable
from kernel.errors import Busy, FangyuanError
from kernel.i18n import _
from kernel.jobs import Again, Done, GiveUp, Job, Outcome
from kernel.jobs.handler import Desk
from kernel.platform.ctx import Ctx
from kernel.platform.jsonvalues import dumps, loads
from runtime.incoming import refused, sources
from runtime.incoming.event import read
from runtime.incoming.sources import Source
from runtime.incoming.taking import KNOWN, kinds, take, writer
from runtime.incoming.wecom.client import ORIGIN, Client, Later, Said, Token
from runtime.incoming.wecom.mapping import KIND, event_of

WAIT = timedelta(minutes=1)
MOST_PAGES = 100


def carry_out(desk: Desk, job: Job) -> Outcome:
    """The handler of ``wecom_pull``. What was read before a page failed stays read; the next try goes on behind it."""
    with desk.read() as ctx:
        source, slug, now = sources.find(ctx, str(job.data["source"])), ctx.tenant.slug, ctx.now
        if source is None or not source.open or KIND not in kinds(ctx):
            return Done()
        origin = str(source.settings.get("api") or ORIGIN)
        secret = sources.secret(ctx, source, "secret", origin)
    if secret is None:
        raise _failed(desk, source, 0, _("The secret of the source is missing.").to("en"))
    account = str(job.data.get("account") or "")
    client = Client(
        Egress.of(desk.settings), slug, origin, str(source.settings.get("corp") or ""), secret, now,
        lambda: _kept(desk, source, origin), lambda token: _keep(desk, source, origin, token))
    cursor = str((source.state.get("cursors") or {}).get(account, ""))
    taken, pages, more = 0, 0, True
    while more:
        try:
            page = client.page(account, cursor, str(job.data.get("token") or "") if pages == 0 else "")
        except Later:
            return Again({**job.data, "token": ""}, at=now + WAIT)
        except Said as error:
            raise _failed(desk, source, error.code, error.text) from error
        except (Blocked, Unreachable) as error:
            _note(desk, source, 0, str(error)[:200])
            if isinstance(error, Blocked):
                raise GiveUp(error.message) from error
            raise
        with desk.write() as ctx:
            taken += _take_page(writer(ctx, source), source, page.messages)
            known = sources.find(ctx, source.id)
            cursors = dict((known.state if known else {}).get("cursors") or {})
            sources.remember(ctx, source, {"cursors": {**cursors, account: page.cursor}, "problem": None})
            sources.touch(ctx, source)
        pages += 1
        more = page.more and page.cursor != cursor
        cursor = page.cursor
        desk.progress(pages)
        if more and pages >= MOST_PAGES:
            return Again({**job.data, "token": ""})
    return Done({"taken": taken, "pages": pages})


def _take_page(ctx: Ctx, source: Source, messages: tuple[object, ...]) -> int:
    taken = 0
    # In the order in which they were written, so that an answer finds what it answers at once.
    raws = [event for message in messages if isinstance(message, dict) and (event := event_of(message)) is not None]
    for raw in sorted(raws, key=lambda one: str(one["occurred_at"])):
        try:
            with ctx.conn.begin_nested():
                taken += take(ctx, source, read(raw, KIND, ctx.now)).outcome != KNOWN
        except Busy:
            raise
        except FangyuanError as error:
            refused.note(ctx, error, source=source.id, kind=KIND, message_id=None, event_id=str(raw["id"]))
    return taken


def _kept(desk: Desk, source: Source, origin: str) -> Token | None:
    with desk.read() as ctx:
        text = sources.secret(ctx, source, "access", origin)
    found = loads(text) if text else None
    return Token(found["value"], datetime.fromisoformat(found["until"])) if found else None


def _keep(desk: Desk, source: Source, origin: str, token: Token) -> None:
    with desk.write() as ctx:
        sources.put(ctx, source, "access", dumps({"value": token.value, "until": token.until.isoformat()}), origin, noted=False)


def _note(desk: Desk, source: Source, code: int, text: str) -> None:
    with desk.write() as ctx:
        sources.remember(ctx, source, {"problem": {"at": ctx.now.isoformat(), "code": code, "text": text}})


def _failed(desk: Desk, source: Source, code: int, text: str) -> GiveUp:
    """What stands on the page of connections until the next pull goes well."""
    _note(desk, source, code, text)
    return GiveUp(_("WeCom refused: {text} ({code})", text=text, code=code))

