"""What a widget template gets: everything about one control, ready to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

NOT_HTML = frozenset({
    "choices", "currencies", "type", "data-look", "data-unit", "data-currency", "rows", "accept", "data-governed-by", "data-entity", "data-create",
    "capture", "data-max-size", "data-single", "data-locate"})
"""Attributes of a type that widgets read and print themselves."""


MOST_PRINTED = 200


@dataclass(slots=True)
class Control:
    """One control of a form. ``texts`` are what its inputs hold; ids tie label, help and error to it."""

    id: str
    name: str
    key: str
    attrs: Mapping[str, Any]
    html_attrs: Mapping[str, Any]
    texts: Sequence[str] = ()
    placeholder: str | None = None
    required: bool = False
    invalid: bool = False
    shown: str | Markup = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    multiple: bool = False
    lookup_url: str | None = None
    depends: str | None = None
    create_url: str | None = None
    create_label: str | None = None
    upload_url: str | None = None
    max_size: int | None = None
    camera: bool = False
    most: Any = None
    least: int = 0
    files: Sequence[Mapping[str, Any]] = ()
    columns: Sequence[Mapping[str, Any]] = ()
    rows: Sequence[Any] = ()
    blank: RowControl | None = None
    add_label: str | None = None

    @property
    def text(self) -> str | None:
        """What the first input holds."""
        return self.texts[0] if self.texts else None

    @property
    def offered(self) -> list[Mapping[str, Any]]:
        """Options to choose from; a retired one only while it is the value."""
        return [o for o in self.attrs.get("choices", ()) if not o["retired"] or o["value"] in self.texts]

    @property
    def many(self) -> bool:
        """Whether there are too many options to print: they are searched for on the server (``lookup_url``) instead."""
        return self.lookup_url is not None and len(self.attrs.get("choices", ())) > MOST_PRINTED

    @property
    def chosen(self) -> list[tuple[str, str]]:
        """Values with their labels, for comboboxes."""
        known = {o["value"]: o["label"] for o in self.attrs.get("choices", ())}
        return [(t, known.get(t) or self.labels.get(t) or t) for t in self.texts if t]

    @property
    def unchosen(self) -> list[tuple[str, str]]:
        return [(o["value"], o["label"]) for o in self.attrs.get("choices", ()) if o["value"] not in self.texts and not o["retired"]]

    @property
    def currency_codes(self) -> list[tuple[str, str]]:
        """Currencies to choose from, with the sign that helps to recognise them."""
        return [(code, f"{code} {sign.strip()}") for code, sign in self.attrs.get("currencies", ())]


@dataclass(slots=True)
class Cell:
    """A control in a row of a sub-form."""

    id: str
    key: str
    label: str
    markup: Markup
    width: str | None = None
    error: str | None = None


@dataclass(slots=True)
class RowControl:
    """A row of a sub-form. ``prefix`` starts the names of its inputs."""

    prefix: str
    cells: Sequence[Cell]
    id: str | None = None
    undrawn: bool = False
