"""Values as people see them: plain words, or the mark-up of their widget where words alone are not enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from jinja2 import TemplateNotFound
from markupsafe import Markup, escape

from kernel import fieldtypes
from kernel.fieldtypes.base import Reader
from kernel.fieldtypes.options import option_of, options_of
from kernel.web.i18n import reading_in
from kernel.web.rendering import tone_of
from runtime.forms.prepare import Prepared
from runtime.forms.when import date_words, day_words, full_moment, moment_text

TONES: Mapping[str, str] = {
    "grey": "neutral", "blue": "tinted", "green": "ontime", "teal": "ontime", "amber": "warning", "red": "breach", "violet": "draft", "pink": "draft",
}
CATEGORIES: Mapping[str, str] = {"open": "active", "won": "good", "lost": "bad", "closed": "idle"}
COLOURED: Mapping[str, str] = {
    "grey": "idle", "blue": "active", "green": "good", "teal": "good", "amber": "waiting", "red": "bad", "violet": "approval", "pink": "approval",
}
_BY_TYPE: Mapping[str, str] = {"state": "state", "user": "user"}


@dataclass(frozen=True, slots=True)
class Item:
    """One part of a value: an option, a record, a person, a file."""

    text: str
    href: str | None = None
    tone: str | None = None
    category: str = "active"
    person_tone: int = 1
    preview: str | None = None
    note: str | None = None


@dataclass(slots=True)
class Shown:
    """A value for the display macro of its widget."""

    text: str
    value: Any
    label: str = ""
    items: Sequence[Item] = ()
    columns: Sequence[Mapping[str, Any]] = ()
    rows: Sequence[Sequence[Any]] = ()

    @property
    def safe_link(self) -> bool:
        """Whether the value may be an address to follow: only the web's own schemes."""
        return urlsplit(str(self.value)).scheme in ("http", "https")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What display needs beside the reader: where the tenant begins and what files are called."""

    base: str
    reader: Reader
    files: Mapping[str, Any] = field(default_factory=dict)
    linked: frozenset[str] = frozenset()
    """Entities whose record pages the reader may open."""


def state_category(state: Any, start: str | None = None) -> str:
    """The look of a state: its colour if it has one, else by its category."""
    if state is None:
        return "idle"
    if state.colour:
        return COLOURED[state.colour]
    if state.category == "open" and state.key == start:
        return "start"
    return CATEGORIES[state.category]


def words(p: Prepared, value: Any, around: Surroundings) -> str:
    """The value as plain text; empty for blank."""
    return "" if value is None else p.type.text(p.field, value, around.reader)


def short(p: Prepared, value: Any, around: Surroundings) -> str:
    """The value as it stands in lists, on cards and among the key facts: near days by name, large round amounts in 万."""
    if value is None:
        return ""
    kind = p.shape.type
    if kind == "date":
        return day_words(value, around.reader)
    if kind == "datetime":
        return moment_text(value, around.reader)
    text = words(p, value, around)
    if kind == "money":
        return _amount(text, value, around.reader.language)
    return text


def _amount(text: str, value: Any, language: str) -> str:
    """An amount without the zeros behind the point; in Chinese in 万 where nothing is lost by it."""
    amount = value.amount
    if amount != amount.to_integral_value():
        return text
    plain = text[: text.rindex(".")] if "." in text else text
    sign = plain.rstrip("0123456789,")
    if language == "zh" and abs(amount) >= 100_000 and amount % 100 == 0 and sign:
        return f"{sign}{f'{amount / 10_000:f}'.rstrip('0').rstrip('.')} 万"
    return plain


def display(p: Prepared, value: Any, around: Surroundings, near: bool = False) -> str | Markup:
    """The value as it stands on record pages, or (``near``) in lists; empty for blank."""
    if value is None or value == () or value == "":
        return ""
    kind = p.shape.type
    if kind in ("date", "datetime", "money") and (near or kind != "money"):
        if near:
            # Put together by hand: Markup.format is ten times slower, and lists do this in every row.
            return Markup(f'<span class="number" title="{escape(words(p, value, around))}">{escape(short(p, value, around))}</span>')  # noqa: S704 - escaped
        text = date_words(value, around.reader) if kind == "date" else full_moment(value, around.reader)
        return Markup('<span class="number">{}</span>').format(text)
    widget = _BY_TYPE.get(kind, p.shape_type.widget)
    macro = _macro(widget)
    if macro is None:
        return words(p, value, around)
    shown = Shown(words(p, value, around) if kind != "rows" else "", value, p.label)
    if kind in ("choice", "choices", "state", "calendar"):
        shown.items = [_option(p, key, around) for key in (value if isinstance(value, tuple) else (value,))]
        if kind in ("choice", "calendar") and not shown.items[0].tone:
            return shown.text
    elif p.shape_type.refers_to or kind in ("reference", "references"):
        shown.items = list(_records(p, value, around))
    elif p.shape_type.group == "file":
        shown.items = [file_item(id_, around) for id_ in file_ids(p, value)]
    elif kind == "rows":
        shown.columns = [{"label": c.label, "end": c.end} for c in p.columns]
        shown.rows = [[display(c, row.values.get(c.key), around) for c in p.columns] for row in value]
    if shown.items:
        return _drawn(widget, macro, around.reader.language, shown.text, shown.label, tuple(shown.items))
    # Views print values before the page is rendered: the reader's language is set here.
    with reading_in(around.reader.language):
        return Markup(macro(shown))  # noqa: S704 - what a macro of ours has escaped


@lru_cache(maxsize=8192)
def _drawn(widget: str, macro: Any, language: str, text: str, label: str, items: tuple[Item, ...]) -> Markup:
    """What a macro makes of these parts. Options, states and people repeat from row to row, so each is drawn once."""
    with reading_in(language):
        return Markup(macro(Shown(text, None, label, items)))  # noqa: S704 - what a macro of ours has escaped


def _option(p: Prepared, key: str, around: Surroundings) -> Item:
    option = option_of(p.shape, key)
    label = option.label.to(around.reader.language) if option else key
    if option is not None and hasattr(option, "category"):
        return Item(label, category=state_category(option))
    colour = getattr(option, "colour", None)
    if colour:
        return Item(label, tone=TONES.get(colour))
    # In a set with colours every option is a badge, so that a column of them reads as one.
    return Item(label, tone="neutral" if is_coloured(p) else None)


def is_coloured(p: Prepared) -> bool:
    """Whether the options of this field are shown as badges."""
    home = p.shape.home
    found = home.option_sets.get(str(p.shape.settings.get("options", ""))) if home is not None else None
    return found.coloured if found is not None else any(getattr(o, "colour", None) for o in options_of(p.shape))


def _records(p: Prepared, value: Any, around: Surroundings) -> Any:
    target = p.shape_type.refers_to or p.shape.settings.get("to")
    for id_ in value if isinstance(value, tuple) else (value,):
        label = around.reader.label(id_)
        href = f"{around.base}/e/{target}/{id_}" if label is not None and target in around.linked else None
        yield Item(label or "—", href, person_tone=tone_of(id_))


def file_ids(p: Prepared, value: Any) -> tuple[str, ...]:
    """The files that a value names."""
    if value is None or p.shape_type.group != "file":
        return ()
    if p.shape.type == "signature":
        return (value.file,)
    return value if isinstance(value, tuple) else (value,)


def file_item(id_: str, around: Surroundings) -> Item:
    """A stored file as something to open."""
    row = around.files.get(id_)
    href = f"{around.base}/files/{id_}"
    if row is None:
        return Item(around.reader.label(id_) or "—", href)
    return Item(row.name, href, preview=f"{href}?variant=thumb" if row.width else None, note=size_words(row.size))


def size_words(size: int) -> str:
    """Bytes as people read them."""
    return f"{size / 1_048_576:.1f} MB" if size >= 1_048_576 else f"{max(1, round(size / 1024))} KB"


def plain(p: Prepared, value: Any, around: Surroundings) -> str:
    """The value escaped, without mark-up of its own."""
    return str(escape(words(p, value, around)))


_macros: dict[tuple[int, str], Any] = {}


def _macro(widget: str) -> Any:
    """The display macro of a widget, or None when its words are enough."""
    env = current_app.jinja_env
    found = _macros.get((id(env), widget), False)
    if found is False:
        try:
            found = getattr(env.get_template(f"widgets/{widget}.html").module, "display", None)
        except TemplateNotFound:
            found = None
        _macros[(id(env), widget)] = found
    return found


def is_known(field_type: str) -> bool:
    """Whether there is such a field type."""
    return field_type in fieldtypes.BUILTIN
