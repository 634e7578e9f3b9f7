"""A signature drawn on the screen, with who signed, when, and what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from kernel.expr.types import FILE, Type
from kernel.fieldtypes.base import BadExample, Column, Example, FieldType, Finder, Reader, Settings, Unreadable
from kernel.fieldtypes.ids import ID_SCHEMA, READ_SCHEMA, read_id
from kernel.fieldtypes.reference import OTHER_ID, SOME_ID
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import KEYS, Ref, prop
from kernel.model.sqltypes import CText


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature: the picture's file id; signer, time (UTC) and hash of the signed content are added by the platform."""

    file: str
    signer: str | None = None
    at: datetime | None = None
    hash: str | None = None

    def sealed(self, signer: str, at: datetime, content_hash: str) -> Signature:
        """The same with what the server vouches for; called where the record is written."""
        return replace(self, signer=signer, at=at, hash=content_hash)

    @property
    def is_sealed(self) -> bool:
        return self.hash is not None


@dataclass(frozen=True)
class SignatureSettings(Settings):
    """What is signed."""

    signs: tuple[str, ...] = prop((), doc="Fields whose content is signed; none: all of the record.", schema=KEYS, ref=Ref("field", "entity"))


class SignatureType(FieldType):
    """A signature drawn on the screen. Only the picture is taken from what is sent (D4)."""

    key = "signature"
    label = _("Signature")
    icon = "signature"
    group = "file"
    Settings = SignatureSettings
    sortable = False
    indexable = False
    operators = ("blank", "not_blank")
    widget = "signature"
    wide = True
    examples = (
        Example(SOME_ID, Signature(SOME_ID), "已签名", "Signed"),
        Example({"file": OTHER_ID}, Signature(OTHER_ID), "已签名", "Signed"),
        Example("", None, "", ""),
    )
    bad_examples = (
        BadExample("signature.png", "bad_id"),
        BadExample({"file": SOME_ID, "signer": OTHER_ID}, "unknown_key"),
        BadExample(1, "type"),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", CText),)

    def value_type(self, field: Field, schema: Any) -> Type:
        return FILE

    def parse(self, field: Field, raw: Any) -> Signature | None:
        if isinstance(raw, Mapping):
            extra = sorted(set(map(str, raw)) - {"file"})
            if extra:
                raise Unreadable("unknown_key", _("“{key}” is not known here.", key=extra[0]), _("Send the id of the picture only."))
            raw = raw.get("file")
        id_ = read_id(raw)
        return Signature(id_) if id_ else None

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> Signature | None:
        return self.parse(field, text.strip())

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        return [] if value is None else [value.file]

    def dump(self, field: Field, value: Any, reader: Reader) -> Any:
        if value is None:
            return None
        return {
            "file": {"id": value.file, "label": reader.label(value.file)},
            "signer": None if value.signer is None else {"id": value.signer, "label": reader.label(value.signer)},
            "at": None if value.at is None else value.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "hash": value.hash,
        }

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        if value is None:
            return ""
        if value.signer is None or value.at is None:
            return _("Signed").to(reader.language)
        at = f"{value.at.astimezone(reader.zone):%Y-%m-%d %H:%M}"
        return _("Signed by {name}, {at}", name=reader.label(value.signer) or "…", at=at).to(reader.language)

    def store(self, field: Field, value: Any) -> tuple[Any, ...]:
        if value is None:
            return (None,)
        at = value.at.astimezone(UTC).isoformat() if value.at else None
        return (json.dumps({"file": value.file, "signer": value.signer, "at": at, "hash": value.hash}, separators=(",", ":")),)

    def load(self, field: Field, stored: tuple[Any, ...]) -> Signature | None:
        if not stored[0]:
            return None
        kept = json.loads(stored[0])
        return Signature(kept["file"], kept["signer"], datetime.fromisoformat(kept["at"]) if kept["at"] else None, kept["hash"])

    def to_expr(self, field: Field, value: Any) -> Any:
        return None if value is None else value.file

    def from_expr(self, field: Field, value: Any) -> Any:
        return None if value is None else Signature(value)

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        id_ = {"type": "string", "pattern": "^(" + str(ID_SCHEMA["pattern"])[1:-1].replace("a-f", "a-fA-F") + ")?$"}
        return {"anyOf": [id_, {"type": "object", "properties": {"file": id_}, "required": ["file"], "additionalProperties": False}]}

    def read_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        someone = {"anyOf": [dict(READ_SCHEMA), {"type": "null"}]}
        return {
            "type": "object",
            "properties": {
                "file": dict(READ_SCHEMA),
                "signer": someone,
                "at": {"type": ["string", "null"], "format": "date-time"},
                "hash": {"type": ["string", "null"]},
            },
            "required": ["file", "signer", "at", "hash"],
            "additionalProperties": False,
        }

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        return {"accept": "image/png"}
