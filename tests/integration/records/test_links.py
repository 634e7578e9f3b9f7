"""References with a condition, files, rules inside of rows, governed choices, chains of derived values."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from kernel.errors import Invalid
from kernel.jobs import Done, queue
from kernel.platform import tables as t
from runtime.records import dependents, query, reading, road
from runtime.records.record import Input
from tests.factories.records import make_record, make_tenant

APP = """
entity: site
title: "{name} ({region})"
fields: {name: text, region: {type: choice, options: regions}, rate: {type: decimal, places: 2}, heads: {type: references, to: person}}
---
entity: job
fields:
  name: {type: text, required: true}
  region: {type: choice, options: regions}
  town: {type: choice, options: towns, governed_by: region}
  site: {type: reference, to: site, where: region = this.region}
  photo: {type: file}
  hours: {type: decimal, places: 2}
  cost: {type: computed, value: hours * site.rate}
  lines:
    type: rows
    fields:
      site: {type: reference, to: site, where: region = this.parent.region}
      kind: text
      why: {type: text, show_when: 'kind = "odd"', required_when: 'kind = "odd"'}
      rate: {type: computed, value: site.rate}
      fixed: {type: text, read_only_when: 'kind = "odd"'}
  lines_rate: {type: computed, value: SUM(lines.rate)}
  batch: {type: reference, to: batch}
---
entity: batch
fields: {name: text, costs: {type: rollup, from: job.batch, field: cost, function: sum}, level: {type: computed, value: 'IF(costs > 100, "A", "B")'}}
---
option_set: regions
options: [north, south]
---
option_set: towns
options: {up: {parent: north}, down: {parent: south}, any: {}}
---
role: boss
rights:
  site: {read: all, create: true, update: all}
  job: {read: all, create: true, update: all}
  batch: {read: all, create: true, update: all}
  person: {read: all}
