"""Deferred work: rows in the tenant's database, carried out by workers."""

from kernel.jobs.handler import Again, Desk, Done, GiveUp, Handler, Handlers, Later, Outcome
from kernel.jobs.queue import Job, add, cancel, find, of_person

__all__ = ["Again", "Desk", "Done", "GiveUp", "Handler", "Handlers", "Job", "Later", "Outcome", "add", "cancel", "find", "of_person"]
