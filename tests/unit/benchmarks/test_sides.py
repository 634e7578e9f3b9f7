"""Both sides of the comparison answer every case, alike, for both roles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import agreement, hand_data, ours_data
from benchmarks import values as v
from benchmarks.cases import CASES, Numbers
from benchmarks.hand import Hand
from benchmarks.measure import measure
from benchmarks.ours import Ours, as_json
from benchmarks.side import Place, Side
from benchmarks.wsgi import Call, WrongAnswer, expect, send
from kernel import fieldtypes
from kernel.platform import releases

ROWS = 400


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Side, Side]]:
    folder = tmp_path_factory.mktemp("comparison")
    ours, hand = Place(f"sqlite:///{folder / 'ours' / 'control.sqlite3'}", folder / "ours"), Place(f"sqlite:///{folder / 'hand.sqlite3'}", folder)
    ours_data.build(ours, ROWS)
    hand_data.build(hand, ROWS)
    opened: tuple[Side, Side] = (Ours(ours), Hand(hand))
    yield opened
    for side in opened:
        side.close()


@pytest.fixture(scope="module")
def numbers() -> Numbers:
    return Numbers(ROWS)


def test_both_show_the_same_records_to_the_same_person(sides: tuple[Side, Side]) -> None:
    agreement.check(sides)


def test_a_difference_stops_the_run(sides: tuple[Side, Side]) -> None:
    class Other(Hand):
        def __init__(self, inner: Side) -> None:
            self.__dict__ = inner.__dict__

        def listing(self, role: str) -> Call:
            return Call("GET", "/api/assets", 200, "kind=vehicle", self._bearer(role))

    with pytest.raises(WrongAnswer, match="differ in the list"):
        agreement.check((sides[0], Other(sides[1])))


@pytest.mark.parametrize("role", v.ROLES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_is_answered(case, role, sides, numbers) -> None:
    for side, call in zip(sides, case.make(role, numbers, sides), strict=True):
        expect(call, send(side.app, call))


def test_times_and_statements_are_kept_per_role(sides, numbers) -> None:
    case = next(case for case in CASES if case.name == "form page")
    found = measure(case, "sqlite", {case.sizes[0]: sides}, {case.sizes[0]: numbers}, rounds=3)
    assert [result.role for result in found] == list(v.ROLES)
    assert all(len(result.ours.wall) == len(result.handwritten.wall) == 3 and result.ours.statements > 0 for result in found)


def test_an_answer_that_is_refused_measures_nothing(sides) -> None:
    call = Call("GET", "/assets/new", 200)
    with pytest.raises(WrongAnswer, match="401"):
        expect(call, send(sides[1].app, call))


@pytest.mark.parametrize("role", v.ROLES)
def test_the_hand_written_side_refuses_what_ours_refuses(role: str, sides, numbers) -> None:
    first, taken = numbers.untouched(role), numbers.untouched(role)
    for side in sides:
        assert send(side.app, side.update(role, v.record_id(first), 9, "stale")).status == 412
        assert send(side.app, side.read(role, v.record_id(ROWS + 1))).status == 404
        again = v.values(taken)
        assert send(side.app, side.create(role, again, f"taken-{role}")).status == 422


def test_the_keeper_sees_own_records_only(sides) -> None:
    for side in sides:
        assert send(side.app, side.read("keeper", v.record_id(v.KEEPER + 1))).status == 404
        assert send(side.app, side.read("manager", v.record_id(v.KEEPER + 1))).status == 200


def test_a_create_with_the_same_key_is_made_once(sides) -> None:
    for side in sides:
        call = side.create("keeper", v.values(9_000_001), "the-same")
        first, second = send(side.app, call), send(side.app, call)
        assert (first.status, second.status) == (201, 201)
        assert first.body == second.body


def test_what_is_loaded_is_what_a_person_would_have_entered(sides) -> None:
    ours = sides[0]
    with ours.home.read() as conn:
        entity = releases.current(conn).application.entity("asset")
    for number in range(20):
        loaded = ours_data.stored_values(number)
        for key, raw in as_json(v.values(number)).items():
            field = entity.field(key)
            assert fieldtypes.of(field).parse(field, raw) == loaded[key], key


def test_places_may_move(sides, tmp_path: Path) -> None:
    """A copied folder opens on the copy, not on what it was copied from."""
    import shutil

    ours = sides[0]
    shutil.copytree(ours.settings.data_dir, tmp_path / "copy")
    moved = Ours(Place(f"sqlite:///{tmp_path / 'copy' / 'control.sqlite3'}", tmp_path / "copy"))
    try:
        assert moved.home.path is not None and moved.home.path.is_relative_to(tmp_path)
        call = moved.create("keeper", v.values(9_500_000), "moved")
        expect(call, send(moved.app, call))
    finally:
        moved.close()
    assert send(ours.app, ours.create("keeper", v.values(9_500_000), "moved")).status == 201
