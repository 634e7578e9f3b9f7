"""A form filled with values: what the page prints. Only readable fields stand in it; those not writable stand as words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from markupsafe import Markup, escape

from kernel.errors import Message
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.platform.ctx import Ctx
from kernel.web.i18n import reading_in
from runtime.forms.control import Cell, Control, RowControl
from runtime.forms.layout import Layout
from runtime.forms.prepare import Prepared, prepared, reader_of
from runtime.forms.shown import Surroundings, display, file_item, words
from runtime.forms.undrawn import Undrawn, UndrawnRow

INDEX = "__index__"
RAW = Mapping[str, Any]


@dataclass(slots=True)
class FieldView:
    """A field on the page: its words, its control, and what the rules say about it now."""

    key: str
    id: str
    label: str
    help: str | None
    markup: Markup
    wide: bool
    group: bool
    required: bool = False
    hidden: bool = False
    locked: bool = False
    error: str | None = None
    note: str | None = None
    uid: str = ""
    closes: bool = False
    closed: bool = False
    """A rule may close it, and does now."""


@dataclass(slots=True)
class PartView:
    key: str
    id: str
    label: Message | None
    help: Message | None
    collapsed: bool
    fields: Sequence[FieldView]
    hidden: bool = False


@dataclass(slots=True)
class TabView:
    id: str
    label: Message | None
    parts: Sequence[PartView]


@dataclass(slots=True)
class FormView:
    """A form ready to print. ``errors`` are (control id or None, label, message) for the summary on top."""

    tabs: Sequence[TabView]
    undrawn: bool = False
    errors: Sequence[tuple[str | None, Any, Any]] = ()

    @property
    def parts(self) -> list[PartView]:
        return [part for tab in self.tabs for part in tab.parts]

    @property
    def fields(self) -> list[FieldView]:
        return [f for part in self.parts for f in part.fields]


@dataclass(frozen=True, slots=True)
class Rule:
    """What the rules say about a field right now."""

    shown: bool = True
    required: bool = False
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Filling:
    """What goes into the controls. ``raw`` (what was just sent) wins over ``values``; ``errors`` by path as problems name it."""

    values: Mapping[str, Any] = field(default_factory=dict)
    raw: RAW | None = None
    readable: frozenset[str] = frozenset()
    writable: frozenset[str] = frozenset()
    rules: Mapping[str, Any] = field(default_factory=dict)
    hidden_parts: frozenset[str] = frozenset()
    errors: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Any] = field(default_factory=dict)
    linked: frozenset[str] = frozenset()
    creatable: frozenset[str] = frozenset()


class Builder:
    """Fills controls for one request. ``prefix`` keeps ids of two forms on one page apart. ``drawn``: so many rows of a sub-form get
    their controls now, and those with an error; ``undrawn`` says afterwards whether there are others (undrawn.py)."""

    def __init__(self, ctx: Ctx, entity: str, filling: Filling, prefix: str = "f", lookup: str = "", drawn: int | None = None) -> None:
        self.ctx, self.entity, self.filling, self.prefix = ctx, entity, filling, prefix
        self.drawn = drawn
        self.undrawn = False
        self.base = f"/t/{ctx.tenant.slug}"
        self.lookup = lookup or f"{self.base}/lookup/{entity}"
        self.reader = reader_of(ctx, filling.labels)
        self.around = Surroundings(self.base, self.reader, filling.files, filling.linked)

    def form(self, layout: Layout, *, new: bool = False) -> FormView:
        """The whole form; parts without a readable field fall away."""
        tabs = []
        for number, tab in enumerate(layout.tabs):
            parts = []
            for part in tab.parts:
                views = [self.view(place.field, place.wide) for place in part.places if self._stands(place.field, new)]
                if views:
                    hidden = part.key in self.filling.hidden_parts
                    parts.append(PartView(part.key, f"{self.prefix}-s-{part.key}", part.label, part.help, part.collapsed, views, hidden))
            if parts:
                tabs.append(TabView(f"{self.prefix}-t-{number}", tab.label, parts))
        return FormView(tabs, self.undrawn)

    def _stands(self, f: Field, new: bool) -> bool:
        if f.key not in self.filling.readable:
            return False
        # Before the first save nothing stands in what the platform fills in, except what follows from other fields.
        return not (new and f.type in ("auto_number", "state", "rollup"))

    def view(self, f: Field, wide: bool = False) -> FieldView:
        """One field with its control."""
        p = prepared(self.ctx, f)
        rule = self.filling.rules.get(f.key, _NO_RULE)
        locked = not p.type.writable or f.key not in self.filling.writable
        error = self.filling.errors.get(f.key)
        id_ = f"{self.prefix}-{f.key}"
        markup = self._words(p, id_) if locked else self._entry(p, id_, f, f.required or rule.required, bool(error))
        note = None
        if p.attrs.get("data-min") and p.group and p.shape_type.group == "file":
            note = _("at least {n}", n=p.attrs["data-min"]).to(self.ctx.language)
        return FieldView(
            f.key, id_, p.label, p.help, markup, wide or f.type == "rows", p.group and not locked, not locked and (f.required or rule.required),
            not rule.shown, locked, error, note, f.uid, bool(f.read_only_when) and not locked, bool(rule.read_only) and not locked)

    def _entry(self, p: Prepared, id_: str, f: Field, required: bool, invalid: bool) -> Markup:
        """The control's mark-up. Empty controls and those of choices are the same for everybody: they are printed once."""
        texts = self._texts(p)
        if f.type == "rows" or (texts and p.widget not in ("choice", "choices", "boolean", "rating")):
            return entry(p.widget, self.control(p, id_, f.key, texts, required=required, invalid=invalid), self.ctx.language)
        ctx = self.ctx
        can_create = p.refers_to in self.filling.creatable if p.refers_to else False
        mark = (ctx.release.hash, f.uid, id_, ctx.language, ctx.actor.zone, ctx.tenant.currency, self.lookup, required, invalid, can_create, tuple(texts))
        found = _printed.get(mark)
        if found is None:
            if len(_printed) >= MOST_PRINTED:
                _printed.clear()
            found = _printed[mark] = entry(p.widget, self.control(p, id_, f.key, texts, required=required, invalid=invalid), ctx.language)
        return found

    def _texts(self, p: Prepared) -> Sequence[Any]:
        raw = self.filling.raw
        if raw is not None and p.key in raw:
            found: Sequence[Any] = raw[p.key]
            return found
        value = self.filling.values.get(p.key)
        if p.field.type == "rows":
            return value or ()
        return p.type.input_texts(p.field, value, self.reader)

    def _words(self, p: Prepared, id_: str) -> Markup:
        value = self.filling.values.get(p.key)
        shown = display(p, value, self.around)
        if p.shape.type == "rows" and shown:
            return Markup(shown)  # noqa: S704 - what a macro of ours has escaped
        control = Control(id_, p.key, p.key, {}, {}, shown=shown)
        return entry("readonly", control, self.ctx.language)

    def control(self, p: Prepared, id_: str, name: str, texts: Sequence[Any], *, required: bool = False, invalid: bool = False) -> Control:
        """The control of a prepared field with what its inputs hold."""
        c = Control(
            id_, name, p.key, p.attrs, p.html_attrs, texts if p.field.type != "rows" else (), p.placeholder, required, invalid,
            labels=self.filling.labels, multiple=p.type.multiple)
        settings = p.field.settings
        if p.refers_to:
            c.lookup_url = f"{self.lookup}/{p.field.parent_field + '.' if p.field.parent_field else ''}{p.key}"
            if p.refers_to in self.filling.creatable and "data-create" in p.attrs:
                c.create_url = f"{self.base}/e/{p.refers_to}/new"
                c.create_label = _("New {label}", label=self.ctx.app.entity(p.refers_to).label).to(self.ctx.language)
        elif p.field.type in ("choice", "choices"):
            c.lookup_url = f"{self.lookup}/{p.field.parent_field + '.' if p.field.parent_field else ''}{p.key}?options=1"
            governor = p.attrs.get("data-governed-by")
            c.depends = f"{id_[: -len(p.key)]}{governor}" if governor else None
        elif p.type.group == "file":
            c.upload_url = f"{self.base}/files"
            c.max_size = p.attrs.get("data-max-size")
            c.multiple = "data-single" not in p.attrs
            c.camera = "capture" in p.attrs
            c.files = [self._file(id_) for id_ in texts if isinstance(id_, str) and id_]
        elif p.field.type == "rating":
            c.most = int(p.attrs.get("data-max") or settings.get("max") or 5)
        elif p.field.type == "rows":
            self._rows(p, c, texts)
        return c

    def _file(self, id_: str) -> dict[str, Any]:
        item = file_item(id_, self.around)
        return {"id": id_, "name": item.text, "url": item.href, "preview": item.preview, "note": item.note, "size": None}

    # --- rows of a sub-form -----------------------------------------------------------------------------------

    def _rows(self, p: Prepared, c: Control, rows: Sequence[Any]) -> None:
        columns = [col for col in p.columns if self._column_readable(p, col)]
        c.columns = [{"label": col.label, "width": _width(col)} for col in columns]
        c.rows = self._drawn_rows(p, columns, rows)
        c.blank = self._row(p, columns, INDEX, None)
        c.add_label = p.placeholder
        c.least, c.most = int(p.attrs.get("data-min") or 0), p.attrs.get("data-max")

    def _drawn_rows(self, p: Prepared, columns: Sequence[Prepared], rows: Sequence[Any]) -> list[RowControl | UndrawnRow]:
        most = len(rows) if self.drawn is None else self.drawn
        made: list[RowControl | UndrawnRow] = [self._row(p, columns, str(i), row) for i, row in enumerate(rows[:most])]
        if len(rows) > most:
            wrong = {int(found[1]) for path in self.filling.errors if (found := re.match(rf"{p.key}\[(\d+)\]", path))}
            undrawn = Undrawn(self.filling.labels)
            for i in range(most, len(rows)):
                made.append(self._row(p, columns, str(i), rows[i]) if i in wrong else self._undrawn_row(undrawn, p, columns, str(i), rows[i]))
            self.undrawn = True
        return made

    def _undrawn_row(self, undrawn: Undrawn, p: Prepared, columns: Sequence[Prepared], index: str, row: Any) -> UndrawnRow:
        cells: list[tuple[Prepared, Sequence[str], str | None]] = []
        markup = {}
        for col in columns:
            if not self._column_writable(p, col):
                cells.append((col, (), self._cell_words(col, row)))
                continue
            texts = self._cell_texts(col, row)
            cells.append((col, texts, None))
            if col.type.group == "file" and any(texts):
                markup[col.key] = str(self._printed_cell(p, col, index, texts, False))
        return undrawn.row(f"{p.key}-{index}-", index, _row_id(row), cells, markup)

    def _column_writable(self, p: Prepared, col: Prepared) -> bool:
        return col.type.writable and f"{p.key}.{col.key}" in self.filling.writable

    def _cell_texts(self, col: Prepared, row: Any) -> Sequence[str]:
        if row is None:
            return ()
        found: Sequence[str] = row["fields"].get(col.key, ()) if isinstance(row, Mapping) else col.type.input_texts(col.field, row.values.get(col.key), self.reader)
        return found

    def _cell_words(self, col: Prepared, row: Any) -> str:
        return words(col, None if row is None or isinstance(row, Mapping) else row.values.get(col.key), self.around)

    def _column_readable(self, p: Prepared, col: Prepared) -> bool:
        return f"{p.key}.{col.key}" in self.filling.readable

    def _row(self, p: Prepared, columns: Sequence[Prepared], index: str, row: Any) -> RowControl:
        """``row`` is a stored row (id, values), a sent one (``{"id", "fields"}`` of texts), or None for the empty one."""
        prefix = f"{p.key}-{index}-"
        cells = []
        for col in columns:
            id_ = f"{self.prefix}-{prefix}{col.key}"
            error = self.filling.errors.get(f"{p.key}[{index}].{col.key}")
            if self._column_writable(p, col):
                markup = self._cell(p, col, index, self._cell_texts(col, row), bool(error))
            else:
                markup = entry("readonly", Control(id_, prefix + col.key, col.key, {}, {}, shown=self._cell_words(col, row)), self.ctx.language)
            cells.append(Cell(id_, col.key, col.label, markup, _width(col), error))
        return RowControl(prefix, cells, _row_id(row))


    def _cell(self, p: Prepared, col: Prepared, index: str, texts: Sequence[Any], invalid: bool) -> Markup:
        """A control in a row. A thousand rows hold the same few controls: each is printed once, with marks where row and value go."""
        plain = col.widget in _PLAIN and len(texts) < 2
        shared = plain or not any(texts) or col.widget in ("choice", "boolean")
        if not shared or invalid:
            return self._printed_cell(p, col, index, texts, invalid)
        ctx = self.ctx
        can_create = col.refers_to in self.filling.creatable if col.refers_to else False
        held: tuple[Any, ...] = (bool(any(texts)),) if plain else tuple(texts)
        mark = (ctx.release.hash, col.field.uid, self.prefix, p.key, ctx.language, ctx.actor.zone, ctx.tenant.currency, self.lookup, can_create, held)
        found = _printed.get(mark)
        if found is None:
            if len(_printed) >= MOST_PRINTED:
                _printed.clear()
            shown = [_VALUE] if plain and any(texts) else texts
            found = _printed[mark] = self._printed_cell(p, col, INDEX, shown, False)
        text = str(found) if index == INDEX else str(found).replace(INDEX, index)
        return Markup(text.replace(_VALUE, str(escape(texts[0]))) if plain and any(texts) else text)  # noqa: S704 - our mark-up, the value escaped

    def _printed_cell(self, p: Prepared, col: Prepared, index: str, texts: Sequence[Any], invalid: bool) -> Markup:
        name = f"{p.key}-{index}-{col.key}"
        control = self.control(col, f"{self.prefix}-{name}", name, texts, required=col.field.required, invalid=invalid)
        return entry(col.widget, control, self.ctx.language)


