"""Column types mean, compare and sort the same on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, create_engine, insert, select
from sqlalchemy.exc import StatementError

from kernel.model.sqltypes import CText, Id, ScaledDecimal, Seconds, UtcDateTime

METADATA = MetaData()
TABLE = Table(
    "sqltypes",
    METADATA,
    Column("n", Integer, primary_key=True),
    Column("id", Id),
    Column("text", CText),
    Column("amount", ScaledDecimal(2)),
    Column("fine", ScaledDecimal(6)),
    Column("at", UtcDateTime()),
    Column("span", Seconds()),
)
AT = datetime(2026, 11, 24, 2, 32, 0, 7, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [
    {"n": 1, "text": "b", "amount": Decimal("10.00"), "fine": Decimal("0.000001"), "at": AT, "span": timedelta(hours=1)},
    {"n": 2, "text": "B", "amount": Decimal("9.99"), "fine": Decimal("-999999999999.999999"), "at": AT - timedelta(days=1), "span": timedelta(seconds=-5)},
    {
        "n": 3,
        "text": "中",
        "amount": Decimal("9999999999999999.99"),
        "fine": None,
        "at": AT.astimezone(timezone(timedelta(hours=8))),
        "span": timedelta(days=40),
    },
]


def same_on(engine: Engine) -> None:
    METADATA.drop_all(engine)
    METADATA.create_all(engine)
    try:
        with engine.begin() as conn:
            conn.execute(insert(TABLE), ROWS)

            def order(name: str) -> list[int]:
                return list(conn.execute(select(TABLE.c.n).where(TABLE.c[name].is_not(None)).order_by(TABLE.c[name], TABLE.c.n)).scalars())

            assert (order("text"), order("amount"), order("fine"), order("at"), order("span")) == ([2, 1, 3], [2, 1, 3], [2, 1], [2, 1, 3], [2, 1, 3])
            for row in ROWS:
                found = conn.execute(select(TABLE).where(TABLE.c.n == row["n"])).one()._mapping
                assert all(found[key] == value for key, value in row.items())
            assert conn.execute(select(TABLE.c.n).where(TABLE.c.amount >= Decimal("10"))).scalars().all() == [1, 3]
            assert conn.execute(select(TABLE.c.n).where(TABLE.c.at == AT).order_by(TABLE.c.n)).scalars().all() == [1, 3]
            assert conn.execute(select(TABLE.c.n).where(TABLE.c.span < timedelta(0))).scalars().all() == [2]
            assert found["at"].tzinfo is not None and found["at"].utcoffset() == timedelta(0)
        for bad in ({"at": datetime(2026, 1, 1)}, {"span": timedelta(microseconds=1)}):
            with engine.connect() as conn, pytest.raises(StatementError):
                conn.execute(insert(TABLE).values(n=9, **bad))
    finally:
        METADATA.drop_all(engine)


def test_types_on_sqlite() -> None:
    engine = create_engine("sqlite://")
    same_on(engine)
    engine.dispose()


def test_types_on_postgresql(pg_url: str) -> None:
    engine = create_engine(pg_url)
    same_on(engine)
    engine.dispose()
