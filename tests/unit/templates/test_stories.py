"""The sample stories read like a business: different words, every step of every path, nothing of tomorrow but plans."""

from __future__ import annotations

import re

import pytest

from builder.layers.resolve import resolve
from builder.packages import catalogue
from kernel.model import application as model

TEMPLATES = ["store_sales"]


@pytest.fixture(params=TEMPLATES, scope="module")
def steps(request):
    return [step for package in catalogue.load(request.param) for sample in package.samples for step in sample.steps]


@pytest.fixture(params=TEMPLATES, scope="module")
def application(request):
    return model.build(resolve(catalogue.load(request.param)).tree)


def texts(steps, entity, field):
    return [s["fields"][field] for s in steps if s.get("entity") == entity and s["do"] == "create" and field in (s.get("fields") or {})]


def test_nobody_says_the_same_twice(steps):
    for entity, field in (("visit", "summary"), ("visit", "reading"), ("lead", "need")):
        said = texts(steps, entity, field)
        assert len(said) >= 60 and len(set(said)) == len(said), f"{entity}.{field}"


def test_summaries_that_were_submitted_are_long_enough(steps, application):
    least = application.parameters["visit_summary_min"].value
    submitted = {s["record"] for s in steps if s.get("transition") == "submit"}
    short = [s["ref"] for s in steps if s.get("ref") in submitted and len(s["fields"]["summary"]) < least]
    assert submitted and short == []


def test_nothing_happens_after_the_import(steps):
    late = [s["at"] for s in steps if int(re.match(r"day\s*([+-]?\d+)", s["at"])[1]) > 0]
    assert late == []


def test_every_step_of_every_path_is_taken_by_somebody(steps, application):
    """Going back and handing back are for bad days; all other steps are in the stories."""
    taken = {s["transition"] for s in steps if s["do"] == "transition"}
    known = {t.key for m in application.machines for t in m.transitions}
    assert known - taken <= {"reopen", "take_back", "send_back", "redo_demo"}


def test_a_loss_leaves_a_lesson_of_its_own(steps):
    lessons = [s["asks"]["lesson"] for s in steps if s.get("transition") == "lose"]
    assert len(lessons) >= 5 and len(set(lessons)) == len(lessons)
