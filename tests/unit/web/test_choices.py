"""What can be chosen as time zone and currency."""

from __future__ import annotations

from datetime import UTC, datetime

from runtime.web.settings import choices

NOW = datetime(2026, 11, 24, 2, 32, tzinfo=UTC)


def test_zones_are_cities_with_the_difference_of_today():
    found = choices.zones("zh", "Asia/Dubai", NOW)
    assert found[0] == ("Asia/Dubai", "迪拜 · UTC+4"), "what is chosen stands first"
    assert found[1] == ("Asia/Shanghai", "上海 · UTC+8") and ("UTC", "UTC") in found
    keys = [key for key, _label in found]
    assert len(keys) == len(set(keys)) > 300
    assert "Asia/Calcutta" not in keys and dict(found)["Asia/Kolkata"].endswith("UTC+5:30")
    summer = dict(choices.zones("en", "UTC", datetime(2026, 7, 1, tzinfo=UTC)))
    assert (summer["Europe/Berlin"], dict(found)["Europe/Berlin"]) == ("Berlin · UTC+2", "柏林 · UTC+1")
    assert summer["America/New_York"] == "New York · UTC−4"


def test_currencies_in_use_the_usual_ones_first():
    found = choices.currencies("en", "THB")
    assert found[:2] == [("THB", "THB · Thai Baht"), ("CNY", "CNY · Chinese Yuan")]
    codes = [code for code, _label in found]
    assert len(codes) == len(set(codes)) > 100 and "DEM" not in codes
