"""What goes out, and what a way out must be able to do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from kernel.i18n import Text
from kernel.jobs import Desk
from kernel.platform.ctx import Ctx


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one person, in words that this person may read at this moment.

    ``id`` is the stable id of the delivery: the same on each try, so that whoever receives it twice can tell. ``tag`` is the cause: a later
    message of the same cause replaces an earlier one on a screen. ``url`` is absolute and lies within the tenant.
    """

    id: str
    person: str
    language: str
    title: str
    body: str
    url: str
    urgency: str
    kind: str
    tag: str


class Channel(Protocol):
    """A way out of the house. Listed in ``CHANNELS``; it knows neither rules nor words, it only carries."""

    @property
    def key(self) -> str:
        """Stands in delivery rows and in what people chose."""

    @property
    def label(self) -> Text:
        """What people call it."""

    def reachable(self, ctx: Ctx, people: Collection[str]) -> frozenset[str]:
        """Who can be reached that way now (an address, a subscription), in one statement."""

    def send(self, desk: Desk, message: Message) -> Mapping[str, Any]:
        """Hand it over; what is noted with the delivery (short, nothing secret).

        Raises GiveUp where another try would not help, any other exception to be tried again with growing pauses.
        """
