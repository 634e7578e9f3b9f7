"""What leaves the house: the one client for calls to other machines."""

from kernel.egress.address import Target, origin, parse
from kernel.egress.client import Answer, Egress
from kernel.egress.errors import Blocked, Unreachable

__all__ = ["Answer", "Blocked", "Egress", "Target", "Unreachable", "origin", "parse"]
