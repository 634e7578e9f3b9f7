"""What people type and sheets hold: numbers, dates, times, spans, money, yes and no."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import fieldtypes
from kernel.fieldtypes import numbers
from kernel.fieldtypes.address import Address
from kernel.fieldtypes.base import Unreadable
from kernel.fieldtypes.money import Money
from kernel.fieldtypes.times import to_utc
from tests.examples.interesting import reader
from tests.unit.fieldtypes.conftest import code_of, make_field, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("80万", 800000),
        ("1.5亿", 150000000),
        ("３，０００", 3000),
        ("1,234", 1234),
        ("12 345", 12345),
        ("(15)", -15),
        ("－7", -7),
        ("+8", 8),
        ("2千", 2000),
        ("3k", 3000),
        ("5.0", 5),
        ("1 million", 1000000),
    ],
)
def test_whole_numbers(text: str, value: int) -> None:
    assert read("integer", text) == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1,5", "type"),
        ("12a", "type"),
        ("--3", "type"),
        ("1.5", "too_many_places"),
        ("9" * 19, "too_many_digits"),
        ("NaN", "type"),
        ("inf", "type"),
        ("1e9", "type"),
        ("9" * 61, "type"),
        ("万", "type"),
    ],
)
def test_no_whole_numbers(text: str, code: str) -> None:
    assert code_of("integer", text) == code


def test_decimals_with_their_unit_and_exactly_18_digits() -> None:
    assert read("decimal", "12.5 kg", unit={"en": "kg", "zh": "公斤"}) == Decimal("12.50")
    assert read("decimal", "12.5公斤", unit={"en": "kg", "zh": "公斤"}) == Decimal("12.50")
    assert read("decimal", "999999999999.999999", places=6) == Decimal("999999999999.999999")
    assert code_of("decimal", "1000000000000", places=6) == "too_many_digits"
    assert str(read("decimal", "-0")) == "0.00"


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("¥1,234.50", Money(Decimal("1234.50"), "CNY")),
        ("80万", Money(Decimal("800000.00"), "CNY")),
        ("80万元", Money(Decimal("800000.00"), "CNY")),
        ("$99", Money(Decimal("99.00"), "USD")),
        ("EUR 12.3", Money(Decimal("12.30"), "EUR")),
        ("12.3 EUR", Money(Decimal("12.30"), "EUR")),
        ("-¥5", Money(Decimal("-5.00"), "CNY")),
        ("１００元", Money(Decimal("100.00"), "CNY")),
        ("HK$ 7", Money(Decimal("7.00"), "HKD")),
        ("5k", Money(Decimal("5000.00"), "CNY")),
    ],
)
def test_money(text: str, money: Money) -> None:
    assert read("money", text) == money


def test_money_of_other_currencies() -> None:
    assert read("money", "12", currency="USD") == Money(Decimal("12.00"), "USD")
    field = make_field("money", currency="USD", currencies=["USD", "EUR"])
    type_ = fieldtypes.of(field)
    assert [p.code for p in type_.check(field, Money(Decimal(1), "JPY"))] == ["currency"]
    assert list(type_.check(field, Money(Decimal(1), "EUR"))) == []
    assert type_.text(field, Money(Decimal("1234.5"), "USD"), reader("en")) == "$1,234.50"
    assert type_.text(field, Money(Decimal("1"), "CHF"), reader("en")) == "CHF 1.00"
    assert type_.parse_form(field, ["12", "EUR"], reader()) == Money(Decimal("12.00"), "EUR")
    with pytest.raises(Unreadable):
        type_.parse_form(field, ["12", "euro"], reader())
    assert type_.parse(field, {"amount": "1"}) == Money(Decimal("1.00"), "USD")


def test_an_amount_from_a_formula_gets_the_tenants_currency() -> None:
    field = make_field("money")
    type_ = fieldtypes.of(field)
    made = type_.from_expr(field, Decimal("2.345"))
    assert made == Money(Decimal("2.35"), "")
    assert type_.settle(field, made, reader()) == Money(Decimal("2.35"), "CNY")
    assert type_.dump(field, made, reader()) == {"amount": "2.35", "currency": "CNY"}


@pytest.mark.parametrize(("text", "share"), [("25%", "0.25"), ("25", "0.25"), ("８.25％", "0.0825"), ("百分之五十", None), ("百分之30", "0.3")])
def test_percentages(text: str, share: str | None) -> None:
    if share is None:
        assert code_of("percent", text) == "type"
    else:
        assert read("percent", text) == Decimal(share)


@pytest.mark.parametrize(
    ("text", "value"), [("是", True), ("否", False), ("YES", True), ("no", False), ("√", True), ("1", True), ("0", False), ("没有", False)]
)
def test_yes_and_no(text: str, value: bool) -> None:
    assert read("boolean", text) is value


def test_neither_yes_nor_no() -> None:
    assert code_of("boolean", "maybe") == "type"
    field = make_field("boolean")
    assert fieldtypes.of(field).parse_form(field, [""], reader()) is False
    assert fieldtypes.of(field).parse_form(field, [], reader()) is None
    assert fieldtypes.of(field).parse_form(field, ["", "1"], reader()) is True
    asked = make_field("boolean", look="buttons")
    assert fieldtypes.of(asked).parse_form(asked, [""], reader()) is None


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24",
        "2026/11/24",
        "2026.11.24",
        "2026年11月24日",
        "2026 年 11 月 24 日",
        "20261124",
        "11/24/2026",
        "24/11/2026",
        "24.11.2026",
        "24 Nov 2026",
        "Nov 24, 2026",
        "November 24th, 2026",
        "24-Nov-2026",
        "11月24日",
        "46350",
        "今天",
        "today",
        "２０２６－１１－２４",
        "2026-11-24 00:00:00",
        "2026年11月24日 星期二",
        "Tue, 24 Nov 2026",
        "2026-11-24T00:00:00",
    ],
)
def test_dates(text: str) -> None:
    assert read("date", text) == date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("3/4/2026", "ambiguous_date"),
        ("2026-13-01", "bad_date"),
        ("2月30日", "bad_date"),
        ("next week", "bad_date"),
        ("24/11/26", "bad_date"),
        ("32 Foo 2026", "bad_date"),
        ("2026-11-24 10:00", "bad_date"),
        ("4635", "bad_date"),
    ],
)
def test_no_dates(text: str, code: str) -> None:
    assert code_of("date", text) == code


def test_a_day_that_reads_the_same_both_ways_is_clear() -> None:
    assert read("date", "5/5/2026") == date(2026, 5, 5)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-24 09:30", (2026, 11, 24, 1, 30)),
        ("2026-11-24T09:30", (2026, 11, 24, 1, 30)),
        ("2026年11月24日 下午3点", (2026, 11, 24, 7, 0)),
        ("2026年11月24日9点30分", (2026, 11, 24, 1, 30)),
        ("11/24/2026 3:05 pm", (2026, 11, 24, 7, 5)),
        ("2026-11-24", (2026, 11, 23, 16, 0)),
        ("46350.5", (2026, 11, 24, 4, 0)),
        ("2026-11-24T09:30:15", (2026, 11, 24, 1, 30, 15)),
        ("2026-11-24T01:30:00Z", (2026, 11, 24, 1, 30)),
        ("今天 9:30", (2026, 11, 24, 1, 30)),
        ("2026-11-24 上午9点半", (2026, 11, 24, 1, 30)),
        ("Nov 24, 2026 12am", (2026, 11, 23, 16, 0)),
        ("2026-11-24T01:30:00+00:00", (2026, 11, 24, 1, 30)),
    ],
)
def test_moments(text: str, utc: tuple[int, ...]) -> None:
    assert read("datetime", text) == datetime(*utc, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-11-24 25:00", "2026-11-24 9:75", "noon", "9:30", "2026-11-24 x"])
def test_no_moments(text: str) -> None:
    assert code_of("datetime", text) == "bad_time"


def test_gaps_and_overlaps_of_summer_time() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert to_utc(datetime(2026, 3, 29, 2, 30), berlin) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # the first moment after the gap
    assert to_utc(datetime(2026, 10, 25, 2, 30), berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # the first of the two
    assert to_utc(datetime(1990, 4, 15, 2, 30), ZoneInfo("Asia/Shanghai")) == datetime(1990, 4, 14, 18, 0, tzinfo=UTC)


@given(
    st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2100, 1, 1)),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)
def test_every_moment_survives_a_form(local: datetime, zone: str) -> None:
    field = make_field_once("datetime")
    type_, who = fieldtypes.of(field), reader(zone=zone)
    moment = local.replace(tzinfo=UTC)
    assert type_.parse_form(field, type_.input_texts(field, moment, who), who) == moment


_fields: dict[str, Any] = {}


def make_field_once(key: str) -> Any:
    if key not in _fields:
        _fields[key] = make_field(key)
    return _fields[key]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h 30m", 5400),
        ("90 分钟", 5400),
        ("2 小时", 7200),
        ("1:30", 5400),
        ("1:30:15", 5415),
        ("1小时30分", 5400),
        ("半小时", 1800),
        ("1个小时半", 5400),
        ("90", 5400),
        ("1.5 hours", 5400),
        ("2天3小时", 183600),
        ("45 秒", 45),
        ("1 hour, 5 minutes", 3900),
        ("一刻钟", None),
    ],
)
def test_spans(text: str, seconds: int | None) -> None:
    if seconds is None:
        assert code_of("duration", text) == "type"
    else:
        assert read("duration", text) == timedelta(seconds=seconds)


def test_spans_out_of_range_say_so_in_the_readers_words() -> None:
    field = make_field("duration", max=3600)
    (problem,) = fieldtypes.of(field).check(field, timedelta(hours=2))
    assert problem.message.to("zh") == "不能大于 1 小时。" and problem.message.to("en") == "At most 1h is allowed."
    assert code_of("duration", "200 years") == "type"
    assert code_of("duration", "999999999 h") == "too_large"
    assert read("duration", "30", unit="seconds") == timedelta(seconds=30)


def test_addresses_with_a_position() -> None:
    assert read("address", "Pier 4 (31.2304, 121.4737)") == Address("Pier 4", None, Decimal("31.230400"), Decimal("121.473700"))
    assert read("address", "南京东路 1 号（二楼）") == Address("南京东路 1 号（二楼）")


def test_phones_by_region_and_search() -> None:
    assert read("phone", "1381-234-5678") == "+8613812345678"
    assert read("phone", "13812345678.0") == "+8613812345678"
    assert read("phone", "020 7946 0018", region="GB") == "+442079460018"
    assert read("phone", "＋86 138 1234 5678") == "+8613812345678"
    field = make_field("phone")
    assert fieldtypes.of(field).search_text(field, "+8613812345678", reader()) == "8613812345678 13812345678"


@pytest.mark.parametrize(("text", "stars"), [("4", 4), ("4/5", 4), ("★★★☆☆", 3), ("3星", 3), ("2 stars", 2)])
def test_stars(text: str, stars: int) -> None:
    assert read("rating", text) == stars


def test_addresses_on_the_web_are_completed_and_kept_safe() -> None:
    assert read("url", "example.com/a") == "https://example.com/a"
    for evil in ("javascript:alert(1)", "JaVaScRiPt:x", "data:text/html,x", "vbscript:x", "file:///etc/passwd"):
        assert code_of("url", evil) == "bad_scheme"
    for evil in ("https://example.com\\@evil.example", "https:///x", "https://user:pw@example.com", "tel:call me", "mailto://x"):
        assert code_of("url", evil) in ("bad_url", "bad_scheme")


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=2, allow_nan=False, allow_infinity=False))
def test_every_decimal_survives_text(value: Decimal) -> None:
    assert numbers.fit(numbers.read_text(numbers.show_number(value)), 2) == value
    assert numbers.fit(numbers.read_json(numbers.plain(value)), 2) == value


@given(st.text(max_size=40))
def test_no_text_breaks_a_reader(text: str) -> None:
    for key in (
        "integer",
        "decimal",
        "money",
        "percent",
        "date",
        "datetime",
        "duration",
        "boolean",
        "phone",
        "email",
        "url",
        "address",
        "rating",
        "text",
        "long_text",
        "reference",
        "file",
        "rows",
        "signature",
    ):
        field = make_field_once(key) if key != "reference" else _reference()
        type_ = fieldtypes.of(field)
        try:
            value = type_.parse_text(field, text, reader())
        except Unreadable:
            continue
        if value is not None:
            list(type_.check(field, value))
            assert isinstance(type_.text(field, value, reader()), str)


def _reference() -> Any:
    if "reference" not in _fields:
        _fields["reference"] = make_field("reference", to="person")
    return _fields["reference"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=6,
    )
)
def test_no_json_breaks_a_type(raw: Any) -> None:
    from tests.unit.fieldtypes.conftest import TYPES, field_of, verdict

    for key in TYPES:
        value, problems = verdict(fieldtypes.get(key), field_of(key), raw)
        if value is not None and not problems:
            fieldtypes.get(key).dump(field_of(key), value, reader())
