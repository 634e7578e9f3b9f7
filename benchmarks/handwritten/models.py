"""Tables of the hand-written application."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, DateTime, ForeignKey, Index, Integer, Numeric, String, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Exact(TypeDecorator[Decimal]):
    """Decimals as scaled integers on SQLite, NUMERIC elsewhere: no money in floats."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places = places

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else Numeric(18, self.places))

    def process_bind_param(self, value: Decimal | None, dialect: Any) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return int(value.scaleb(self.places).to_integral_value())

    def process_result_value(self, value: Any, dialect: Any) -> Decimal | None:
        if value is None or dialect.name != "sqlite":
            return value
        return Decimal(value).scaleb(-self.places)


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "person"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    team: Mapped[str | None] = mapped_column(String(36))
    role: Mapped[str] = mapped_column(String(20))


class SignIn(Base):
    """Sessions and API tokens."""

    __tablename__ = "sign_in"
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    csrf: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class AssetGroup(Base):
    __tablename__ = "asset_group"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))


class Asset(Base):
    __tablename__ = "asset"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    owner_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    team_id: Mapped[str | None] = mapped_column(String(36))
    state: Mapped[str] = mapped_column(String(50))
    state_since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(String(36))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_by: Mapped[str] = mapped_column(String(36))
    name: Mapped[str] = mapped_column(String(80))
    code: Mapped[str | None] = mapped_column(String(20), unique=True)
    description: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str | None] = mapped_column(String(50))
    priority: Mapped[str | None] = mapped_column(String(50))
    tags: Mapped[list[str] | None] = mapped_column(JSON)
    amount: Mapped[Decimal | None] = mapped_column(Exact(2))
    currency: Mapped[str | None] = mapped_column(String(3))
    cost: Mapped[Decimal | None] = mapped_column(Exact(2))
    quantity: Mapped[int | None] = mapped_column(Integer)
    rate: Mapped[Decimal | None] = mapped_column(Exact(4))
    active: Mapped[bool | None] = mapped_column()
    urgent: Mapped[bool | None] = mapped_column()
    starts: Mapped[date | None] = mapped_column(Date)
    due: Mapped[date | None] = mapped_column(Date)
    met_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    effort: Mapped[int | None] = mapped_column(Integer)
    phone: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(200))
    website: Mapped[str | None] = mapped_column(String(500))
    city: Mapped[str | None] = mapped_column(String(60))
    region: Mapped[str | None] = mapped_column(String(50))
    contact: Mapped[str | None] = mapped_column(String(60))
    score: Mapped[int | None] = mapped_column(Integer)
    discount: Mapped[Decimal | None] = mapped_column(Exact(4))
    note: Mapped[str | None] = mapped_column(String(200))
    origin: Mapped[str | None] = mapped_column(String(50))
    group_id: Mapped[str | None] = mapped_column(ForeignKey("asset_group.id"))
    keeper_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    total: Mapped[Decimal | None] = mapped_column(Exact(2))
    weight: Mapped[str | None] = mapped_column(String(20))
    group: Mapped[AssetGroup | None] = relationship(foreign_keys=[group_id])
    keeper: Mapped[Person | None] = relationship(foreign_keys=[keeper_id])
    owner: Mapped[Person] = relationship(foreign_keys=[owner_id])
    __table_args__ = (
        Index("asset_kind_due", "kind", "due", "id"),
        Index("asset_owner_due", "owner_id", "due", "id"),
        Index("asset_group_ix", "group_id"),
    )


class History(Base):
    __tablename__ = "history"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    record_id: Mapped[str] = mapped_column(String(36), index=True)
    seq: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    actor_id: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(20))
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)
    prev_hash: Mapped[str | None] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class Span(Base):
    __tablename__ = "span"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    record_id: Mapped[str] = mapped_column(String(36), index=True)
    facet: Mapped[str] = mapped_column(String(20))
    value: Mapped[str] = mapped_column(String(50))
    from_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    to_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Once(Base):
    """Answers kept for repeated requests with the same key."""

    __tablename__ = "once"
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)