"""


@pytest.fixture
def jobs(home, clock):
    place = make_tenant(home, APP, clock)
    return place, place.person("B", "boss")


def rules(error):
    return {(p.code, p.path, p.rule) for p in error.value.problems}


def test_a_condition_on_a_reference(jobs):
    place, boss = jobs
    north, south = (make_record(place, "site", {"name": r.title(), "region": r}, boss).id for r in ("north", "south"))
    made = make_record(place, "job", {"name": "a", "region": "north", "site": north, "lines": [{"fields": {"kind": "x"}}]}, boss)
    with pytest.raises(Invalid) as error:
        make_record(place, "job", {"name": "a", "region": "north", "site": south}, boss)
    assert rules(error) == {("not_offered", "fields.site", "test:job.site#where")}
    with pytest.raises(Invalid) as error:
        make_record(place, "job", {"name": "a", "region": "south", "lines": [{"fields": {"site": south}}, {"fields": {"site": north}}]}, boss)
    assert rules(error) == {("not_offered", "fields.lines[1].site", "test:job.lines.site#where")}
    with place.read(boss) as ctx:
        assert query.candidates(ctx, "job", "site", values={"region": "south"}) == [(south, "South (South)")]
        assert query.candidates(ctx, "job", "site", id_=made.id) == [(north, "North (North)")]
        assert reading.get(ctx, "job", made.id).labels[north] == "North (North)"


def test_governed_choices(jobs):
    place, boss = jobs
    with pytest.raises(Invalid) as error:
        make_record(place, "job", {"name": "a", "region": "north", "town": "down"}, boss)
    assert rules(error) == {("not_offered", "fields.town", "test:job.town#type")}
    made = make_record(place, "job", {"name": "a", "region": "north", "town": "up"}, boss)
    with pytest.raises(Invalid), place.write(boss) as ctx:
        road.update(ctx, "job", made.id, Input({"region": "south"}), version=1)
    with place.write(boss) as ctx:
        assert road.update(ctx, "job", made.id, Input({"region": "south", "town": "any"}), version=1).version == 2


def test_rules_of_rows(jobs):
    place, boss = jobs
    with pytest.raises(Invalid) as error:
        make_record(place, "job", {"name": "a", "lines": [{"fields": {"kind": "odd", "fixed": "f"}}]}, boss)
    assert rules(error) == {
        ("required", "fields.lines[0].why", "test:job.lines.why#required_when"),
        ("read_only", "fields.lines[0].fixed", "test:job.lines.fixed#read_only_when"),
    }
    made = make_record(place, "job", {"name": "a", "lines": [{"fields": {"kind": "even", "why": "w"}}, {"fields": {"kind": "odd", "why": "w"}}]}, boss)
    assert [r.values["why"] for r in made.values["lines"]] == [None, "w"]


def test_files(jobs):
    place, boss = jobs
    other = place.person("O", "boss")

    def upload(actor):
        with place.write(actor) as ctx:
            id_ = ctx.new_id()
            ctx.conn.execute(
                insert(t.file).values(
                    id=id_, sha256="0" * 64, size=5, media_type="application/pdf", name="plan.pdf", created_at=ctx.now, created_by=actor.person
                )
            )
            return id_

    mine, foreign = upload(boss), upload(other)
    for bad in (foreign, "0192f0c1-7a3b-7cde-8f01-23456789abcd"):
        with pytest.raises(Invalid) as error:
            make_record(place, "job", {"name": "a", "photo": bad}, boss)
        assert rules(error) == {("unknown_file", "fields.photo", "test:job.photo#type")}
    made = make_record(place, "job", {"name": "a", "photo": mine}, boss)
    with place.read(boss) as ctx:
        assert ctx.conn.execute(select(t.file.c.record_id, t.file.c.field).where(t.file.c.id == mine)).one() == (made.id, "photo")
        assert reading.get(ctx, "job", made.id).labels[mine] == "plan.pdf"


def test_chains_over_entities(jobs):
    """A site's rate moves the cost of its jobs, their sum in the batch, and the batch's level."""
    place, boss = jobs
    site = make_record(place, "site", {"name": "S", "rate": "10", "region": "north"}, boss)
    batch = make_record(place, "batch", {"name": "b"}, boss)
    fields = {"name": "j", "region": "north", "site": site.id, "batch": batch.id, "hours": "5", "lines": [{"fields": {"site": site.id}}]}
    job = make_record(place, "job", fields, boss)

    def state():
        with place.read(boss) as ctx:
            one, all_ = road.load(ctx, "job", job.id), road.load(ctx, "batch", batch.id)
        return one.values["cost"], one.values["lines_rate"], all_.values["costs"], all_.values["level"]

    assert state() == (50, 10, 50, "B")
    with place.write(boss) as ctx:
        road.update(ctx, "site", site.id, Input({"rate": "30"}), version=1)
    assert state() == (150, 30, 150, "A")


def test_too_many_dependents_follow_as_jobs(jobs, monkeypatch):
    place, boss = jobs
    monkeypatch.setattr(dependents, "MOST", 3)
    site = make_record(place, "site", {"name": "S", "rate": "1", "region": "north"}, boss)
    with place.write(boss) as ctx:
        made = road.create_many(ctx, "job", [Input({"name": str(n), "region": "north", "site": site.id, "hours": "1"}) for n in range(5)])
        road.update(ctx, "site", site.id, Input({"rate": "2"}), version=1)
        costs = [road.load(ctx, "job", m.id).values["cost"] for m in made]
        assert sorted(costs) == [1, 1, 2, 2, 2]
        left = ctx.conn.execute(select(t.job.c.data).where(t.job.c.kind == dependents.RECALCULATE)).scalar_one()
        assert {m.id for m, c in zip(made, costs, strict=True) if c == 1} == set(left["ids"])
        (job,) = queue.claim(ctx.conn, {dependents.RECALCULATE}, ctx.now, timedelta(seconds=60), 5)
        assert dependents.recalculate_later(ctx, job) == Done()
        assert [road.load(ctx, "job", m.id).values["cost"] for m in made] == [2, 2, 2, 2, 2]
