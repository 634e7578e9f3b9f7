"""The push services of the browsers: nothing else is ever called for a push (SAFETY D31)."""

from __future__ import annotations

import re

# Chrome and most Android browsers, Firefox, Safari, and Edge, whose data centres have names of one exact form.
_EXACT = frozenset({"fcm.googleapis.com", "updates.push.services.mozilla.com", "web.push.apple.com"})
_EDGE = re.compile(r"(?:wns2-[a-z0-9]{2,12}|[a-z0-9]{2,12})\.notify\.windows\.com\Z")


class Services:
    """Exact hosts; an operator adds further ones by ``FANGYUAN_PUSH_HOSTS``."""

    def __contains__(self, host: object) -> bool:
        return isinstance(host, str) and (host in _EXACT or _EDGE.match(host) is not None)


SERVICES = Services()
