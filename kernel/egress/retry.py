"""What an answer says about trying again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from kernel.egress.client import Answer


def retry_after(answer: Answer, now: datetime) -> timedelta | None:
    """How long it asks to be left alone (``Retry-After``: seconds or a date); None when it says nothing that can be read."""
    said = answer.headers.get("retry-after", "").strip()
    if not said or len(said) > 64:
        return None
    if said.isascii() and said.isdigit():
        return timedelta(seconds=min(int(said), 10**7))
    try:
        moment = parsedate_to_datetime(said)
    except (ValueError, TypeError):
        return None
    return max((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now, timedelta())