_NO_RULE = Rule()
_VALUE = "\ue000"  # stands where the value goes; no text of ours holds it
_PLAIN = frozenset({"text", "number", "date", "percent", "duration", "textarea"})
"""Widgets that print their one text in one place and nowhere else."""
MOST_PRINTED = 8_000
_printed: dict[tuple[Any, ...], Markup] = {}


def _row_id(row: Any) -> str | None:
    found: str | None = None if row is None else row.get("id") if isinstance(row, Mapping) else row.id
    return found


def _width(p: Prepared) -> str | None:
    return "narrow" if p.shape_type.group in ("number", "time") or p.field.type == "boolean" else "wide" if p.refers_to or p.type.wide else None


_entries: dict[tuple[int, str], Callable[[Control], Any]] = {}


def entry(widget: str, control: Control, language: str) -> Markup:
    """The mark-up of a control by its widget's template, in the words of ``language``."""
    env = current_app.jinja_env
    macro = _entries.get((id(env), widget))
    if macro is None:
        macro = _entries[(id(env), widget)] = env.get_template(f"widgets/{widget}.html").module.entry  # type: ignore[attr-defined]
    # Views make controls before the page is rendered: the reader's language is set here.
    with reading_in(language):
        return Markup(macro(control))  # noqa: S704 - what a macro of ours has escaped
