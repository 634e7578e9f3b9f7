"""What people do on the screens, step by step: shared by the tests of this folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ID = re.compile(r"/e/(\w+)/([0-9a-f]{8}-[0-9a-f-]{27})")


def record_id(page: Any) -> str:
    """The id of the record this page shows."""
    found = ID.search(page.url)
    assert found, f"no record in {page.url}"
    return found[2]


def fits(page: Any) -> bool:
    """Whether nothing stands out to the right. A phone widens its window for what does, so the window's own width counts too."""
    return bool(page.evaluate("width => document.documentElement.scrollWidth <= width && innerWidth <= width", page.viewport_size["width"]))


def ready(page: Any) -> None:
    """Wait until the scripts of the page run."""
    page.wait_for_selector("html[data-behaviours=ready]")


def sign_in(page: Any, base: str, login: str, password: str) -> None:
    """Through the sign-in page."""
    page.goto(f"{base}/")
    ready(page)
    page.locator("#login").fill(login)
    page.locator("#password").fill(password)
    page.locator("form[action$='/login'] button[type=submit]").click()
    page.wait_for_url(f"{base}/")
    ready(page)


def save_form(page: Any, form: str = "record-form") -> None:
    """Press the form's one primary button."""
    page.locator(f"button[type=submit][form={form}]").click()


def saved(page: Any, entity: str) -> str:
    """Wait for the record's page after saving; its id."""
    page.wait_for_url(re.compile(rf"/e/{entity}/[0-9a-f]{{8}}-[0-9a-f-]{{27}}$"))
    ready(page)
    return record_id(page)


def choose(page: Any, field: str, words: str, *, within: str = "body") -> None:
    """Find a record in a reference field by typing, and take the first one that fits."""
    box = page.locator(f"{within} [data-field={field}] .ts-wrapper")
    box.locator(".ts-control").click()
    box.locator("input").first.press_sequentially(words)
    option = box.locator(".ts-dropdown .option", has_text=words).first
    option.wait_for()
    option.click()
    box.locator(".item", has_text=words).wait_for()


def upload(page: Any, field: str, file: Path | dict[str, Any], *, within: str = "body") -> None:
    """Hand a file to an upload field as the file dialog would."""
    page.locator(f"{within} [data-field={field}] [data-upload-input]").set_input_files(file)


def uploaded(page: Any, field: str, count: int = 1, *, within: str = "body") -> None:
    """Wait until so many files arrived."""
    page.locator(f"{within} [data-field={field}] [data-upload-file] input[type=hidden]").nth(count - 1).wait_for(state="attached")


def next_step(page: Any) -> Any:
    """The button of the usual next step on a record page, open or locked."""
    return page.locator(".path-next > a.btn, .path-next > button.btn, .path-next .btn-locked").first


def take_step(page: Any) -> None:
    """Take the open next step and wait for the record in its new state."""
    next_step(page).click()
    dialog = page.locator("#step-dialog")
    dialog.wait_for()
    with page.expect_navigation():
        dialog.locator("button[form=step-form]").click()
    ready(page)


def what_is_missing(page: Any) -> str:
    """What the locked next step says is missing, as read by a person."""
    next_step(page).click()
    panel = page.locator(".path-next [data-menu-panel].missing").first
    panel.wait_for(state="visible")
    text = str(panel.inner_text())
    page.keyboard.press("Escape")
    return text


def present_state(page: Any) -> str:
    """The state that the path marks as present."""
    return str(page.locator(".path [aria-current=step] .path-label .truncate").inner_text())


def output_of(page: Any, field: str) -> str:
    """What a worked-out value of the form shows."""
    return str(page.locator(f"[data-output={field}]").inner_text())


def shows(page: Any, field: str, text: str) -> None:
    """Wait until the record page shows this value."""
    page.locator(f"[data-field={field}] .value", has_text=text).first.wait_for()


def live(page: Any, field: str, text: str) -> None:
    """Wait until the form shows this worked-out value."""
    page.locator(f"[data-output={field}]").get_by_text(text, exact=True).wait_for()


def timeline(page: Any) -> str:
    """Everything the timeline says."""
    return str(page.locator("#timeline").inner_text())


def drag(page: Any, element: Any, target: Any) -> None:
    """With the mouse, in steps, as a hand does it."""
    element.scroll_into_view_if_needed()
    box, to = element.bounding_box(), target.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + box["height"] - 6)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + box["height"], steps=4)
    page.mouse.move(to["x"] + to["width"] / 2, to["y"] + 120, steps=8)
    page.mouse.move(to["x"] + to["width"] / 2, to["y"] + 130, steps=2)
    page.mouse.up()
