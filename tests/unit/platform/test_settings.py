"""Settings: safe defaults, refusals that say what to do."""

from __future__ import annotations

import os
import stat

import pytest

from kernel.platform.clock import FileClock, SystemClock
from kernel.platform.settings import TEST_MARK, Settings, SettingsRefused


def from_env(tmp_path, **env: str) -> Settings:
    return Settings.from_env({"FANGYUAN_DATA_DIR": str(tmp_path / "var"), **env})


def test_defaults(tmp_path):
    settings = from_env(tmp_path)
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.database_url == f"sqlite:///{tmp_path / 'var' / 'control.sqlite3'}"
    assert settings.loopback and not settings.secure and not settings.on_postgresql
    assert isinstance(settings.clock(), SystemClock)
    assert "secret_key" not in repr(settings)


def test_the_secret_key_is_made_once_and_is_private(tmp_path):
    first = from_env(tmp_path).secret_key
    path = tmp_path / "var" / "secret.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700
    assert len(first) >= 43
    assert from_env(tmp_path).secret_key == first
    assert [p.name for p in (tmp_path / "var").iterdir()] == ["secret.key"]
    path.write_text("short")
    with pytest.raises(SettingsRefused):
        from_env(tmp_path)


@pytest.mark.parametrize("url", [
    "http://forms.example.com", "http://10.0.0.1:8000", "http://0.0.0.0:8000", "ftp://127.0.0.1", "https://", "https://a.example/path", "https://a:b@c.example",
    "https://a.example?x=1", "http://localhost.evil.example", "https://a.example:port", "nonsense",
])
def test_unsafe_addresses_refuse_to_start(tmp_path, url):
    with pytest.raises(SettingsRefused) as refused:
        from_env(tmp_path, FANGYUAN_BASE_URL=url)
    assert "FANGYUAN_BASE_URL" in str(refused.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", "https://forms.example.com", "https://forms.example.com/"])
def test_safe_addresses(tmp_path, url):
    assert from_env(tmp_path, FANGYUAN_BASE_URL=url).origin == url.rstrip("/")


@pytest.mark.parametrize(("name", "value"), [
    ("FANGYUAN_PORT", "0"), ("FANGYUAN_PORT", "x"), ("FANGYUAN_THREADS", "9999"), ("FANGYUAN_SECRET_KEY", "short"),
    ("FANGYUAN_DATABASE_URL", "mysql://x"),
    ("FANGYUAN_PGBOUNCER", "maybe"), ("FANGYUAN_LOG_FORMAT", "xml"), ("FANGYUAN_SESSION_DAYS", "365"),
])
def test_wrong_values_are_named(tmp_path, name, value):
    with pytest.raises(SettingsRefused, match=name):
        from_env(tmp_path, **{name: value})


def test_a_data_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsRefused, match="FANGYUAN_DATA_DIR"):
        Settings.from_env({"FANGYUAN_DATA_DIR": str(tmp_path / "file" / "var")})


def test_postgresql_goes_through_psycopg_3(tmp_path):
    settings = from_env(tmp_path, FANGYUAN_DATABASE_URL="postgresql://u:p@h/db")
    assert settings.database_url == "postgresql+psycopg://u:p@h/db" and settings.on_postgresql


def test_the_test_clock_needs_marks(tmp_path):
    clock = str(tmp_path / "clock.json")
    with pytest.raises(SettingsRefused, match="FANGYUAN_TEST_CLOCK"):
        from_env(tmp_path, FANGYUAN_TEST_CLOCK=clock)
    (tmp_path / "var" / TEST_MARK).touch()
    assert isinstance(from_env(tmp_path, FANGYUAN_TEST_CLOCK=clock).clock(), FileClock)
    with pytest.raises(SettingsRefused):
        from_env(tmp_path, FANGYUAN_TEST_CLOCK=clock, FANGYUAN_BASE_URL="https://real.example.com")
    from_env(tmp_path, FANGYUAN_TEST_CLOCK=clock, FANGYUAN_BASE_URL="https://forms.test")


def test_nothing_is_read_from_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("FANGYUAN_PORT", "9")
    assert from_env(tmp_path).port == 8000
    assert os.environ["FANGYUAN_PORT"] == "9"
