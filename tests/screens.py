"""``make screens``: photographs of the main screens of the demo company into ``var/screens``.

390 and 1280 px, Chinese and English, light and dark. A dozen of them are committed in ``docs/screens``.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from app import create_app
from commands.desk import Desk
from commands.serving import DEMO, DEMO_PASSWORD, DEMO_TEMPLATE
from commands.tenants import make
from kernel.platform import migrations
from kernel.platform.clock import SystemClock
from kernel.platform.database import Databases
from kernel.platform.settings import TEST_MARK, Settings
from kernel.platform.tenants import Tenants
from tests.conftest import CHROMIUM_FLAGS
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[1]
SIZES = {"390": (390, 844), "1280": (1280, 800)}

Visit = Callable[[Page, str], None]


@contextmanager
def demo_server(folder: Path) -> Iterator[str]:
    """The product with its demo company, served from a thread; yields the tenant's address."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TEST_MARK).touch()
    settings = Settings(data_dir=folder, database_url=f"sqlite:///{folder / 'control.sqlite3'}", secret_key=b"s" * 32, port=port, base_url=f"http://127.0.0.1:{port}")
    clock = SystemClock()
    migrations.migrate(settings)
    databases = Databases(settings)
    here = Desk(settings, clock, databases, Tenants(settings, databases, clock))
    if here.tenants.find(DEMO) is None:
        make(here, DEMO, "禾木空间", DEMO_TEMPLATE, samples=True, language="zh", password=DEMO_PASSWORD, must_change=False)
    databases.dispose()
    server = make_server("127.0.0.1", port, create_app(settings, clock), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}/t/{DEMO}"
    finally:
        server.shutdown()
        thread.join(10)


def sign_in(page: Page, base: str, login: str) -> None:
    """Through the sign-in page, as people do."""
    page.goto(f"{base}/")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", DEMO_PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "login" not in url)


def _first(entity: str) -> Visit:
    def visit(page: Page, base: str) -> None:
        page.goto(f"{base}/e/{entity}")
        link = page.locator(f"a[href*='/e/{entity}/0']").first
        page.goto(base.rsplit("/t/", 1)[0] + str(link.get_attribute("href")).split("?")[0])

    return visit


def _path(path: str) -> Visit:
    return lambda page, base: page.goto(base + path) and None


SCREENS: dict[str, tuple[str, Visit]] = {
    "my-day": ("linxiaoman", _path("/")),
    "list": ("linxiaoman", _path("/e/lead")),
    "board": ("zhou", _path("/e/opportunity?view=board")),
    "record": ("linxiaoman", _first("opportunity")),
    "lead": ("linxiaoman", _first("lead")),
    "form": ("linxiaoman", _path("/e/lead/new")),
    "visit-form": ("linxiaoman", _path("/e/visit/new")),
    "design": ("admin", _path("/design")),
    "parameters": ("admin", _path("/design/parameters")),
}


def photograph(browser: Browser, base: str, out: Path, wanted: str | None) -> int:
    """All screens in all sizes, languages and themes; returns how many pictures."""
    count = 0
    for login in sorted({login for login, _visit in SCREENS.values()}):
        for language in ("zh", "en"):
            for theme in ("light", "dark"):
                for size, (width, height) in SIZES.items():
                    context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=2 if size == "390" else 1.5,
                                                  has_touch=size == "390", is_mobile=size == "390", color_scheme="dark" if theme == "dark" else "light")
                    page = context.new_page()
                    sign_in(page, base, login)
                    token = page.get_attribute("meta[name=csrf-token]", "content") if page.locator("meta[name=csrf-token]").count() else None
                    _prefer(page, base, token, language, theme)
                    for name, (owner, visit) in SCREENS.items():
                        if owner != login or (wanted and wanted not in name):
                            continue
                        visit(page, base)
                        page.wait_for_load_state("networkidle")
                        page.screenshot(path=out / f"{name}-{size}-{language}-{theme}.png")
                        count += 1
                    context.close()
    return count


def _prefer(page: Page, base: str, token: str | None, language: str, theme: str) -> None:
    """Language and theme of the person, through the address the frame's menus use."""
    csrf = token or page.evaluate("() => { const h = document.body.getAttribute('hx-headers:inherited') || document.body.getAttribute('hx-headers'); return h ? JSON.parse(h)['X-CSRFToken'] : '' }")
    for name, value in (("language", language), ("theme", theme)):
        page.request.post(f"{base}/preferences", form={name: value}, headers={"X-CSRFToken": str(csrf), "Origin": base.rsplit('/t/', 1)[0]})


def main() -> int:
    parser = argparse.ArgumentParser(description="photographs of the main screens")
    parser.add_argument("--only", help="screens whose name contains this")
    parser.add_argument("--keep", help="a data folder to use again", type=Path)
    args = parser.parse_args()
    out = ROOT / "var" / "screens"
    out.mkdir(parents=True, exist_ok=True)
    chromium: Any = shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, demo_server(args.keep or Path(folder)) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        count = photograph(browser, base, out, args.only)
        browser.close()
    print(f"{count} pictures in var/screens")
    return 0


if __name__ == "__main__":
    sys.exit(main())
