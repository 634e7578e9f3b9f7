"""Assets, the vendored files, tokens, and components under the application's strict templates."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from flask import Flask

from kernel.i18n import Labels
from kernel.web import assets, rendering
from kernel.web.application import STATIC
from kernel.web.i18n import reading_in
from kernel.web.patterns import blueprint
from kernel.web.shell import content_security_policy
from kernel.web.texts import UI_TEXTS

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def app() -> Flask:
    """An application with templates and static files only."""
    app = Flask("components", static_folder=None)
    rendering.install(app)
    assets.install(app, assets.Assets([STATIC]))
    app.register_blueprint(blueprint())
    return app


def render(app: Flask, source: str, language: str = "en", **context: object) -> str:
    with app.app_context(), reading_in(language):
        return app.jinja_env.from_string('{% import "components/ui.html" as ui %}' + source).render(**context)


# --- assets ---


def test_version_stands_in_the_path_and_is_cached_for_ever(app: Flask) -> None:
    url = app.extensions["assets"].url("js/app.js")
    answer = app.test_client().get(url, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200 and answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.content_encoding == "gzip" and "Accept-Encoding" in answer.vary


def test_older_version_gets_todays_file_uncached(app: Flask) -> None:
    answer = app.test_client().get("/static/0123456789ab/css/app.css")
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["js/missing.js", "../assets.py", "css/%2e%2e/%2e%2e/shell.py"])
def test_what_is_not_static_is_not_found(app: Flask, name: str) -> None:
    assert app.test_client().get(f"/static/{app.extensions['assets'].version}/{name}").status_code == 404


def test_unknown_name_is_an_error_at_once(app: Flask) -> None:
    with pytest.raises(KeyError, match=r"no static file named 'js/ap\.js'"):
        app.extensions["assets"].url("js/ap.js")


def test_two_owners_may_not_have_the_same_file(tmp_path: Path) -> None:
    for owner in ("a", "b"):
        (tmp_path / owner).mkdir()
        (tmp_path / owner / "x.js").write_text("1")
    with pytest.raises(ValueError, match=r"'x\.js' exists twice"):
        assets.Assets([tmp_path / "a", tmp_path / "b"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no static files"):
        assets.Assets([tmp_path / "empty"])


def test_other_owners_styles_join_the_bundle_and_change_the_version(tmp_path: Path) -> None:
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "mine.css").write_text(".mine { color: red }")
    joined = assets.Assets([STATIC, tmp_path])
    bundle = joined.read(assets.BUNDLE)
    assert bundle is not None and bundle.index(b"css/tokens.css") < bundle.index(b"css/base.css") < bundle.index(b".mine")
    assert joined.version != assets.Assets([STATIC]).version


def test_reload_sees_a_change(tmp_path: Path) -> None:
    (tmp_path / "x.js").write_text("1")
    live = assets.Assets([tmp_path], reload=True)
    before = live.version
    (tmp_path / "x.js").write_text("22")
    assert live.version != before and live.read("x.js") == b"22"


def test_icon_is_hidden_from_readers_and_unknown_ones_do_not_break(app: Flask) -> None:
    known = app.extensions["assets"]
    assert known.icon("lock", 16).startswith('<svg class="icon icon-16" aria-hidden="true"') and known.icon("lock").endswith("#lock\"></use></svg>")
    assert "#point-filled" in known.icon('"><script>')


# --- the repository keeps its word ---


def test_vendored_files_are_what_the_lock_says() -> None:
    for entry in json.loads((STATIC / "vendor" / "vendor.lock").read_text("utf-8"))["files"]:
        assert hashlib.sha256((STATIC / entry["file"]).read_bytes()).hexdigest() == entry["sha256"], entry["file"]
        assert (STATIC / entry["licence_file"]).read_text("utf-8").strip()


def test_every_icon_named_in_templates_is_in_the_sprite(app: Flask) -> None:
    named = set()
    for path in (ROOT / "templates").rglob("*.html"):
        named |= set(re.findall(r"\bicon\('([\w-]+)'", path.read_text("utf-8"))) | set(re.findall(r"icon_name='([\w-]+)'", path.read_text("utf-8")))
    assert named - app.extensions["assets"].icon_names == set()


def test_every_behaviour_named_in_templates_exists() -> None:
    named = set()
    for path in [*(ROOT / "templates" / "components").glob("*.html"), *(ROOT / "templates" / "layouts").glob("*.html")]:
        for value in re.findall(r"""data-behaviour["']?(?:=|: )["']([a-z -]+)""", path.read_text("utf-8")):
            named |= set(value.split())
    known = {path.stem for owner in (STATIC, ROOT / "runtime" / "web" / "static") for path in (owner / "js" / "behaviours").glob("*.js")}
    assert named - known == set()


def test_every_text_that_scripts_ask_for_exists() -> None:
    asked = set()
    for path in (STATIC / "js").rglob("*.js"):
        asked |= set(re.findall(r"\bt\(\"(\w+)\"", path.read_text("utf-8")))
    assert asked - UI_TEXTS.keys() == set()


def test_dark_values_are_the_same_by_choice_and_by_device() -> None:
    css = (STATIC / "css" / "tokens.css").read_text("utf-8")
    chosen, device = (re.search(rf'\[data-theme="{name}"\] \{{(.*?)\}}', css, re.S) for name in ("dark", "system"))
    assert chosen and device and chosen[1].split() == device[1].split()


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [":root", '[data-theme="dark"]'])
def test_words_are_readable(theme: str) -> None:
    css = (STATIC / "css" / "tokens.css").read_text("utf-8")
    block = css[css.index(theme + " {") :]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9A-F]{6});", block[: block.index("}")]))
    grounds = ("paper", "surface", "raised")
    pairs = [(word, ground) for word in ("ink", "ink-2", "placeholder", "accent-word") for ground in grounds]
    pairs += [(word, "sunken") for word in ("ink", "ink-2")]
    for tone in ("accent", "ontime", "warning", "breach", "draft"):
        pairs += [(f"{tone}-word", ground) for ground in (*grounds, f"{tone}-tint")]
    pairs += [("on-accent", "accent"), ("on-breach", "breach")]
    assert {pair: round(_contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs if _contrast(colours[pair[0]], colours[pair[1]]) < 4.5} == {}


def test_no_inline_style_or_handler_in_templates() -> None:
    for path in [*(ROOT / "templates" / "components").glob("*.html"), *(ROOT / "templates" / "layouts").glob("*.html")]:
        assert not re.search(r"""\sstyle=|\son(click|change|input|submit|load|error)=|javascript:""", path.read_text("utf-8")), path.name


def test_policy_lets_nothing_inline_and_nothing_foreign() -> None:
    policy = content_security_policy("abc")
    assert "default-src 'none'" in policy and "unsafe" not in policy and "object-src 'none'" in policy and "'nonce-abc'" in policy
    assert not re.search(r"https?:|\*", policy)


def test_the_bundle_stays_small(app: Flask) -> None:
    bundle = app.extensions["assets"].read(assets.BUNDLE)
    assert len(gzip.compress(bundle, 9)) < 20_000


# --- components ---

EVIL = '"><img src=x onerror=alert(1)>'


@pytest.mark.parametrize("call", [
    "ui.button(x, href=x, icon_name=x)", "ui.icon_button(x, 'x', pressed=true)", "ui.menu(x, [{'label': x, 'href': x, 'note': x}])",
    "ui.badge(x, title=x)", "ui.chip(x, count=x)", "ui.filter_chip(x, [x])", "ui.state_pill(x)", "ui.person(x, note=x)", "ui.file_link(x, '/')",
    "ui.clock_pill(x, label=x, due=x)", "ui.clock_fact(x, x, due=x, label=x)", "ui.record_field(x, x, key=x, locked=x)", "ui.fact(x, x, x)",
    "ui.title_cell(x, '/', x)", "ui.cell(x, label=x)", "ui.timeline_entry(x, x, x, who=x, body=x, changes=[(x, x, x)], reason=x)",
    "ui.board_card(x, x, '/', x, x, x, person=x, missing=[(x, x)])", "ui.input('a', 'a', x, placeholder=x, prefix=x)", "ui.textarea('a', 'a', x)",
    "ui.select('a', 'a', [(x, x)], x)", "ui.combobox('a', 'a', selected=[(x, x)])",
    "ui.choices('a', 'a', [(x, x)], x)", "ui.upload('a', x, x, files=[{'id': x, 'name': x}])",
    "ui.error_summary([(x, x, x)])", "ui.toast(x)", "ui.callout(x, title=x)", "ui.empty_state(x, x)", "ui.code_box(x, error=x)", "ui.stat(x, x, x, x)",
    "ui.tabs([{'label': x, 'href': x, 'count': x}], x)",
    "ui.state_path([{'label': x, 'status': 'current', 'time': x}], {'label': x, 'open': false, 'missing': [{'what': x, 'source': x}]})",
    "ui.transition_button({'label': x, 'open': false, 'missing': [{'what': x, 'source': x, 'person': x, 'ask_label': x}]})",
])
def test_foreign_text_stays_text(app: Flask, call: str) -> None:
    html = render(app, "{{ " + call + " }}", x=EVIL)
    assert "<img" not in html and "&lt;img" in html


def test_labels_of_metadata_come_in_the_readers_language(app: Flask) -> None:
    label = Labels({"en": "Priority", "zh": "优先级"}, "priority")
    source = "{% call ui.form_field(label, 'p', required=true) %}{{ ui.input('p', 'p', placeholder=label) }}{% endcall %}"
    assert "优先级" in render(app, source, "zh", label=label) and "必填" in render(app, source, "zh", label=label)
    assert "Priority" in render(app, source, "en", label=label)


def test_field_is_tied_to_its_words(app: Flask) -> None:
    field = "{% call ui.form_field('Name', 'n', required=true, help='H', error='E') %}{{ ui.input('n', 'n', required=true, invalid=true) }}"
    html = render(app, field + "{% endcall %}")
    assert 'for="n"' in html and 'aria-describedby="n-error n-help"' in html and 'id="n-error"' in html and 'id="n-help"' in html
    assert 'aria-required="true"' in html and 'aria-invalid="true"' in html


def test_closed_step_counts_what_is_missing(app: Flask) -> None:
    missing = [{"what": "Plan", "source": "from Chen"}, {"what": "Sign", "source": "from Zhao"}]
    html = render(app, "{{ ui.transition_button({'label': 'Send', 'open': false, 'missing': missing}) }}", missing=missing)
    assert "2 missing" in html and "from Zhao" in html and 'aria-haspopup="dialog"' in html
    assert "btn-locked" not in render(app, "{{ ui.transition_button({'label': 'Send', 'open': true}) }}")


def test_disabled_button_stays_reachable(app: Flask) -> None:
    html = render(app, "{{ ui.button('Go', href='/x', disabled=true, reason='Not yet') }}")
    assert html.startswith("<button") and 'aria-disabled="true"' in html and 'title="Not yet"' in html and " disabled" not in html.replace("aria-disabled", "")


# --- the page ---


@pytest.mark.parametrize("query", ["lang=xx", "theme=pink", "lang=../x"])
def test_pattern_page_refuses_unknown_choices(app: Flask, query: str) -> None:
    assert app.test_client().get(f"/patterns?{query}").status_code == 404


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pattern_page_renders(app: Flask, language: str) -> None:
    answer = app.test_client().get(f"/patterns?lang={language}")
    assert answer.status_code == 200 and " style=" not in answer.text and "nonce-" in answer.headers["Content-Security-Policy"]


def test_pattern_page_refuses_an_upload_without_a_file(app: Flask) -> None:
    assert app.test_client().post("/patterns/upload").status_code == 400
