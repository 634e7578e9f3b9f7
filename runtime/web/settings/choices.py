"""Time zones and currencies to choose from, in the reader's words: the usual ones first, then all others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from babel.core import Locale, get_global
from babel.dates import get_timezone_location
from babel.numbers import get_currency_name, get_territory_currencies

USUAL_ZONES = (
    "Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo",
    "Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "UTC",
)
USUAL_CURRENCIES = ("CNY", "HKD", "TWD", "USD", "EUR", "JPY", "GBP", "SGD")
_REGIONS = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


def zones(language: str, chosen: str, at: datetime) -> list[tuple[str, str]]:
    """Zones by their city, with what clocks there show against UTC at this moment: the usual ones, then all from west to east."""
    cities = _cities(language)
    ahead = {key: int((at.astimezone(ZoneInfo(key)).utcoffset() or at - at).total_seconds() // 60) for key in cities}
    rest = sorted(cities, key=lambda key: (ahead[key], cities[key]))
    shown = dict.fromkeys((chosen, *USUAL_ZONES, *rest))
    return [(key, f"{cities[key]} · UTC{_offset(ahead[key])}" if key in cities else key) for key in shown]


def _offset(minutes: int) -> str:
    return "" if minutes == 0 else f"{'+' if minutes > 0 else '−'}{abs(minutes) // 60}{f':{abs(minutes) % 60:02}' if minutes % 60 else ''}"


@lru_cache(maxsize=8)
def _cities(language: str) -> dict[str, str]:
    aliases = get_global("zone_aliases")
    known = [key for key in available_timezones() if key.startswith(_REGIONS) and key not in aliases]
    # Names in a language stand under the name a zone had when they were written down (Asia/Saigon).
    former: dict[str, list[str]] = {}
    for old, new in aliases.items():
        former.setdefault(new, []).append(old)
    named = Locale.parse(language).time_zones
    return {
        key: next((city for name in (key, *sorted(former.get(key, ()))) if (city := named.get(name, {}).get("city"))), None)
        or get_timezone_location(key, locale=language, return_city=True) for key in known}


def currencies(language: str, chosen: str) -> list[tuple[str, str]]:
    """Currencies in use somewhere, by code and name: the usual ones, then all by code."""
    return [(code, f"{code} · {get_currency_name(code, locale=language)}") for code in dict.fromkeys((chosen, *USUAL_CURRENCIES, *_in_use()))]


@lru_cache(maxsize=1)
def _in_use() -> Sequence[str]:
    return sorted({code for territory in get_global("territory_currencies") for code in get_territory_currencies(territory)})
