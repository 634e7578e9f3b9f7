"""What one side needs of the other, connected: the builder's ports, and what the kernel asks run time."""

from __future__ import annotations

from builder.jobs import HANDLERS as BUILDER
from builder.ports import Ports
from kernel.jobs import Handlers
from kernel.platform import actors, links
from runtime.clocks.replan import Promises
from runtime.jobs import HANDLERS as RUNTIME
from runtime.people.make import rename
from runtime.records.membership import roles_by_expression
from runtime.records.refill import Refill


def ports() -> Ports:
    """What design time asks run time."""
    return Ports(fills=Refill(), promises=Promises())


def connect() -> None:
    """What the kernel must be told once per process: how membership by expression is found, how an invited person gets a name."""
    actors.use_membership(roles_by_expression)
    links.use_naming(rename)


def handlers() -> Handlers:
    """Everything that deferred work can be."""
    return Handlers((*BUILDER, *RUNTIME))
