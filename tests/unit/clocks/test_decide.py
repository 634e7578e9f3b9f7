"""What becomes of a clock, with values only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kernel.calendars.reckon import Pause
from runtime.clocks.decide import CANCELLED, MET, PAUSED, RUNNING, Change, End, Facts, Rearm, Start, Was, decide, late_by

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=1)
TARGET = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
PROMISED = Facts(starts=True, target=TARGET)
RAN = Was(RUNNING, EARLIER, TARGET, None, None, ())


def but(facts: Facts = PROMISED, **values) -> Facts:
    from dataclasses import replace

    return replace(facts, **values)


@pytest.mark.parametrize(("facts", "was", "restarts", "decision"), [
    (PROMISED, None, False, Start(NOW)),
    (but(since=EARLIER), None, False, Start(EARLIER)),
    (but(starts=False), None, False, None),
    (but(done=True), None, False, None),
    (but(cancelled=True), None, False, None),
    (but(target=None), None, False, None),
    (but(target=None, days=5), None, False, Start(NOW)),
    (PROMISED, RAN, False, None),
    (but(done=True), RAN, False, End(True, NOW)),
    (but(done=True, done_at=EARLIER + timedelta(minutes=5)), RAN, False, End(True, EARLIER + timedelta(minutes=5))),
    (but(done=True, done_at=NOW + timedelta(days=1)), RAN, False, End(True, NOW)),
    (but(done=True, done_at=EARLIER - timedelta(days=1)), RAN, False, End(True, EARLIER)),
    (but(cancelled=True, done=True), RAN, False, End(False, NOW)),
    (but(target=None), RAN, False, End(False, NOW)),
    (but(target=timedelta(hours=2)), RAN, False, Change(("target",), EARLIER, (), False)),
    (but(calendar="shop"), RAN, False, Change(("calendar",), EARLIER, (), False)),
    (but(since=NOW), RAN, False, Change(("start",), NOW, (), False)),
    (but(paused=True), RAN, False, Change(("paused",), EARLIER, (Pause(NOW, None),), True)),
    (PROMISED, Was(PAUSED, EARLIER, TARGET, None, None, (Pause(EARLIER, None, "x"),)), False, Change(("resumed",), EARLIER, (Pause(EARLIER, NOW, "x"),), False)),
    (but(paused=True), Was(PAUSED, EARLIER, TARGET, None, None, (Pause(EARLIER, None),)), False, None),
    (PROMISED, Was(MET, EARLIER, TARGET, None, None, ()), True, None),
    (but(starts=False), Was(MET, EARLIER, TARGET, None, None, ()), True, Rearm()),
    (but(done=True, done_at=EARLIER + MINUTE), Was(MET, EARLIER, TARGET, None, None, (), ended_at=NOW), False, End(True, EARLIER + MINUTE)),
    (but(done=True, done_at=EARLIER - MINUTE), Was(MET, EARLIER, TARGET, None, None, (), ended_at=NOW), False, None),
    (but(done=True, done_at=NOW), Was(MET, EARLIER, TARGET, None, None, (), ended_at=EARLIER + MINUTE), False, None),
    (but(starts=False), Was(MET, EARLIER, TARGET, None, None, (), rearmed=True), True, None),
    (but(starts=False), Was(MET, EARLIER, TARGET, None, None, ()), False, None),
    (PROMISED, Was(CANCELLED, EARLIER, TARGET, None, None, (), rearmed=True), True, Start(NOW)),
    (PROMISED, Was(MET, EARLIER, TARGET, None, None, (), rearmed=True), False, None),
])
def test_decisions(facts, was, restarts, decision):
    assert decide(facts, was, restarts, NOW) == decision


def test_lateness_is_counted_time_without_pauses():
    pauses = [Pause(EARLIER + timedelta(minutes=10), EARLIER + timedelta(minutes=20))]
    assert late_by(EARLIER, TARGET, None, pauses, EARLIER + timedelta(minutes=24)) == timedelta(0)
    assert late_by(EARLIER, TARGET, None, pauses, EARLIER + timedelta(minutes=40)) == timedelta(minutes=15)
    assert late_by(EARLIER, TARGET, None, [Pause(EARLIER, None)], NOW) == timedelta(0)
