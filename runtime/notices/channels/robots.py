"""Group robots: what concerns people of a team is said in the team's group, once per cause."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from kernel.i18n import Text, _
from kernel.jobs import Desk, GiveUp
from kernel.platform.ctx import Ctx
from runtime.notices.channels.channel import Message


class Robots:
    """Hands a message to the robots of its person's teams; they say it by a job of their own (runtime/robots)."""

    key: str = "robots"
    label: Text = _("Group robot")

    def reachable(self, ctx: Ctx, people: Collection[str]) -> frozenset[str]:
        """Whose team, or workspace, has a robot."""
        from runtime.robots import posts

        return frozenset(posts.robots_of(ctx, people))

    def send(self, desk: Desk, message: Message) -> Mapping[str, Any]:
        """Raises GiveUp when no robot tells of such notices (any more)."""
        from runtime.robots import posts, wording

        with desk.write() as ctx:
            robots = [
                one for one in posts.robots_of(ctx, [message.person]).get(message.person, ())
                if (message.urgency == "high" or one.rules.get("urgency") != "high") and wording.told(one.rules.get("topics"), message.kind)]
            if not robots:
                raise GiveUp(_("No group is told of this."))
            return {"robots": [one.name for one in robots], "new": posts.put(ctx, robots, message)}
