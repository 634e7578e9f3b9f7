"""What people and processes do with records: jobs, notices, tasks, approvals, views of their own."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, UniqueConstraint, text

from kernel.platform.columns import COUNTER, ID, KEY, TEXT, Instant, Json
from kernel.platform.tables.base import platform

# Everything that is to happen later: one queue, many kinds (kernel/jobs). ``state``: waiting, running, done, failed, cancelled.
# A running job whose lease is over belongs to whoever claims it next; ``fence`` tells the two apart.
job = Table(
    "job", platform,
    Column("id", COUNTER, primary_key=True),
    Column("kind", KEY, nullable=False),
    # Names the work, so that asking twice does it once.
    Column("key", KEY, unique=True),
    Column("state", KEY, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("data", Json, nullable=False),
    # In whose name; none: the system's.
    Column("person_id", ID),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("attempts", Integer, nullable=False, default=0),
    Column("fence", Integer, nullable=False, default=0),
    Column("lease_until", Instant),
    Column("progress", Json),
    Column("result", Json),
    Column("error", TEXT),
    # Where it goes when it leaves the house, and until when that is tried (kernel/jobs/outlets.py).
    Column("destination", KEY),
    Column("until", Instant),
    Index(None, "state", "due_at"),
    Index(None, "person_id", "id"),
    # Only what leaves the house: other jobs pay nothing for it.
    Index(None, "state", "destination", "due_at", sqlite_where=text("destination IS NOT NULL"), postgresql_where=text("destination IS NOT NULL")),
    sqlite_autoincrement=True,
)

# What a job did with each of many records (runtime/bulk). ``outcome``: waiting, done, refused, changed, gone. Ids, versions and the
# words of a refusal; never values. Only whoever asked for the job reads them; they go with it.
bulk_item = Table(
    "bulk_item", platform,
    Column("job_id", COUNTER, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("record_id", ID, nullable=False),
    # The version it was asked for; none: whatever there is. ``after``: the version it has since.
    Column("version", Integer),
    Column("outcome", KEY, nullable=False),
    Column("after", Integer),
    Column("reasons", Json),
    Index(None, "job_id", "outcome", "n"),
)

# What one person chose, by name: widths of columns, pinned views, ways of notification.
preference = Table(
    "preference", platform,
    Column("person_id", ID, ForeignKey("account.person_id", ondelete="CASCADE"), primary_key=True),
    Column("key", KEY, primary_key=True),
    Column("value", Json),
    Column("updated_at", Instant, nullable=False),
)

# Views that people saved; those of the application stand in the release. ``audience``: me, team, all.
saved_view = Table(
    "saved_view", platform,
    Column("id", ID, primary_key=True),
    Column("entity", KEY, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("owner_id", ID, nullable=False),
    Column("audience", KEY, nullable=False),
    Column("team_id", ID),
    Column("data", Json, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # Removed, and can still be brought back.
    Column("deleted_at", Instant),
    Index(None, "entity", "owner_id"),
)

reaction = Table(
    "reaction", platform,
    Column("comment_id", ID, ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", ID, primary_key=True),
    Column("emoji", KEY, primary_key=True),
    Column("at", Instant, nullable=False),
)

follow = Table(
    "follow", platform,
    Column("entity", KEY, primary_key=True),
    Column("record_id", ID, primary_key=True),
    Column("person_id", ID, primary_key=True),
    # False: no longer, though a rule would make them follow (owner, writer of a comment).
    Column("active", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "person_id"),
)

# A person's inbox: one row per cause and person, whatever the channels it went out by.
notice = Table(
    "notice", platform,
    Column("id", ID, primary_key=True),
    Column("person_id", ID, nullable=False),
    Column("cause", KEY, nullable=False),
    # mention, ask, answered, approval, followed, handed_over, job ...
    Column("kind", KEY, nullable=False),
    Column("urgency", KEY, nullable=False),
    Column("entity", KEY),
    Column("record_id", ID),
    Column("data", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("read_at", Instant),
    Column("done_at", Instant),
    UniqueConstraint("person_id", "cause"),
    Index(None, "person_id", "done_at", "created_at"),
)

# Somebody asked somebody for what a record lacks (PEERS S6). Closes by itself when it is supplied.
ask = Table(
    "ask", platform,
    Column("id", ID, primary_key=True),
    Column("entity", KEY, nullable=False),
    Column("record_id", ID, nullable=False),
    # What is closed without it: a transition's key; none: the record as such.
    Column("transition", KEY),
    # The uid of what is missing, and where it is supplied ({kind, field, entity ...} as Missing.ask says).
    Column("rule", TEXT, nullable=False),
    Column("place", Json, nullable=False),
    Column("asked_by", ID, nullable=False),
    # Ids of those who asked for the same.
    Column("also", Json),
    # One person, or whoever has the role and may see the record.
    Column("person_id", ID),
    Column("role", KEY),
    Column("note", TEXT),
    Column("created_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("closed_by", ID),
    # supplied, withdrawn, declined, gone
    Column("outcome", KEY),
    Column("answer", TEXT),
    Index(None, "entity", "record_id", "closed_at"),
    Index(None, "person_id", "closed_at"),
    Index(None, "role", "closed_at"),
    Index(None, "asked_by", "closed_at"),
    # What is open, by kind of record: looked at after every write.
    Index(None, "closed_at", "entity"),
)

# One run of an approval: keeps the definition it began with (``definition``, ``release_id``). ``state``: open, returned (both
# under way), approved, declined, withdrawn, void. ``outcome`` says why it is in that state.
approval_case = Table(
    "approval_case", platform,
    Column("id", ID, primary_key=True),
    Column("entity", KEY, nullable=False),
    Column("record_id", ID, nullable=False),
    Column("transition", KEY, nullable=False),
    Column("release_id", Integer, nullable=False),
    Column("definition", Json, nullable=False),
    Column("state", KEY, nullable=False),
    Column("step", Integer, nullable=False, default=0),
    Column("round", Integer, nullable=False, default=1),
    Column("requested_by", ID, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("record_version", Integer, nullable=False),
    # What came with the transition, to be taken when the case is approved.
    Column("input", Json, nullable=False),
    Column("note", TEXT),
    Column("files", Json),
    Column("outcome", Json),
    Column("closed_at", Instant),
    Column("closed_by", ID),
    Column("version", Integer, nullable=False, default=1),
    Index(None, "entity", "record_id", "state"),
    Index(None, "state", "requested_at"),
    Index(None, "requested_by", "requested_at"),
)

# A person's seat in a step of a case. ``state``: waiting, approved, declined, returned, passed_on, skipped.
approval_seat = Table(
    "approval_seat", platform,
    Column("id", ID, primary_key=True),
    Column("case_id", ID, ForeignKey("approval_case.id", ondelete="CASCADE"), nullable=False),
    Column("step", Integer, nullable=False),
    Column("round", Integer, nullable=False, default=1),
    Column("person_id", ID, nullable=False),
    # For whom: an absent colleague, or who passed it on or added them; and why they sit there.
    Column("instead_of", ID),
    Column("because", KEY, nullable=False),
    Column("state", KEY, nullable=False),
    Column("due_at", Instant),
    Column("decided_at", Instant),
    Column("note", TEXT),
    Column("files", Json),
    Index(None, "case_id", "step"),
    Index(None, "person_id", "state"),
)

# While somebody is away their approvals go to a substitute.
absence = Table(
    "absence", platform,
    Column("id", ID, primary_key=True),
    Column("person_id", ID, nullable=False),
    Column("substitute_id", ID, nullable=False),
    Column("from_at", Instant, nullable=False),
    Column("to_at", Instant, nullable=False),
    Column("note", TEXT),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index(None, "person_id", "to_at"),
)

# One run of a promise on a record (runtime/clocks). ``state``: running, paused, met, cancelled; refused where it would run but can't be
# worked out (``definition`` says why). It keeps what it began with
# (``definition``, ``release_id``); ``generation`` rises with each new plan, so that an old alarm does nothing.
clock = Table(
    "clock", platform,
    Column("id", ID, primary_key=True),
    Column("policy", KEY, nullable=False),
    Column("uid", TEXT, nullable=False),
    Column("entity", KEY, nullable=False),
    Column("record_id", ID, nullable=False),
    Column("state", KEY, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("release_id", Integer, nullable=False),
    Column("definition", Json, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("target_s", COUNTER, nullable=False),
    # Key of the working calendar; none: every second counts.
    Column("calendar", KEY),
    Column("pauses", Json, nullable=False),
    Column("due_at", Instant),
    # When it begins to run out: its first step before the breach.
    Column("warns_at", Instant),
    Column("breached_at", Instant),
    Column("fired", Json, nullable=False),
    # Each new plan with its moment, what moved and why.
    Column("plans", Json, nullable=False),
    Column("ended_at", Instant),
    # Counted seconds beyond the target when it ended.
    Column("late_s", COUNTER),
    # Whether what starts it has been false since it ended: then it may start again.
    Column("rearmed", Boolean, nullable=False, default=False),
    Index(None, "entity", "record_id"),
    Index(None, "state", "due_at"),
    Index(None, "policy", "state"),
)
