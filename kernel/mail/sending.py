"""The job kind ``mail``: written in the transaction that causes a mail, sent outside of any (at least once, always under one Message-ID)."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kernel.i18n import _
from kernel.jobs import Done, GiveUp, Job, Later, Outcome, queue
from kernel.jobs.handler import Desk
from kernel.mail.envelope import BadAddress, message
from kernel.mail.letter import Letter
from kernel.mail.smtp import Rejected, deliver, read_url
from kernel.platform.ctx import Ctx
from kernel.platform.settings import Settings

KIND = "mail"
# Where mail goes, for the lane of what leaves the house.
DESTINATION = "mail"


@dataclass(frozen=True, slots=True)
class Template:
    """``write(ctx, data, settings)`` makes the letter when it is sent, in a transaction that may write (a link that opens
    something is made there and stored nowhere); None: there is nobody to write to any more."""

    key: str
    write: Callable[[Ctx, Mapping[str, Any], Settings], Letter | None]


def send_later(ctx: Ctx, template: str, data: Mapping[str, Any], *, key: str | None = None, until: datetime | None = None) -> int:
    """Have a mail written by ``template`` sent once this transaction is committed. ``data`` holds ids, never secrets or values of records.

    ``until``: afterwards it is no longer worth sending. Returns the job's id; its result says what became of it.
    """
    whole = {"template": template, "data": dict(data), "until": until.isoformat() if until else None}
    return queue.add(ctx.conn, KIND, whole, now=ctx.now, key=key, destination=DESTINATION)


class Sender:
    """The handler, with everything that can be written."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self.templates = {template.key: template for template in templates}

    def __call__(self, desk: Desk, job: Job) -> Outcome:
        settings = desk.settings
        if settings.smtp_url is None or settings.mail_from is None:
            raise GiveUp(_("No mail server is set up."))
        template = self.templates.get(str(job.data.get("template")))
        if template is None:
            raise GiveUp(_("This kind of mail is not known."))
        with desk.write() as ctx:
            until = job.data.get("until")
            if until and ctx.now > datetime.fromisoformat(until):
                raise GiveUp(_("It could not be sent in time."))
            letter = template.write(ctx, job.data.get("data") or {}, settings)
            now, tenant = ctx.now, ctx.tenant.id or ctx.tenant.slug
        if letter is None:
            return Done({"sent": False})
        return Done({"sent": True, **hand_over(settings, letter, now, f"{tenant}.{job.id}")})


def hand_over(settings: Settings, letter: Letter, now: datetime, id: str) -> Mapping[str, Any]:
    """Give a letter to the mail server, under the Message-ID ``id`` however often; returns what is worth noting.

    Raises GiveUp where another try would not help, Later where it may.
    """
    if settings.smtp_url is None or settings.mail_from is None:
        raise GiveUp(_("No mail server is set up."))
    try:
        answer = deliver(read_url(settings.smtp_url), message(letter, settings.mail_from, now, id))
    except BadAddress as error:
        raise GiveUp(_("“{address}” is no e-mail address.", address=str(error)), {"to": letter.to[:100]}) from error
    except Rejected as error:
        raise GiveUp(_("The mail server refused it: {answer}", answer=str(error)), {"to": letter.to}) from error
    except smtplib.SMTPResponseException as error:
        # It answers: what it has against this mail holds up no other.
        answer = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else str(error.smtp_error)
        raise Later(_("The mail server does not take it now: {answer}", answer=f"{error.smtp_code} {answer[:200]}"), blame=False) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Later(_("The mail server does not answer.")) from error
    return {"to": letter.to, "message_id": id, "answer": answer}
