"""The demo company, one fresh copy per module, and browser pages of its people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.factories.demo import Demo, demo_copy, demo_template
from tests.factories.desk import Api

SIZES = {"phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2},
         "desktop": {"viewport": {"width": 1280, "height": 800}}}
TIMEOUT_MS = 30_000  # a busy machine decodes a picture slowly; a passing test never waits this long


@pytest.fixture(scope="module")
def demo(session_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The company at work; what a module changes stays in the module."""
    with demo_copy(demo_template(session_folder), tmp_path_factory.mktemp("company")) as running:
        yield running


@pytest.fixture(params=list(SIZES))
def size(request: pytest.FixtureRequest) -> str:
    """Once on a phone, once on a desktop."""
    return str(request.param)


@dataclass
class People:
    """Opens browser pages of people; whatever goes wrong inside of a page is kept and fails the test at its end."""

    demo: Demo
    browser: Any
    size: str
    faults: list[str] = field(default_factory=list)
    contexts: list[Any] = field(default_factory=list)

    def stranger(self, size: str | None = None, **options: Any) -> Any:
        """A page of somebody who is not signed in."""
        context = self.browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", **{**SIZES[size or self.size], **options})
        context.clock.set_fixed_time(self.demo.clock.now())
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        self._listen(page)
        return page

    def page(self, login: str, path: str | None = "/", language: str = "zh", size: str | None = None, **options: Any) -> Any:
        """A page of this person, at ``path`` unless that is None."""
        page = self.stranger(size, **options)
        page.context.add_cookies([self.demo.cookie(login, language)])
        if path is not None:
            self.go(page, path)
        return page

    def go(self, page: Any, path: str) -> Any:
        """Open a path of the company and wait until its scripts run; returns the answer."""
        answer = page.goto(f"{self.demo.base}{path}")
        page.wait_for_selector("html[data-behaviours=ready]")
        return answer

    def _listen(self, page: Any) -> None:
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", lambda m: self.faults.append(f"{page.url}: {m.text}") if m.type == "error" and not _expected(m.text) else None)
        page.on("response", lambda r: self.faults.append(f"{r.status} {r.url}") if r.status >= 500 else None)

    def close(self) -> None:
        for context in self.contexts:
            context.close()


def _expected(text: str) -> bool:
    # The browser itself reports every refused request (409, 422 ...) as a fault of loading; refusals are what is tested here.
    return text.startswith("Failed to load resource") and "status of 4" in text


@pytest.fixture
def people(demo: Demo, browser: Any, size: str) -> Iterator[People]:
    """Pages in one size; no page may have raised an error or broken the content security policy."""
    found = People(demo, browser, size)
    yield found
    found.close()
    assert found.faults == []


@pytest.fixture(scope="module")
def rep(demo: Demo) -> Api:
    """The API in a rep's name."""
    from tests.e2e.mechanisms import keys

    return demo.api(keys.REP)
