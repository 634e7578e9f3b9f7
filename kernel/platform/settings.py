"""What an operator sets, read from the environment once (docs/settings.md lists every setting)."""

from __future__ import annotations

import ipaddress
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from kernel.errors import FangyuanError
from kernel.i18n import Text, _
from kernel.platform.clock import Clock, FileClock, SystemClock

TEST_MARK = "TEST-DATA"


class SettingsRefused(FangyuanError):
    """A setting is missing or unsafe; the product does not start."""

    code = "settings_refused"


@dataclass(frozen=True, slots=True)
class Settings:
    """One immutable value per process. ``from_env`` is the usual way to make it; tests call the constructor."""

    data_dir: Path
    database_url: str
    secret_key: bytes = field(repr=False)
    # Keys that ``secret_key`` replaced: they still open what was stored under them.
    secret_key_fallbacks: tuple[bytes, ...] = field(default=(), repr=False)
    base_url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    threads: int = 16
    trusted_proxies: int = 0
    pgbouncer: bool = False
    pool_size: int = 10
    statement_timeout_s: float = 30.0
    lock_timeout_s: float = 5.0
    session_days: int = 14
    test_clock: Path | None = None
    log_format: str = "text"
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str | None = None
    # Exact targets beyond the public internet, per tenant; networks that nobody calls; further push services (kernel/egress).
    egress_allow: str = ""
    egress_deny: str = ""
    push_hosts: str = ""

    def __post_init__(self) -> None:
        _check_base_url(self.base_url)
        _check_mail(self.smtp_url, self.mail_from)
        _check_egress(self)
        if self.test_clock is not None and not self.is_test:
            raise SettingsRefused(_(
                "FANGYUAN_TEST_CLOCK works only with a loopback or .test base URL and a data directory that contains a file {mark}.",
                mark=TEST_MARK))

    @property
    def mails(self) -> bool:
        """Whether the product can send mail."""
        return self.smtp_url is not None

    @property
    def secure(self) -> bool:
        """Whether people reach the product by https."""
        return self.base_url.startswith("https://")

    @property
    def origin(self) -> str:
        """Scheme, host and port of the base URL, as a browser sends it in ``Origin``."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}".lower()

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the product."""
        return is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def is_test(self) -> bool:
        """Whether base URL and data directory both say that nothing here is real."""
        host = urlsplit(self.base_url).hostname or ""
        return (self.loopback or host.endswith(".test")) and (self.data_dir / TEST_MARK).exists()

    @property
    def on_postgresql(self) -> bool:
        """Whether the control database and new tenants live on PostgreSQL."""
        return self.database_url.startswith("postgresql")

    def clock(self) -> Clock:
        """The clock of this process: the machine's, or the shared test clock."""
        return FileClock(self.test_clock) if self.test_clock is not None else SystemClock()

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings from ``FANGYUAN_*``; makes the data directory and, at first start, its secret key.

        Raises :class:`SettingsRefused` naming the setting and how to mend it.
        """
        env = os.environ if environ is None else environ
        data_dir = Path(env.get("FANGYUAN_DATA_DIR") or "var").resolve()
        try:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsRefused(_("FANGYUAN_DATA_DIR: {path} can't be made ({why}).", path=str(data_dir), why=str(error))) from error
        port = _integer(env, "FANGYUAN_PORT", 8000, 1, 65535)
        clock_file = env.get("FANGYUAN_TEST_CLOCK")
        log_format = env.get("FANGYUAN_LOG_FORMAT") or "text"
        if log_format not in ("text", "json"):
            raise SettingsRefused(_("FANGYUAN_LOG_FORMAT must be text or json."))
        return cls(
            data_dir=data_dir,
            database_url=_database_url(env.get("FANGYUAN_DATABASE_URL"), data_dir),
            secret_key=_secret_key(env.get("FANGYUAN_SECRET_KEY"), data_dir),
            secret_key_fallbacks=_fallbacks(env.get("FANGYUAN_SECRET_KEY_FALLBACKS")),
            base_url=(env.get("FANGYUAN_BASE_URL") or f"http://127.0.0.1:{port}").rstrip("/"),
            host=env.get("FANGYUAN_HOST") or "127.0.0.1",
            port=port,
            workers=_integer(env, "FANGYUAN_WORKERS", 2, 1, 64),
            threads=_integer(env, "FANGYUAN_THREADS", 16, 1, 256),
            trusted_proxies=_integer(env, "FANGYUAN_TRUSTED_PROXIES", 0, 0, 5),
            pgbouncer=_switch(env, "FANGYUAN_PGBOUNCER"),
            pool_size=_integer(env, "FANGYUAN_POOL_SIZE", 10, 1, 200),
            statement_timeout_s=_integer(env, "FANGYUAN_STATEMENT_TIMEOUT", 30, 1, 3600),
            lock_timeout_s=_integer(env, "FANGYUAN_LOCK_TIMEOUT", 5, 5, 60),
            session_days=_integer(env, "FANGYUAN_SESSION_DAYS", 14, 1, 90),
            test_clock=Path(clock_file).resolve() if clock_file else None,
            log_format=log_format,
            smtp_url=env.get("FANGYUAN_SMTP_URL") or None,
            mail_from=env.get("FANGYUAN_MAIL_FROM") or None,
            egress_allow=env.get("FANGYUAN_EGRESS_ALLOW") or "",
            egress_deny=env.get("FANGYUAN_EGRESS_DENY") or "",
            push_hosts=env.get("FANGYUAN_PUSH_HOSTS") or "",
        )


def is_loopback(host: str) -> bool:
    """Whether ``host`` names this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_base_url(base_url: str) -> None:
    """http only while nobody else can reach it: on any other address cookies would travel in the open (D26)."""
    hint: Text | None = None
    try:
        parts = urlsplit(base_url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise SettingsRefused(_("FANGYUAN_BASE_URL is no address: {url}", url=base_url)) from error
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username or parts.path.strip("/"):
        raise SettingsRefused(
            _("FANGYUAN_BASE_URL must look like https://forms.example.com, without a path: {url}", url=base_url))
    if parts.scheme == "http" and not is_loopback(host):
        hint = _("Put a proxy with a certificate in front and use its https address.")
        raise SettingsRefused(_("FANGYUAN_BASE_URL may be plain http only on this very machine, not on {host}.", host=host), hint=hint)


def _check_mail(url: str | None, sender: str | None) -> None:
    """A mail server that can be reached safely, and an address to write from."""
    # Read here only: the product without mail loads neither ssl nor smtplib.
    if url is None:
        return
    from kernel.mail.envelope import is_address
    from kernel.mail.smtp import read_url

    try:
        server = read_url(url)
    except ValueError as error:
        raise SettingsRefused(_("FANGYUAN_SMTP_URL can't be read: {why}.", why=str(error))) from error
    if server.password and server.tls == "none" and not is_loopback(server.host):
        raise SettingsRefused(
            _("FANGYUAN_SMTP_URL would send a password in the open."), hint=_("Use smtps:// or add ?starttls=1."))
    if not sender or not is_address(sender):
        raise SettingsRefused(_("FANGYUAN_MAIL_FROM must be the e-mail address that mails come from, for example forms@example.com."))


def _check_egress(settings: Settings) -> None:
    """What an operator allows and forbids beyond the rules (D31) can be read."""
    # Read here only where something is set: most installations need neither list.
    if not (settings.egress_allow or settings.egress_deny or settings.push_hosts):
        return
    from kernel.egress.operator import Lists, Unreadable

    try:
        Lists.read(settings)
    except Unreadable as error:
        raise SettingsRefused(error.message, hint=error.hint) from error


def _database_url(given: str | None, data_dir: Path) -> str:
    if not given:
        return f"sqlite:///{data_dir / 'control.sqlite3'}"
    if given.startswith(("postgresql://", "postgres://")):
        # psycopg 3 is the one driver we test with.
        return "postgresql+psycopg://" + given.split("://", 1)[1]
    if given.startswith(("postgresql+psycopg://", "sqlite:///")):
        return given
    raise SettingsRefused(_("FANGYUAN_DATABASE_URL must start with postgresql:// or sqlite:///."))


def _secret_key(given: str | None, data_dir: Path) -> bytes:
    if given:
        if len(given) < 32:
            raise SettingsRefused(_("FANGYUAN_SECRET_KEY needs at least 32 characters."))
        return given.encode()
    path = data_dir / "secret.key"
    if not path.exists():
        draft = data_dir / f".secret.{os.getpid()}.{secrets.token_hex(4)}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            # link() fails when another process was first: then its key counts and ours is thrown away.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = path.read_text("ascii").strip()
    if len(key) < 32:
        raise SettingsRefused(_("The key in {path} is damaged: restore it, or remove the file to sign everybody out.", path=str(path)))
    return key.encode()


def _fallbacks(given: str | None) -> tuple[bytes, ...]:
    found = tuple(part.strip() for part in (given or "").split(",") if part.strip())
    if any(len(part) < 32 for part in found):
        raise SettingsRefused(_("FANGYUAN_SECRET_KEY_FALLBACKS: each of the keys, separated by commas, needs at least 32 characters."))
    return tuple(part.encode() for part in found)


def _integer(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name)
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise SettingsRefused(_("{name} must be a whole number from {low} to {high}.", name=name, low=low, high=high))
    return value


def _switch(env: Mapping[str, str], name: str) -> bool:
    text = (env.get(name) or "0").lower()
    if text not in ("0", "1", "true", "false", "yes", "no"):
        raise SettingsRefused(_("{name} must be 1 or 0.", name=name))
    return text in ("1", "true", "yes")
