"""The platform's own tables: one set per tenant, one in the control database. Made by Alembic, never by publishing.

A table stands in the module of its topic; everybody writes ``from kernel.platform import tables as t`` and ``t.session``.
"""

from kernel.platform.tables.automations import automation, automation_run, automation_turn
from kernel.platform.tables.base import control, platform, search_metadata
from kernel.platform.tables.deliveries import delivery
from kernel.platform.tables.evidence import behaviour, event_received, event_refused, event_source
from kernel.platform.tables.metadata import draft, overlay, package_version, release, retired_column
from kernel.platform.tables.outgoing import connection, outlet, push_subscription, robot_post, secret
from kernel.platform.tables.people import account, audit, invitation, person_role, rate, session, team_closure, tenant_state, token
from kernel.platform.tables.records import binned, change_log, comment, event, file, form_draft, idempotency, search, sequence, span
from kernel.platform.tables.tenancy import control_rate, operator, package, tenant
from kernel.platform.tables.work import absence, approval_case, approval_seat, ask, bulk_item, clock, follow, job, notice, preference, reaction, saved_view

__all__ = [
    "absence",
    "account",
    "approval_case",
    "approval_seat",
    "ask",
    "audit",
    "automation",
    "automation_run",
    "automation_turn",
    "behaviour",
    "binned",
    "bulk_item",
    "change_log",
    "clock",
    "comment",
    "connection",
    "control",
    "control_rate",
    "delivery",
    "draft",
    "event",
    "event_received",
    "event_refused",
    "event_source",
    "file",
    "follow",
    "form_draft",
    "idempotency",
    "invitation",
    "job",
    "notice",
    "operator",
    "outlet",
    "overlay",
    "package",
    "package_version",
    "person_role",
    "platform",
    "preference",
    "push_subscription",
    "rate",
    "reaction",
    "release",
    "retired_column",
    "robot_post",
    "saved_view",
    "search",
    "search_metadata",
    "secret",
    "sequence",
    "session",
    "span",
    "team_closure",
    "tenant",
    "tenant_state",
    "token",
]
