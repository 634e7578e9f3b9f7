"""The same records for both sides: 28 values each, worked out of the record's number alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

SIZES = (10_000, 200_000)
# Up to this size records come with what writing them left behind: history, spans, words of our search. The larger set is only
# listed and read, which looks at none of it, and it would take twice as long to make.
WRITTEN = 20_000
PEOPLE = 20
GROUPS = 200
TEAM = "01940000-0000-7000-8000-00000000feed"
CURRENCY = "CNY"
EPOCH = datetime(2026, 1, 1, 8, tzinfo=UTC)

# Name and role of those who sign in. The keeper owns one record in twenty.
MANAGER, KEEPER = 0, 1
ROLES = {"manager": MANAGER, "keeper": KEEPER}

KINDS = ("machine", "vehicle", "building", "licence", "other")
PRIORITIES = ("high", "normal", "low")
TAGS = ("leased", "insured", "shared", "mobile")
REGIONS = ("north", "south", "east", "west")
ORIGINS = ("bought", "built", "rented")
CITIES = ("Ningbo", "Suzhou", "Foshan", "Wuxi", "Xiamen", "Jinan", "Hefei")
WORDS = ("press", "lathe", "crane", "pump", "oven", "mixer", "drill", "loader", "boiler", "robot", "conveyor")


def _uuid(kind: int, number: int) -> str:
    """A UUIDv7 that both sides can have for the same row: time grows with the number."""
    millisecond = int(EPOCH.timestamp() * 1000) + number * 60_000
    return str(UUID(int=millisecond << 80 | 0x7 << 76 | kind << 64 | 0b10 << 62 | number))


def person_id(number: int) -> str:
    return _uuid(1, number)


def group_id(number: int) -> str:
    return _uuid(2, number)


def record_id(number: int) -> str:
    return _uuid(3, number)


def log_id(number: int) -> str:
    return _uuid(4, number)


def span_id(number: int) -> str:
    return _uuid(5, number)


def log_hash(number: int) -> str:
    """A hash such as the first entry of a record's history has."""
    return hashlib.sha256(record_id(number).encode()).hexdigest()


def role_of(person: int) -> str:
    return "manager" if person == MANAGER else "keeper"


def made_at(number: int) -> datetime:
    """When record ``number`` was made."""
    return EPOCH + timedelta(minutes=number)


def owner_of(number: int) -> int:
    """The person (by number) who owns a record."""
    return number % PEOPLE


@dataclass(frozen=True, slots=True)
class Values:
    """What a person enters, as Python values; ``effort`` in seconds, shares as fractions of 1."""

    name: str
    code: str
    description: str
    kind: str
    priority: str
    tags: tuple[str, ...]
    amount: Decimal
    cost: Decimal
    quantity: int
    rate: Decimal
    active: bool
    urgent: bool
    starts: date
    due: date
    met_at: datetime
    effort: int
    phone: str
    email: str
    website: str
    city: str
    region: str
    contact: str
    score: int
    discount: Decimal
    note: str
    origin: str
    group: str
    keeper: str

    @property
    def total(self) -> Decimal:
        return self.quantity * self.cost

    @property
    def weight(self) -> str:
        return "heavy" if self.total >= 100_000 else "middle" if self.total >= 10_000 else "light"

    def plain(self) -> dict[str, Any]:
        """The values by field name; the two references under ``group`` and ``keeper``."""
        return {name: getattr(self, name) for name in self.__slots__}


def values(number: int) -> Values:
    """The values of record ``number``; numbers beyond the data set give values for new records."""
    # Multiplying by a number without common factors scatters neighbours, as typed data are scattered.
    n = number * 7_919 % 1_000_003
    word, city = WORDS[n % len(WORDS)], CITIES[n // 11 % len(CITIES)]
    starts = date(2026, 1, 1) + timedelta(days=n % 700)
    return Values(
        name=f"{word.capitalize()} {number} of hall {n % 40}",
        code=f"A-{number:07d}",
        description=" ".join([f"The {word} stands in {city}, hall {n % 40}."] * (1 + n % 5)),
        kind=KINDS[n % 5],
        priority=PRIORITIES[n // 5 % 3],
        tags=tuple(tag for bit, tag in enumerate(TAGS) if n >> bit & 1) or TAGS[:1],
        amount=Decimal(n % 90_000_000 + 100) / 100,
        cost=Decimal(n % 9_000 + 100) / 100,
        quantity=n % 4_000 + 1,
        rate=Decimal(n % 10_001) / 10_000,
        active=n % 3 != 0,
        urgent=n % 7 == 0,
        starts=starts,
        due=starts + timedelta(days=n % 365),
        met_at=EPOCH + timedelta(minutes=n % 200_000),
        effort=n % 500 * 60,
        phone=f"+86138{n % 100_000_000:08d}",
        email=f"{word}.{number}@example.com",
        website=f"https://example.com/{word}/{number}",
        city=city,
        region=REGIONS[n // 3 % 4],
        contact=f"Contact {n % 3_000}",
        score=n % 5 + 1,
        discount=Decimal(n % 3_001) / 10_000,
        note=f"Note {n}",
        origin=ORIGINS[n // 7 % 3],
        group=group_id(n % GROUPS),
        keeper=person_id(n % PEOPLE),
    )
