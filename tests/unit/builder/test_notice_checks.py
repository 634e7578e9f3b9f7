"""What the checks say about words of notices and quiet periods."""

from __future__ import annotations

from typing import Any

import pytest

from builder.checks.run import check_tree
from kernel.model.elements import CHANNEL_KEYS
from runtime.notices.channels import CHANNELS
from tests.examples.interesting import nodes

BASE: tuple[dict[str, Any], ...] = (
    {"entity": "task", "title": "{name}", "fields": {"name": "text", "helper": {"type": "user"}}},
    {"clock": "answer", "on": "task", "target": "900", "counts": "elapsed", "done": "ISBLANK(name)", "steps": {"late": {}}},
)
WORDS = {"notification": "it", "of": "clock", "entity": "task", "step": "answer.late", "title": {"en": "{title}: {helper.name} {name}"}}
PERIOD = {"quiet_period": "it", "holds": 'AND(name = "x", DATEDIF(DATE(2026, 1, 1), TODAY(), "M") < 1)'}


def found(*documents: dict[str, Any]) -> set[tuple[str, str]]:
    return {(f.code, f.path) for f in check_tree(nodes([*BASE, *documents])) if f.uid.endswith(("it", "twin"))}


@pytest.mark.parametrize("document", [WORDS, PERIOD, {**PERIOD, "does": "hold", "until": "EDATE(DATE(2026, 1, 1), 1)"}, {**WORDS, "of": "moved", "step": "open"}])
def test_sound_ones_have_no_findings(document: dict[str, Any]) -> None:
    assert found(document) == set()


@pytest.mark.parametrize(("document", "expected"), [
    ({**WORDS, "title": {"en": "{helper.nowhere}"}}, ("unknown_field", "title.en")),
    ({**WORDS, "entity": None, "body": {"zh": "{name}"}, "title": {}}, ("slot_without_record", "body.zh")),
    ({**WORDS, "step": "answer.soon"}, ("unknown_clock_step", "step")),
    ({**WORDS, "step": "reply.late"}, ("unknown_clock", "step")),
    ({**PERIOD, "does": "hold"}, ("held_for_ever", "until")),
    ({**PERIOD, "does": "hold", "until": "name"}, ("wrong_type", "until")),
])
def test_what_can_not_be_meant(document: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected in found({k: v for k, v in document.items() if v is not None})


def test_two_for_one_occasion() -> None:
    assert ("doubled_notification", "of") in found(WORDS, {**WORDS, "notification": "twin"})


def test_metadata_know_every_channel() -> None:
    assert set(CHANNELS) <= set(CHANNEL_KEYS)
