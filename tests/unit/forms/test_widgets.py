"""Every field type has its control and its display: labelled, and safe with whatever stands in a value."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from kernel import fieldtypes
from kernel.platform.ctx import Actor, Tenant
from runtime.forms import build, prepare, shown
from runtime.forms.build import Builder, Filling
from runtime.records.record import Row
from tests.examples import interesting as example
from tests.examples.interesting import interesting, reader

THING = "interesting_thing"
FIELDS = [f for f in interesting().entity(THING).fields if f.type != "referring"]
EVERY = frozenset(k for f in FIELDS for k in (f.key, *(f"{f.key}.{c.key}" for c in f.fields)))


@pytest.fixture
def ctx(clock):
    """As much of a Ctx as building a form reads."""
    app = interesting()
    actor = Actor("person-1", "Ann", language="en")
    return SimpleNamespace(
        app=app, actor=actor, tenant=Tenant("acme", "Acme"), language="en", zone=reader("en").zone, now=clock.now(),
        release=SimpleNamespace(hash="interesting", application=app))


def value_of(field):
    if field.type == "rows":
        return (Row("r1", 0, {"name": "Chair", "amount": None, "total": None}),)
    type_ = fieldtypes.of(field)
    return next((e.value for e in type_.examples if e.value not in (None, ())), None)


class Controls(HTMLParser):
    """Ids, names and described-by of a piece of HTML."""

    def __init__(self, html):
        super().__init__()
        self.ids, self.named, self.labelled, self.events = set(), [], set(), []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids.add(found.get("id"))
        if tag in ("input", "select", "textarea"):
            self.named.append((found.get("type"), found.get("name")))
        self.labelled.update((found.get("aria-labelledby") or "").split())
        self.events += [k for k in found if k.startswith("on") or k == "style"]


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f.type)
def test_every_type_has_a_control(page, ctx, field):
    filling = Filling(values={field.key: value_of(field)}, readable=EVERY, writable=EVERY, labels=example.LABELS)
    view = Builder(ctx, THING, filling).view(field)
    found = Controls(str(view.markup))
    assert f"f-{field.key}" in found.ids
    assert not found.events
    if fieldtypes.of(field).writable:
        assert any(name == field.key or (name or "").startswith(f"{field.key}-") for _type, name in found.named)
        assert view.group or "aria-describedby" in view.markup
    assert "undefined" not in view.markup.lower()


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f.type)
def test_what_a_control_holds_is_read_back(page, ctx, field):
    type_ = fieldtypes.of(field)
    if not type_.writable or field.type in ("rows", "signature"):
        return
    value = value_of(field)
    filling = Filling(values={field.key: value}, readable=EVERY, writable=EVERY, labels=example.LABELS)
    view = Builder(ctx, THING, filling).view(field)
    texts = sent_by(str(view.markup), field.key)
    assert type_.parse_form(field, texts, prepare.reader_of(ctx, example.LABELS)) == value


def sent_by(html, name):
    """What a browser would send under a name."""
    texts = []
    for tag in re.finditer(r"<(input|textarea|option)\b([^>]*)>(?:([^<]*)</textarea>)?", html):
        kind, attrs, inner = tag[1], tag[2], tag[3]
        value = re.search(r'value="([^"]*)"', attrs)
        if kind == "option":
            if " selected" in attrs:
                texts.append(value[1])
        elif f'name="{name}"' in attrs:
            if kind == "textarea":
                texts.append(inner)
            elif re.search(r'type="(checkbox|radio)"', attrs):
                if " checked" in attrs:
                    texts.append(value[1] if value else "on")
            else:
                texts.append(value[1] if value else "")
    return texts[1:] if len(texts) > 1 and texts[0] == "" else texts


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f.type)
def test_every_type_is_displayed_and_escaped(page, ctx, field):
    p = prepare.prepare(field, reader("en"))
    around = shown.Surroundings("/t/acme", reader("en"), linked=frozenset({"person"}))
    assert shown.display(p, None, around) == ""
    value = value_of(field)
    if value is not None:
        printed = shown.display(p, value, around)
        assert printed
    evil = '<img src=x onerror="alert(1)">'
    if field.type in ("text", "long_text", "url", "email", "phone"):
        from markupsafe import escape

        assert "<img" not in str(escape(shown.display(p, evil, around)))


def test_a_link_is_only_followed_on_the_web(page):
    field = interesting().entity(THING).field("url")
    p = prepare.prepare(field, reader("en"))
    around = shown.Surroundings("/t/acme", reader("en"))
    assert "href" in shown.display(p, "https://example.org/x", around)
    assert "href" not in shown.display(p, "javascript:alert(1)", around)


def test_a_field_that_may_not_be_written_stands_as_words(page, ctx):
    field = interesting().entity(THING).field("integer")
    filling = Filling(values={"integer": 1234567}, readable=EVERY, writable=frozenset())
    view = Builder(ctx, THING, filling).view(field)
    assert view.locked and "1,234,567" in view.markup and "<input" not in view.markup


def test_every_widget_a_type_names_has_a_template(page):
    for type_ in fieldtypes.BUILTIN.values():
        assert callable(page.jinja_env.get_template(f"widgets/{type_.widget}.html").module.entry), type_.key
    assert build.INDEX == "__index__"
