"""Dates and times as people write them, in Chinese and English."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kernel.fieldtypes.base import Reader, Unreadable
from kernel.i18n import _

_MONTHS = {name: i % 12 + 1 for i, name in enumerate(
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
     "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"])}  # fmt: skip
_MONTHS["sept"] = 9
_RELATIVE = {"today": 0, "今天": 0, "今日": 0, "tomorrow": 1, "明天": 1, "明日": 1, "后天": 2, "yesterday": -1, "昨天": -1, "昨日": -1, "前天": -2}
_YEAR_FIRST = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NO_YEAR = re.compile(r"(\d{1,2})月(\d{1,2})[日号]?")
_YEAR_LAST = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})")
_DAY_NAME = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[\s-]+([a-z]{3,9})\.?,?[\s-]+(\d{4})")
_NAME_DAY = re.compile(r"([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
_SERIAL = re.compile(r"(\d{5})(\.\d+)?")
_TIME = re.compile(
    r"(上午|下午|中午|晚上|早上|凌晨)?\s*(\d{1,2})(?:(?:\s*[:点时]\s*(\d{1,2})?)(?:\s*[:分]\s*(\d{1,2})?(?:[.,](\d{1,6}))?\s*秒?)?(半)?)?\s*(am|pm|a\.m\.|p\.m\.)?"
)
_EPOCH = date(1899, 12, 30)  # day 0 of Excel's count as it is from March 1900 on
_WEEKDAY = re.compile(r"\s*[(]?(?:星期|周|礼拜)[一二三四五六日天][)]?|\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s*")


def _no_date() -> Unreadable:
    return Unreadable("bad_date", _("This is no date."), _("Write it like 2026-11-24."))


def _no_time() -> Unreadable:
    return Unreadable("bad_time", _("This is no date with time."), _("Write it like 2026-11-24 09:30."))


def _made(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise Unreadable("bad_date", _("This day does not exist."), _("Write it like 2026-11-24.")) from error


def _tidy(text: str) -> str:
    return _WEEKDAY.sub(" ", unicodedata.normalize("NFKC", text).strip().casefold()).strip()


def read_date(text: str, reader: Reader) -> date:
    """The date that ``text`` means for ``reader``. Raises Unreadable, also when it could mean two dates."""
    found = _date_in(_tidy(text), reader)
    if found is None:
        stamp = re.fullmatch(r"(\S+?)[t ]\s*0?0:00(:00(\.0+)?)?", _tidy(text))  # sheets hand out dates as midnights
        found = _date_in(stamp[1], reader) if stamp else None
    if found is None:
        raise _no_date()
    return found


def _date_in(text: str, reader: Reader) -> date | None:
    if text in _RELATIVE:
        return reader.today + timedelta(days=_RELATIVE[text])
    if match := _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text):
        return _made(int(match[1]), int(match[2]), int(match[3]))
    if match := _NO_YEAR.fullmatch(text):
        return _made(reader.today.year, int(match[1]), int(match[2]))
    if match := _DAY_NAME.fullmatch(text):
        return _made(int(match[3]), _MONTHS[match[2]], int(match[1])) if match[2] in _MONTHS else None
    if match := _NAME_DAY.fullmatch(text):
        return _made(int(match[3]), _MONTHS[match[1]], int(match[2])) if match[1] in _MONTHS else None
    if match := _YEAR_LAST.fullmatch(text):
        return _year_last(int(match[1]), int(match[3]), int(match[4]), dotted=match[2] == ".")
    if match := _SERIAL.fullmatch(text):
        return _EPOCH + timedelta(days=int(match[1]))
    return None


def _year_last(first: int, second: int, year: int, *, dotted: bool) -> date:
    if dotted or first > 12:  # 24.11.2026 has the day first wherever it is written
        return _made(year, second, first)
    if second > 12 or first == second:
        return _made(year, first, second)
    raise Unreadable(
        "ambiguous_date", _("This could be two different days."), _("Write the year first: {example}.", example=f"{year}-{first:02d}-{second:02d}")
    )


def read_instant(text: str, reader: Reader) -> datetime:
    """The instant (UTC) that ``text`` means in the reader's zone; a date alone is its midnight. Raises Unreadable."""
    written = _tidy(text)
    if re.fullmatch(r"\d{4}-\d\d-\d\dt\d\d:\d\d.*(z|[+-]\d\d:?\d\d)", written):
        return read_rfc3339(written.upper())
    if match := _SERIAL.fullmatch(written):
        seconds = round(float(match[2] or 0) * 86_400)
        return to_utc(datetime.combine(_EPOCH + timedelta(days=int(match[1])), time()) + timedelta(seconds=seconds), reader.zone)
    day = _date_in(written, reader)
    if day is not None:
        return to_utc(datetime.combine(day, time()), reader.zone)
    for at in range(len(written), 0, -1):
        day = _date_in(written[:at].rstrip(" t,"), reader) if written[at - 1 : at] != " " else None
        if day is None:
            continue
        match = _TIME.fullmatch(written[at:].lstrip(" t,"))
        if match and (match[3] or match[7] or match[1] or ":" in match[0] or "点" in match[0] or "时" in match[0]):
            return to_utc(datetime.combine(day, _clock(match)), reader.zone)
    raise _no_time()


def _clock(match: re.Match[str]) -> time:
    hour, minute, second = int(match[2]), int(match[3] or 0), int(match[4] or 0)
    micro = int((match[5] or "0").ljust(6, "0"))
    if match[6]:
        minute = 30
    half, mark = match[7] or "", match[1] or ""
    if (half.startswith("p") and hour < 12) or (mark in ("下午", "晚上") and hour < 12) or (mark == "中午" and hour < 11):
        hour += 12
    elif (half.startswith("a") and hour == 12) or (mark == "凌晨" and hour == 12):
        hour = 0
    try:
        return time(hour, minute, second, micro)
    except ValueError as error:
        raise Unreadable("bad_time", _("This time of day does not exist."), _("Write it like 09:30.")) from error


_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def read_rfc3339(text: str) -> datetime:
    """The instant of API JSON: a date-time with offset. Raises Unreadable."""
    match = _RFC3339.fullmatch(text) or re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", text, re.ASCII)
    if match is None:
        raise Unreadable("bad_time", _("A date-time with offset is expected."), _("Write it like 2026-11-24T01:30:00Z."))
    micro = int((match[7] or "0")[:6].ljust(6, "0"))
    offset = match[8].upper()
    try:
        local = datetime(int(match[1]), int(match[2]), int(match[3]), int(match[4]), int(match[5]), int(match[6] or 0), micro, tzinfo=UTC)
        if offset == "Z":
            return local
        hours, minutes = int(offset[1:3]), int(offset[4:6])
        if hours > 23 or minutes > 59:
            raise ValueError
        shift = timedelta(hours=hours, minutes=minutes)
        return local + shift if offset[0] == "-" else local - shift
    except (ValueError, OverflowError) as error:
        raise Unreadable("bad_time", _("This moment does not exist."), _("Write it like 2026-11-24T01:30:00Z.")) from error


def to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a local time: of two equal ones the first, in a gap the first valid moment (D43)."""
    try:
        before = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
        after = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
        if before <= after:  # an overlap, or the usual single meaning
            return before
        low, high = int(after.timestamp()), int(before.timestamp())  # the gap lies between the two readings
        offset = datetime.fromtimestamp(low, zone).utcoffset()
        while high - low > 1:
            middle = (low + high) // 2
            if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
                low = middle
            else:
                high = middle
        return datetime.fromtimestamp(high, UTC)
    except OverflowError as error:
        raise _no_time() from error
