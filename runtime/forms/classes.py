"""The WTForms class of a form: which inputs a post may hold. Made once per content, form and set of writable fields.

WTForms only collects what was sent; what it means is read by the field types on the record road, so that every channel
reads alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Form
from wtforms.fields import Field as WtField

from kernel.model.elements import Field
from kernel.platform.ctx import Ctx
from runtime.forms.prepare import TWINNED, Prepared, prepared

MAX_ROWS = 1000


class SentField(WtField):  # type: ignore[misc]
    """Everything that was sent under the field's name, as texts. ``sent`` tells blank from absent."""

    def __init__(self, twinned: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.twinned = twinned
        self.sent = False

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        """Collect the texts; of a widget with an empty twin, what follows the twin."""
        self.process_errors: list[str] = []
        self.sent = formdata is not None and self.name in formdata
        texts = list(formdata.getlist(self.name)) if self.sent else []
        if self.twinned and len(texts) > 1 and texts[0] == "":
            texts = texts[1:]
        self.raw_data = texts
        self.data = texts


class RowsField(SentField):
    """Rows of a sub-form: ``{"id": id or None, "fields": {column: texts}}`` in the order in which they stood on the page."""

    def __init__(self, columns: Mapping[str, bool], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.columns = columns

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors = []
        self.sent = formdata is not None and self.name in formdata
        rows: dict[str, dict[str, Any]] = {}
        if self.sent:
            start = re.compile(re.escape(self.name) + r"-(\d{1,6})-(_id|[a-z][a-z0-9_]*)\Z")
            for name in formdata:
                found = start.match(name)
                if found and (found[1] in rows or len(rows) < MAX_ROWS + 1):
                    row = rows.setdefault(found[1], {"id": None, "fields": {}})
                    texts = formdata.getlist(name)
                    if found[2] == "_id":
                        row["id"] = texts[0] or None
                    elif found[2] in self.columns:
                        twinned = self.columns[found[2]]
                        row["fields"][found[2]] = texts[1:] if twinned and len(texts) > 1 and texts[0] == "" else texts
        self.raw_data = self.data = [row for row in rows.values() if row["id"] or _typed(row["fields"].values())]


def _typed(values: Iterable[Sequence[str]]) -> bool:
    """Whether anything at all stands in a new row; an untouched one is no row."""
    return any(text.strip() for texts in values for text in texts)


def form_class(ctx: Ctx, fields: Iterable[Field]) -> type[Form]:
    """The class for these fields."""
    return _form_class(_Key(ctx.release.hash, tuple(prepared(ctx, f) for f in fields)))


class _Key:
    """Fields by uid within one content."""

    __slots__ = ("fields", "mark")

    def __init__(self, hash_: str, fields: tuple[Prepared, ...]) -> None:
        self.fields = fields
        self.mark = (hash_, tuple(p.field.uid for p in fields))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.mark == other.mark

    def __hash__(self) -> int:
        return hash(self.mark)


@lru_cache(maxsize=2000)
def _form_class(key: _Key) -> type[Form]:
    # A field may be called "data" or "errors", as a form's own attributes are.
    return type("RecordForm", (Form,), {f"field_{p.key}": _unbound(p) for p in key.fields})


def _unbound(p: Prepared) -> Any:
    if p.field.type == "rows":
        return RowsField({c.key: c.widget in TWINNED for c in p.columns}, label=p.label, name=p.key)
    return SentField(p.widget in TWINNED, label=p.label, name=p.key)


def sent(form: Form) -> dict[str, Any]:
    """What was sent, by field; absent fields are absent."""
    return {field.name: field.data for field in form if field.sent}


def bind(cls: type[Form], data: MultiDict[str, str]) -> Form:
    """The form with a post in it."""
    return cls(formdata=data)
