"""What every page needs around its content: the frame's context and the content security policy.

The view layer makes one :class:`Shell` per request and passes it to templates as ``shell``; layouts read nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kernel.errors import Message
from kernel.i18n import LANGUAGES

LANGUAGE_NAMES: Mapping[str, str] = {"zh": "中文", "en": "English"}
LANGUAGE_SHORT: Mapping[str, str] = {"zh": "中", "en": "EN"}
THEMES = ("light", "dark", "system")
ACCENTS = ("blue", "teal", "green", "violet", "magenta", "brick")  # css/accents.css; the first is the product's own
DENSITIES = ("comfortable", "compact")


@dataclass(frozen=True, slots=True)
class NavItem:
    """One line of the rail. ``alert`` shows its count as a red badge, which is for the inbox only."""

    label: Message
    href: str
    icon: str
    count: int | None = None
    active: bool = False
    alert: bool = False
    shortcut: str | None = None


@dataclass(frozen=True, slots=True)
class NavGroup:
    """Lines of the rail under one heading; the first group usually has none."""

    label: Message | None
    items: tuple[NavItem, ...]


@dataclass(frozen=True, slots=True)
class ShellPerson:
    """Who is signed in. ``tone`` 1..6 is the colour of the avatar, the same wherever the person appears."""

    name: str
    href: str
    initial: str = ""
    tone: int = 1
    src: str | None = None

    @property
    def letter(self) -> str:
        """What stands in the avatar."""
        return self.initial or self.name[:1]


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame of a page.

    ``base`` is the URL prefix of the tenant without a slash at the end; the addresses derived from it can be overridden.
    ``csrf`` and ``nonce`` are per session and per request. ``create`` are the things the big + offers: (label, href, icon).
    Empty addresses leave their entry out.
    """

    tenant_name: str
    csrf: str
    nonce: str
    language: str
    base: str = ""
    logo_url: str | None = None
    accent: str = ACCENTS[0]
    nav: tuple[NavGroup, ...] = ()
    person: ShellPerson | None = None
    languages: tuple[str, ...] = LANGUAGES
    theme: str = "system"
    density: str = "comfortable"
    create_href: str | None = None
    can_design: bool = False
    design_href: str | None = None
    inbox_href: str | None = None
    # Counted only where a page shows it.
    inbox_count: int | Callable[[], int] = 0
    day_href: str | None = None
    settings_href: str | None = None
    bin_href: str | None = None
    sign_out_href: str | None = None
    preferences_href: str | None = None
    search_href: str | None = None
    # Where an open page hears that something changed (behaviour ``live``).
    live_href: str | None = None
    place: str = ""
    # Through whose eyes an administrator looks (kernel/platform/viewing.py).
    viewing: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)

    @property
    def inbox_waiting(self) -> int:
        """How many entries of the inbox wait."""
        return self.inbox_count() if callable(self.inbox_count) else self.inbox_count

    @property
    def tenant_initial(self) -> str:
        """What stands for the tenant when there is no logo."""
        return self.tenant_name[:1]

    @property
    def language_names(self) -> Mapping[str, str]:
        """Each language in its own words."""
        return LANGUAGE_NAMES

    @property
    def language_short(self) -> str:
        """The language in one or two letters."""
        return LANGUAGE_SHORT.get(self.language, self.language.upper())

    @property
    def html_language(self) -> str:
        """The ``lang`` attribute: it also chooses the right CJK face."""
        return {"zh": "zh-CN"}.get(self.language, self.language)

    @property
    def home(self) -> str:
        """Where the name of the tenant takes one."""
        return self.day_href or f"{self.base}/"


def content_security_policy(nonce: str) -> str:
    """The policy of every page; nothing inline runs, nothing comes from elsewhere."""
    own = f"'self' 'nonce-{nonce}'"
    return (
        f"default-src 'none'; script-src {own}; style-src {own}; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'; frame-src 'self'; object-src 'none'; "
        "manifest-src 'self'; worker-src 'self'"
    )
