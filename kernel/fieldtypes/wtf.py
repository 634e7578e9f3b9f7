"""WTForms fields of the types. WTForms parses what was sent and renders; what is valid the type alone decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup
from wtforms import Field as WTField
from wtforms.widgets import html_params

from kernel.fieldtypes.base import FieldType, Finder, Reader
from kernel.i18n import pick
from kernel.model.elements import Field

MARKED = frozenset({"boolean", "choice", "choices", "rating", "references", "files", "images", "signature"})
"""Widgets whose inputs may send nothing: they begin with an empty hidden input of the same name."""

_STRUCTURED = ("choices", "currencies")  # attributes that a template reads as values, not as HTML


class TypedField(WTField):  # type: ignore[misc]
    """A form field of a field type.

    ``texts`` is what the inputs under its name hold, one or several: what was sent, else what the value shows as.
    ``data`` is the same list. The value comes from ``read``, which raises Unreadable; WTForms' validators are not used.
    ``attributes`` are the HTML attributes of the inputs, ``choices`` and ``currencies`` what they offer;
    ``widget_name`` names the template ``widgets/<name>.html``; ``marked`` says that it must begin with an empty hidden
    input, so that "nothing chosen" differs from "not in this form". Rendered without a template it is a plain input.
    """

    def __init__(self, label: Any = None, *, fieldtype: FieldType, element: Field, reader: Reader, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.fieldtype, self.element, self.reader = fieldtype, element, reader
        found = fieldtype.form_attributes(element, reader)
        self.choices = found.get("choices", [])
        self.currencies = found.get("currencies", [])
        self.attributes = {k: v for k, v in found.items() if k not in _STRUCTURED}
        placeholder = pick(element.placeholder, reader.language)
        if placeholder:
            self.attributes["placeholder"] = placeholder
        self.widget_name = fieldtype.widget
        self.wide = fieldtype.wide
        self.marked = fieldtype.widget in MARKED
        self.texts: list[str] = []

    def process_data(self, value: Any) -> None:
        self.texts = [] if value is None else self.fieldtype.input_texts(self.element, value, self.reader)
        self.data = self.texts

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        if self.raw_data is not None and (valuelist or self.sent):
            self.texts = [str(text) for text in valuelist]
            self.data = self.texts

    @property
    def sent(self) -> bool:
        """Whether the form held this field at all; if not, the record's value is none of its business."""
        return bool(self.raw_data)

    def read(self, finder: Finder | None = None) -> Any:
        """The value of what was sent. Raises Unreadable."""
        return self.fieldtype.parse_form(self.element, self.texts, self.reader, finder)

    def _value(self) -> str:
        return self.texts[0] if self.texts else ""

    def __call__(self, **kwargs: Any) -> Markup:
        """A plain rendering, enough for a page without its own widget and for tests."""
        marker = Markup('<input type="hidden" name="%s" value="">') % self.name if self.marked else Markup()
        return marker + self._plain(kwargs)

    def _plain(self, kwargs: dict[str, Any]) -> Markup:
        given = {**self.attributes, **kwargs}
        if self.element.type in ("long_text",):
            params = html_params(name=self.name, id=self.id, **given)
            return Markup("<textarea %s>%s</textarea>") % (params, self._value())
        if self.choices:
            options = [Markup('<option value=""></option>')] if not self.fieldtype.multiple else []
            for option in self.choices:
                chosen = Markup(" selected") if option["value"] in self.texts else Markup()
                options.append(Markup('<option value="%s"%s>%s</option>') % (option["value"], chosen, option["label"]))
            several = {"multiple": True} if self.fieldtype.multiple else {}
            params = html_params(name=self.name, id=self.id, **several)
            return Markup("<select %s>%s</select>") % (params, Markup().join(options))
        texts = self.texts or [""]
        inputs = [
            Markup("<input %s>") % (html_params(**{"type": "text", **given, "name": self.name, "value": text, **({"id": self.id} if i == 0 else {})}))
            for i, text in enumerate(texts)
        ]
        return Markup().join(inputs)


def form_field(fieldtype: FieldType, element: Field, reader: Reader) -> Any:
    """The unbound WTForms field of an element."""
    label = element.label.to(reader.language)
    return TypedField(label, fieldtype=fieldtype, element=element, reader=reader, description=pick(element.help, reader.language) or "")
