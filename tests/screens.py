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
from itertools import product
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright
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


def _first(entity: str, view: str = "", tail: str = "") -> Visit:
    """The first record of a list, or a page below it."""

    def visit(page: Page, base: str) -> None:
        page.goto(f"{base}/e/{entity}{f'?view={view}' if view else ''}")
        link = page.locator(f"a.row-link[href*='/e/{entity}/0']").first
        page.goto(base.rsplit("/t/", 1)[0] + str(link.get_attribute("href")).split("?")[0] + tail)

    return visit


def _path(path: str) -> Visit:
    def visit(page: Page, base: str) -> None:
        page.goto(base + path)

    return visit


def _then(visit: Visit, *acts: Callable[[Page], object]) -> Visit:
    """A page, and what is done there."""

    def visit_and_act(page: Page, base: str) -> None:
        visit(page, base)
        page.wait_for_selector("html[data-ready]")
        for act in acts:
            act(page)

    return visit_and_act


def _click(selector: str) -> Callable[[Page], object]:
    return lambda page: page.locator(selector).first.click()


def _wait(selector: str) -> Callable[[Page], object]:
    return lambda page: page.locator(selector).first.wait_for()


def _behind(page: Page) -> None:
    """Somebody else saves the same field first: the form on the screen is one version behind, and says something else."""
    page.evaluate("""async () => {
      const form = document.querySelector('#record-form'), area = form.querySelector('textarea');
      const first = new URLSearchParams({csrf_token: form.csrf_token.value, _version: form._version.value, [area.name]: `${area.value} +1`});
      await fetch(form.getAttribute('action').replace(/edit$/, `field/${area.name}`), {method: 'POST', body: first});
      area.value = `${area.value} +2`;
      form.requestSubmit();
    }""")
    page.wait_for_selector("#conflict-form")


SCREENS: dict[str, tuple[str, Visit]] = {
    "my-day": ("linxiaoman", _path("/")),
    "list": ("linxiaoman", _path("/e/lead")),
    "list-filter": ("linxiaoman", _then(_path("/e/lead"), _click(".list-bar a[href*='/filter']:visible"), _wait("dialog[open]"))),
    "list-empty": ("linxiaoman", _path("/e/lead?q=zzzz")),
    "board": ("zhou", _path("/e/opportunity?view=opportunity_board")),
    "record": ("linxiaoman", _first("opportunity")),
    "missing": ("linxiaoman", _then(_first("opportunity"), _click(".btn-locked"), _wait("[data-menu-panel].missing:not([hidden])"))),
    "step": ("linxiaoman", _then(_first("lead"), _click(".path-next > .btn"), _wait("dialog[open]"))),
    "conflict": ("linxiaoman", _then(_first("lead", tail="/edit"), _behind)),
    "lead": ("linxiaoman", _first("lead")),
    "visit": ("linxiaoman", _first("visit")),
    "form": ("linxiaoman", _path("/e/lead/new")),
    "visit-form": ("linxiaoman", _path("/e/visit/new")),
    "search": ("linxiaoman", _path("/search?q=%E7%A7%91%E6%8A%80")),
    "me": ("linxiaoman", _path("/me")),
    "sign-in": ("", _path("/login")),
    "design": ("admin", _path("/design")),
    "design-entity": ("admin", _path("/design/entities/lead")),
    "parameters": ("admin", _path("/design/parameters")),
}
DOCS = (
    "record-1280-zh-light", "record-1280-en-light", "my-day-390-zh-light", "list-1280-zh-light", "board-1280-zh-light", "visit-form-390-zh-light",
    "form-390-en-light", "design-1280-zh-light", "parameters-1280-en-dark", "record-1280-zh-dark", "my-day-390-zh-dark", "list-390-zh-light",
)
SCALES = {"390": 1.5, "1280": 1.0}
LOCALES = {"zh": "zh-CN", "en": "en-GB"}


def photograph(browser: Browser, base: str, out: Path, wanted: Callable[[str, str], bool]) -> int:
    """The screens for which ``wanted(name, file stem)`` holds, in all sizes, languages and themes; returns how many pictures."""
    count = 0
    for login in sorted({login for login, _visit in SCREENS.values()}):
        for language, theme, size in product(LOCALES, ("light", "dark"), SIZES):
            shots = {name: visit for name, (owner, visit) in SCREENS.items() if owner == login and wanted(name, f"{name}-{size}-{language}-{theme}")}
            if not shots:
                continue
            width, height = SIZES[size]
            context = browser.new_context(
                viewport={"width": width, "height": height}, device_scale_factor=SCALES[size], has_touch=size == "390", is_mobile=size == "390",
                color_scheme="dark" if theme == "dark" else "light", locale=LOCALES[language], timezone_id="Asia/Shanghai")
            page = context.new_page()
            if login:
                sign_in(page, base, login)
                token = page.get_attribute("meta[name=csrf-token]", "content") if page.locator("meta[name=csrf-token]").count() else None
                _prefer(page, base, token, language, theme)
            for name, visit in shots.items():
                try:
                    visit(page, base)
                    page.wait_for_load_state("networkidle")
                    page.wait_for_timeout(200)  # the last transition has ended
                except TimeoutError as error:
                    print(f"{name}-{size}-{language}-{theme}: {str(error).splitlines()[0]}", file=sys.stderr)
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
    parser.add_argument("--only", help="pictures whose file name contains this; several parts divided by commas")
    parser.add_argument("--docs", action="store_true", help="the committed dozen, into docs/screens")
    parser.add_argument("--keep", help="a data folder to use again", type=Path)
    args = parser.parse_args()
    out = ROOT / "docs" / "screens" if args.docs else ROOT / "var" / "screens"
    parts = args.only.split(",") if args.only else [""]
    chosen = (lambda _name, stem: stem in DOCS) if args.docs else (lambda _name, stem: any(p in stem for p in parts))
    out.mkdir(parents=True, exist_ok=True)
    chromium: Any = shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, demo_server(args.keep or Path(folder)) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS), timeout=60_000)
        count = photograph(browser, base, out, chosen)
        browser.close()
    print(f"{count} pictures in {out.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
