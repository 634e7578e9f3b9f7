"""Every address says who may call it, reads change nothing by declaration, and the settings are documented."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path

import pytest

from kernel.web.application import create_flask, seal
from kernel.web.routes import Need, Route, mount
from tests.factories.platform import make_app

ROOT = Path(__file__).resolve().parents[2]


def route_lists() -> dict[str, tuple[Route, ...]]:
    found = {}
    for path in sorted([*(ROOT / "builder").rglob("urls.py"), *(ROOT / "runtime").rglob("urls.py")]):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        module = importlib.import_module(name)
        for attribute in ("ROUTES", "routes", "URLS"):
            if hasattr(module, attribute):
                value = getattr(module, attribute)
                found[name] = tuple(value() if callable(value) else value)
    return found


def test_every_route_declares_its_needs() -> None:
    for module, routes in route_lists().items():
        for route in routes:
            assert route.all_needs, f"{module}: {route.rule} does not say who may call it"


def test_nothing_of_a_tenant_is_public() -> None:
    # Events are signed by a source's own key (runtime/incoming/door.py), WeCom's callback by its token.
    signed = {"/api/v1/events/<kind>", "/api/v1/events/wecom/<source>"}
    public = [f"{module}: {route.rule}" for module, routes in route_lists().items() for route in routes if Need.PUBLIC in route.all_needs and route.rule not in signed]
    assert not public, "nothing is public by default; a public route needs a line here with its reason"


def test_the_application_starts_with_all_routes(settings, clock) -> None:
    app = make_app(settings, clock)
    for routes in route_lists().values():
        mount(app, routes)
    seal(app)
    rules = [rule.rule for rule in app.url_map.iter_rules()]
    assert all(rule.startswith(("/t/<tenant>/", "/static/")) or rule in ("/", "/preferences", "/health") for rule in rules), rules
    app.extensions["fangyuan"].databases.dispose()


def test_debug_is_impossible(settings, clock) -> None:
    app = create_flask(settings, clock)
    assert not app.debug and not app.testing and not app.config["PROPAGATE_EXCEPTIONS"]


def test_every_setting_is_documented() -> None:
    code = (ROOT / "kernel/platform/settings.py").read_text("utf-8")
    documented = set(re.findall(r"^\| `(FANGYUAN_\w+)`", (ROOT / "docs/settings.md").read_text("utf-8"), re.M))
    assert documented == set(re.findall(r'"(FANGYUAN_[A-Z_]+)"', code)) | {"FANGYUAN_TEST_CLOCK"}


@pytest.mark.parametrize("owner", ["kernel", "builder", "runtime"])
def test_only_the_settings_read_the_environment(owner: str) -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in (ROOT / owner).rglob("*.py")
        if re.search(r"os\.(environ|getenv)", path.read_text("utf-8")) and path.name != "settings.py"
    ]
    assert not wrong
