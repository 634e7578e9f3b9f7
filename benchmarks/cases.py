"""What is measured. A case makes the same request on either side from a number that never comes twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from benchmarks import values as v
from benchmarks.side import Side
from benchmarks.wsgi import Call

SMALL, LARGE = v.SIZES


@dataclass
class Numbers:
    """Numbers of records for one data set: old ones that nobody has touched, new ones that nobody has used."""

    rows: int
    _next: dict[str, Iterator[int]] = field(default_factory=dict)

    def untouched(self, role: str) -> int:
        """A record of the data set that this role may change and that stands at version 1. Raises when they run out."""
        # Both roles take records of the keeper: then the two differ in nothing but their rights.
        del role
        number = v.KEEPER + v.PEOPLE * next(self._counter("untouched"))
        if number >= self.rows:
            raise ValueError("more rounds than records to change")
        return number

    def some(self, role: str) -> int:
        """A record to read; neighbours are not next to each other."""
        del role
        own = self.rows // v.PEOPLE
        return v.KEEPER + v.PEOPLE * (next(self._counter("some")) * 37 % own)

    def new(self) -> int:
        """A number beyond every data set."""
        return 10_000_000 + next(self._counter("new"))

    def _counter(self, name: str) -> Iterator[int]:
        return self._next.setdefault(name, count())


# Makes the requests of one round for the sides given: the same record, the same values.
Make = Callable[[str, Numbers, tuple[Side, ...]], tuple[Call, ...]]


@dataclass(frozen=True)
class Case:
    """``rounds`` requests to each side, role and size, after a warm-up. ``sizes``: on which data sets."""

    name: str
    make: Make
    writes: bool = False
    sizes: tuple[int, ...] = (SMALL,)
    rounds: int = 150


def _form_page(role: str, numbers: Numbers, sides: tuple[Side, ...]) -> tuple[Call, ...]:
    return tuple(side.form_page(role) for side in sides)


def _form_post(role: str, numbers: Numbers, sides: tuple[Side, ...]) -> tuple[Call, ...]:
    values = v.values(numbers.new())
    return tuple(side.form_post(role, values) for side in sides)


def _create(role: str, numbers: Numbers, sides: tuple[Side, ...]) -> tuple[Call, ...]:
    number = numbers.new()
    values = v.values(number)
    return tuple(side.create(role, values, f"create-{number}") for side in sides)


def _read(role: str, numbers: Numbers, sides: tuple[Side, ...]) -> tuple[Call, ...]:
    id_ = v.record_id(numbers.some(role))
    return tuple(side.read(role, id_) for side in sides)


def _update(role: str, numbers: Numbers, sides: tuple[Side, ...]) -> tuple[Call, ...]:
    number = numbers.untouched(role)
    return tuple(side.update(role, v.record_id(number), 1, f"Changed {number}") for side in sides)


def _transition(role: str, numbers: Numbers, sides: tuple[Side, ...]) -> tuple[Call, ...]:
    id_ = v.record_id(numbers.untouched(role))
    return tuple(side.transition(role, id_, 1) for side in sides)


def _listing(role: str, numbers: Numbers, sides: tuple[Side, ...]) -> tuple[Call, ...]:
    return tuple(side.listing(role) for side in sides)


CASES = (
    Case("form page", _form_page),
    Case("form post", _form_post, writes=True, rounds=120),
    Case("create", _create, writes=True, rounds=120),
    Case("read", _read, sizes=(SMALL, LARGE)),
    # Each round takes a record of the keeper that nobody changed before: 500 in all for both cases and roles.
    Case("update", _update, writes=True, rounds=100),
    Case("transition", _transition, writes=True, rounds=100),
    Case("list", _listing, sizes=(SMALL, LARGE)),
)
MEMORY = "memory per worker"
NAMES = (*(case.name for case in CASES), MEMORY)
WARM_UP = 10
