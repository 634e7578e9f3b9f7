"""The shipped packages: no finding, both languages complete, every number a parameter, samples that refer to what is there."""

from __future__ import annotations

import re

import pytest

from builder.checks.run import check
from builder.layers.resolve import resolve
from builder.packages import catalogue
from kernel.expr.core import Const, walk
from kernel.expr.types import Kind
from kernel.model import application as model

TEMPLATES = ["store_sales"]
# Structure that people never read as a name: the places of fields in forms, rights, sections without a title; a comparison is called like its field.
UNNAMED = {"comparison", "evidence_stamp", "intake_find", "item", "right", "sample"}
# 0 and 1 are arithmetic, not business; 2 is the start of "at least one more".
PLAIN_NUMBERS = {0, 1}


@pytest.fixture(params=TEMPLATES, scope="module")
def effective(request):
    return resolve(catalogue.load(request.param))


@pytest.fixture(params=TEMPLATES, scope="module")
def packages(request):
    return catalogue.load(request.param)


def test_no_finding(effective):
    found = [f"{f.severity} {f.source} {f.message}" for f in check(effective) if f.severity != "info"]
    assert found == []


def test_every_name_is_there_in_both_languages(effective):
    missing = [
        f"{node.uid}: {language}"
        for node in effective.tree.values()
        if node.kind not in UNNAMED and not node.uid.startswith("platform:") and not (node.kind == "guard" and node.key == "when")
        for language in ("zh", "en")
        if not (node.props.get("labels") or {}).get(language)
    ]
    assert missing == []


def test_help_and_placeholders_are_there_in_both_languages(effective):
    half = [
        f"{node.uid}.{name}"
        for node in effective.tree.values()
        for name in ("help", "placeholder")
        if node.props.get(name) and set(node.props[name]) < {"zh", "en"}
    ]
    assert half == []


def test_chinese_is_chinese_and_english_is_not(effective):
    chinese = re.compile(r"[\u4e00-\u9fff]")
    wrong = [
        node.uid
        for node in effective.tree.values()
        if not node.uid.startswith("platform:") and chinese.search((node.props.get("labels") or {}).get("en", ""))
    ]
    assert wrong == []


def test_numbers_in_rules_are_parameters(effective):
    application = model.build(effective.tree)
    schema = application.schema
    found = []
    for uid, element in application.by_uid.items():
        for name in schema.formulas(element):
            expression = schema.expression(element, name)
            if expression is None or name in ("default", "member_when"):
                continue
            numbers = [c.value for c in walk(expression.core) if isinstance(c, Const) and c.type.kind is Kind.NUMBER and c.value not in PLAIN_NUMBERS]
            found += [f"{uid}.{name}: {n}" for n in numbers]
    assert found == []


def test_samples_name_only_what_is_there(effective, packages):
    application = model.build(effective.tree)
    steps = [(s.key, i, step) for p in packages for s in p.samples for i, step in enumerate(s.steps)]
    made = {step["ref"] for _key, _i, step in steps if step.get("ref")} | {name for _k, _i, s in steps for name in (s.get("creates") or {}).values()}
    problems = []

    def refs(value):
        if isinstance(value, dict):
            if set(value) == {"ref"}:
                yield value["ref"]
            else:
                for inner in value.values():
                    yield from refs(inner)
        elif isinstance(value, (list, tuple)):
            for inner in value:
                yield from refs(inner)

    for key, i, step in steps:
        where = f"{key}[{i}]"
        problems += [f"{where}: {ref}" for ref in [*refs(step.get("fields") or {}), *refs(step.get("asks") or {})] if ref not in made]
        problems += [f"{where}: {step[name]}" for name in ("by", "record", "owner", "team") if step.get(name) and step[name] not in made]
        if step.get("entity"):
            entity = application.entities.get(step["entity"])
            problems += [f"{where}: {step['entity']}"] if entity is None else [f"{where}: {k}" for k in step.get("fields") or {} if k not in entity.by_key]
        problems += [f"{where}: {role}" for role in step.get("roles") or () if role not in application.roles]
    assert problems == []
    assert sum(step["do"] == "create" for _k, _i, step in steps) >= 200
