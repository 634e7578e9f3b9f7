"""Public holidays and make-up working days of a country, from the library ``holidays``; loaded when first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from kernel.errors import Invalid, Problem
from kernel.i18n import _


@dataclass(frozen=True, slots=True)
class Year:
    """One year of one country. ``names`` per day off and language; ``worked`` are weekend days worked in exchange.

    ``provisional``: make-up days of that year are not published yet, so what falls into it may still move.
    """

    off: Mapping[date, Mapping[str, str]]
    worked: frozenset[date]
    provisional: bool


# Countries that decree each year anew which weekends are worked: without the decree the year is provisional.
_DECREED = {"CN": "special_public_holidays"}
_LANGUAGES = {"CN": {"zh": "zh_CN", "en": "en_US"}}


def published_by() -> str:
    """What is known of public holidays, as a mark that changes when more is."""
    from importlib.metadata import version

    return version("holidays")


@lru_cache(maxsize=256)
def year_of(country: str, year: int, subdivision: str | None = None) -> Year:
    """The days of a year. Raises Invalid for a country or subdivision the library does not know."""
    import holidays

    names: dict[date, dict[str, str]] = {}
    worked: frozenset[date] = frozenset()
    provisional = False
    for language, code in _LANGUAGES.get(country, {"en": None}).items():
        try:
            found = holidays.country_holidays(country, subdiv=subdivision, years=year, language=code)
        except NotImplementedError as error:
            place = f"{country}-{subdivision}" if subdivision else country
            raise Invalid([Problem("country_unknown", _("There are no public holidays on record for {place}.", place=place), "holidays", _("Use a two-letter country code such as CN."))]) from error
        for day, name in found.items():
            names.setdefault(day, {})[language] = name
        worked = frozenset(day for day in getattr(found, "weekend_workdays", ()) if day.year == year)
        decrees = _DECREED.get(country)
        provisional = decrees is not None and year not in getattr(found, decrees, {})
    return Year(names, worked, provisional)
