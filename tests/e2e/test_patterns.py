"""The pattern page in a real browser: policy, overflow, target sizes, contrast, keyboard; both sizes, languages, themes."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from kernel.web import assets, rendering
from kernel.web.application import STATIC
from kernel.web.patterns import blueprint

pytestmark = pytest.mark.browser

COMBINATIONS = [(width, language, theme) for width in (390, 1280) for language in ("zh", "en") for theme in ("light", "dark")]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server that knows the pattern page and static files, nothing else."""
    app = Flask("patterns", static_folder=None)
    rendering.install(app)
    assets.install(app, assets.Assets([STATIC]))
    app.register_blueprint(blueprint())
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/patterns"
    server.shutdown()
    thread.join()
    server.server_close()


def settled(page: Page) -> None:
    """Every behaviour of the page has started."""
    page.wait_for_selector("html[data-behaviours=ready]", state="attached")


class Tab:
    """A page that remembers what the console said."""

    def __init__(self, browser: Browser, url: str, width: int) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 844 if width < 768 else 900}, reduced_motion="reduce")
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.goto(url)
        settled(self.page)


class Tabs:
    """Opens the page; ``expected`` are pieces of messages that a test provokes on purpose."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser, self.address = browser, address
        self.tabs: list[Tab] = []
        self.expected: tuple[str, ...] = ()

    def __call__(self, width: int = 1280, language: str = "en", theme: str = "light") -> Page:
        self.tabs.append(Tab(self.browser, f"{self.address}?lang={language}&theme={theme}", width))
        return self.tabs[-1].page


@pytest.fixture
def open_tab(browser: Browser, address: str) -> Iterator[Tabs]:
    """open_tab(width, language, theme) -> Page; at the end nothing may have complained."""
    tabs = Tabs(browser, address)
    yield tabs
    complaints = [text for tab in tabs.tabs for text in tab.complaints if not any(piece in text for piece in tabs.expected)]
    for tab in tabs.tabs:
        tab.context.close()
    assert complaints == []


CONTRAST = """() => {
  const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const over = (a, b) => a.slice(0, 3).map((x, i) => x * a[3] + b[i] * (1 - a[3]));
  const linear = (x) => (x / 255 <= .03928 ? x / 255 / 12.92 : ((x / 255 + .055) / 1.055) ** 2.4);
  const light = (c) => .2126 * linear(c[0]) + .7152 * linear(c[1]) + .0722 * linear(c[2]);
  const ground = (e) => { const stack = []; for (let n = e; n; n = n.parentElement) stack.push(parse(getComputedStyle(n).backgroundColor));
    return stack.reverse().reduce((b, c) => over(c, b), [255, 255, 255]); };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!text || !e.getClientRects().length || e.closest('script, template, .sr-only, [aria-hidden=true]:not(.avatar)')) continue;
    const style = getComputedStyle(e); if (style.visibility === 'hidden' || style.opacity === '0') continue;
    const b = ground(e), f = over(parse(style.color), b);
    const [x, y] = [light(f), light(b)].sort((p, q) => q - p), ratio = (x + .05) / (y + .05);
    if (ratio < 4.5) bad.push(`${ratio.toFixed(2)} ${e.className} ${text.slice(0, 20)} ${style.color}`);
  }
  return [...new Set(bad)];
}"""

TARGETS = (
    ".btn:not(.btn-link), .icon-btn, .tab, .bottom-item, .bottom-create, .control, .menu-item, .switch, .suggestion, .upload-tile, "
    ".rail-item, .ts-control, .form-section > summary"
)
SMALL = """(targets) => [...document.querySelectorAll(targets)]
  .map((e) => [e, e.getBoundingClientRect()])
  .filter(([e, r]) => r.width && getComputedStyle(e).visibility !== 'hidden' && (r.height < 43.5 || r.width < 43.5))
  .map(([e, r]) => `${e.className} ${r.width}x${r.height}`)"""

CUT = """() => [...document.querySelectorAll('.btn, .tab, .chip, .badge, .state-pill, .clock-pill, .menu-text, .form-label label, .rail-label')]
  .filter((e) => e.clientWidth && e.scrollWidth > e.clientWidth + 1).map((e) => `${e.className}: ${e.textContent.trim()}`)"""


@pytest.mark.parametrize(("width", "language", "theme"), COMBINATIONS)
def test_page_holds(open_tab: Tabs, width: int, language: str, theme: str) -> None:
    page = open_tab(width, language, theme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(CUT) == []
    # The icons come from a file of their own: the policy must let them through.
    assert page.evaluate("document.querySelector('.rail-item .icon, .bottom-item .icon').getBBox().width") > 0
    if width < 768:
        assert page.evaluate(SMALL, TARGETS) == []
        assert page.evaluate("getComputedStyle(document.getElementById('f-name')).fontSize") == "16px"


def test_policy_bites(open_tab: Tabs) -> None:
    open_tab.expected = ("elsewhere.invalid", "Content Security Policy")
    page = open_tab()
    assert page.locator("[onclick], [onload], [onerror], [onsubmit]").count() == 0
    blocked = page.evaluate("""() => new Promise((resolve) => {
      document.addEventListener('securitypolicyviolation', (e) => resolve(e.violatedDirective), {once: true});
      const image = new Image(); image.src = 'https://elsewhere.invalid/x.png'; })""")
    assert blocked == "img-src"


def test_html_has_no_inline_style_or_script(open_tab: Tabs) -> None:
    page = open_tab()
    html = page.request.get(open_tab.address + "?lang=zh&theme=light").text()
    assert " style=" not in html
    assert "<style" not in html
    scripts = re.findall(r"<script\b[^>]*>", html)
    # The words for scripts are data, which nothing runs.
    assert [tag for tag in scripts if "src=" not in tag] == ['<script type="application/json" id="ui-texts">']
    assert all("nonce=" in tag for tag in scripts if "src=" in tag)


def test_menu_by_keyboard(open_tab: Tabs) -> None:
    page = open_tab()
    button = page.locator("#sample-menu")
    button.focus()
    page.keyboard.press("ArrowDown")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("menuitem", name="Open")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
    page.keyboard.press("d")
    expect(page.get_by_role("menuitem", name="Duplicate")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(button).to_be_focused()


def test_closed_step_says_what_is_missing(open_tab: Tabs) -> None:
    page = open_tab()
    page.get_by_role("button", name="Send for approval").click()
    panel = page.get_by_role("dialog", name="2 things before approval")
    expect(panel).to_contain_text("from Chen Yi, due today 12:20")
    box = panel.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 1280
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()


def test_dialog_keeps_focus_and_gives_it_back(open_tab: Tabs) -> None:
    page = open_tab()
    page.locator("#open-dialog").click()
    dialog = page.locator("#sample-dialog")
    expect(dialog).to_be_visible()
    for _round in range(8):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('#sample-dialog')")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#open-dialog")).to_be_focused()


def test_dialog_from_the_server_opens_and_leaves(open_tab: Tabs) -> None:
    page = open_tab()
    page.locator("#load-dialog").click()
    expect(page.locator("#create-dialog")).to_be_visible()
    expect(page.locator("#new-name")).to_be_focused()
    page.locator("#create-dialog [data-dialog-close]").first.click()
    expect(page.locator("#create-dialog")).to_have_count(0)


def test_confirm_wants_the_name(open_tab: Tabs) -> None:
    page = open_tab()
    page.locator("#confirm-button").click()
    dialog = page.get_by_role("alertdialog", name="").last
    yes = dialog.get_by_role("button", name="Yes, go on")
    expect(yes).to_be_disabled()
    page.locator("#confirm-name").fill("PRJ-001")
    expect(yes).to_be_enabled()
    page.keyboard.press("Escape")
    expect(page.locator("#confirm-name")).to_have_count(0)


def test_disabled_button_says_why(open_tab: Tabs) -> None:
    page = open_tab()
    page.locator("#disabled-button").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("tooltip")).to_have_text("Two required fields are empty.")
    expect(page.locator("#live-polite")).to_have_text("Two required fields are empty.")


def test_toast_with_undo(open_tab: Tabs) -> None:
    page = open_tab()
    rows = page.locator("[data-child-row]")
    expect(rows).to_have_count(2)
    page.locator("#lines-1-item").fill("Lamp")
    page.get_by_role("button", name="Remove this row").last.click()
    expect(rows).to_have_count(1)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(2)
    expect(page.locator("#lines-1-item")).to_have_value("Lamp")


def test_child_rows_are_added_and_limited(open_tab: Tabs) -> None:
    page = open_tab()
    add = page.get_by_role("button", name="Add a row")
    for n in range(3, 6):
        add.click()
        expect(page.locator("[data-child-row]")).to_have_count(n)
    expect(page.locator("#lines-4-item")).to_be_focused()
    expect(add).to_have_attribute("aria-disabled", "true")


def test_combobox_searches_five_thousand(open_tab: Tabs) -> None:
    page = open_tab()
    field = page.locator("#f-item + .ts-wrapper input")
    expect(field).to_have_attribute("aria-labelledby", "f-item-label")
    field.click()
    expect(page.locator("#f-item + .ts-wrapper .option")).to_have_count(20)
    field.press_sequentially("4711")
    option = page.locator("#f-item + .ts-wrapper .option")
    expect(option).to_have_count(1)
    field.press("Enter")
    expect(page.locator("#f-item")).to_have_value("4711")
    expect(page.locator("[data-field=f-item]")).not_to_have_class("is-missing")


def test_progress_counts_and_leads_to_the_next(open_tab: Tabs) -> None:
    page = open_tab()
    progress = page.locator("[data-progress-text]")
    before = int(progress.inner_text().split()[0])
    page.locator("#f-name").fill("A name")
    expect(progress).to_have_text(f"{before - 1} of 9 left")
    page.locator(".form-progress").click()
    expect(page.locator("#f-phone")).to_be_focused()


def test_draft_survives_a_closed_tab(open_tab: Tabs) -> None:
    page = open_tab()
    page.locator("#f-name").fill("Half a thought")
    expect(page.locator("[data-draft-state]")).to_contain_text("Draft saved")
    page.evaluate("delete document.getElementById('sample-form').dataset.dirty")
    page.reload()
    settled(page)
    page.get_by_role("button", name="Bring it back").click()
    expect(page.locator("#f-name")).to_have_value("Half a thought")


def test_upload_keeps_the_id(open_tab: Tabs) -> None:
    page = open_tab()
    files = page.locator("#f-files")
    files.locator("input[type=file]").set_input_files([{"name": "plan.txt", "mimeType": "text/plain", "buffer": b"x" * 3000}])
    expect(files.locator("[data-upload-file]")).to_have_count(2)
    expect(files.locator("input[type=hidden]")).to_have_count(2)
    files.get_by_role("button", name="Remove").last.click()
    expect(files.locator("[data-upload-file]")).to_have_count(1)


def test_upload_refuses_what_is_too_large(open_tab: Tabs) -> None:
    page = open_tab()
    photos = page.locator("#f-photos")
    photos.locator("input[type=file]").set_input_files([{"name": "big.png", "mimeType": "image/png", "buffer": b"x" * 5_000_001}])
    expect(photos.locator("[data-upload-file]")).to_contain_text("Too large: at most 4.8 MB")
    expect(photos.locator("input[type=hidden]")).to_have_count(0)


def test_selection_fills_the_bulk_bar(open_tab: Tabs) -> None:
    page = open_tab()
    bar = page.locator("[data-bulk-for=sample-list]")
    expect(bar).to_contain_text("1 selected")
    page.locator("[data-select-all]").check()
    expect(bar).to_contain_text("4 selected")
    assert bar.locator("input[name=ids]").count() == 4
    bar.get_by_role("button", name="Clear the selection").click()
    expect(bar).to_be_hidden()


def test_refused_drop_goes_back(open_tab: Tabs) -> None:
    open_tab.expected = ("409",)
    page = open_tab()
    card = page.locator("[data-column=demo] [data-id='3'] a")
    card.focus()
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator("#toasts")).to_contain_text("Two things are missing")
    expect(page.locator("[data-column=demo] [data-id='3']")).to_have_count(1)
    page.keyboard.press("Alt+ArrowLeft")
    expect(page.locator("[data-column=inspection] [data-id='3']")).to_have_count(1)


def test_palette_finds_records_and_places(open_tab: Tabs) -> None:
    page = open_tab()
    page.keyboard.press("Control+k")
    search = page.get_by_role("combobox", name="Search records")
    expect(search).to_be_focused()
    search.fill("ridge")
    expect(page.locator("#palette-list [role=option]").first).to_contain_text("ridge 1")
    page.keyboard.press("Escape")
    expect(search).to_have_count(0)
    page.keyboard.press("?")
    expect(page.locator("#shortcuts-dialog")).to_contain_text("My day")


def test_theme_and_rail_are_remembered(open_tab: Tabs) -> None:
    page = open_tab()
    page.get_by_role("button", name="Appearance").click()
    page.get_by_role("menuitemradio", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Fold the menu").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("data-rail", "folded")
    box = page.locator("#rail").bounding_box()
    assert box is not None and box["width"] == 56


def test_rail_opens_as_drawer_on_phones(open_tab: Tabs) -> None:
    page = open_tab(390)
    expect(page.locator("#rail")).to_be_hidden()
    page.locator(".bottom-bar").get_by_role("button", name="Lists").click()
    expect(page.locator("#rail")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#rail")).to_be_hidden()


def test_tabs_by_arrows(open_tab: Tabs) -> None:
    page = open_tab()
    page.get_by_role("tab", name="Properties").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#pp-2")).to_be_visible()
    expect(page.locator("#pp-1")).to_be_hidden()
    assert page.url.endswith("#pp-2")


def test_behaviours_hold_after_a_swap(open_tab: Tabs) -> None:
    page = open_tab()
    page.evaluate("htmx.ajax('GET', '/patterns/rows?lang=en', {target: '#sample-list [data-rows]', swap: 'beforeend'})")
    expect(page.locator("[data-select-row]")).to_have_count(8)
    page.locator("[data-select-all]").check()
    expect(page.locator("[data-bulk-for=sample-list]")).to_contain_text("8 selected")
