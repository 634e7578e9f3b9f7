"""Child rows: a list of small records inside of a record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from decimal import Decimal
from typing import Any

from kernel.errors import Problem
from kernel.expr.types import Type
from kernel.expr.types import rows as rows_type
from kernel.fieldtypes.base import BadExample, Example, FieldType, Finder, Reader, Settings, Unreadable
from kernel.fieldtypes.ids import is_id
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import prop

MAX = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """One child row. ``id`` is None for a new one; ``rank`` is its place in the list, from 0."""

    id: str | None
    rank: int = 0
    values: Mapping[str, Any] = dataclass_field(default_factory=dict)


@dataclass(frozen=True)
class RowsSettings(Settings):
    """How many rows."""

    min_rows: int | None = prop(None, doc="Least number of rows.", schema={"type": "integer", "minimum": 1, "maximum": MAX})
    max_rows: int = prop(200, doc="Greatest number of rows.", schema={"type": "integer", "minimum": 1, "maximum": MAX})


class RowsType(FieldType):
    """Child rows, in a table of their own. The columns are the field's own fields.

    A value is a tuple of :class:`Row`. Reading and checking covers the types of the cells and the number of rows;
    rules of the cells (required, read-only ...) are the record road's, as for any field.
    """

    key = "rows"
    label = _("Rows")
    icon = "table"
    group = "link"
    Settings = RowsSettings
    stored = False
    multiple = True
    sortable = False
    indexable = False
    operators = ("blank", "not_blank")
    widget = "rows"
    wide = True
    examples = (
        Example([{"fields": {"name": "One", "amount": "2.50"}}], (Row(None, 0, {"name": "One", "amount": Decimal("2.50")}),), "1 行", "1 row"),
        Example(
            [{"id": "0192f0c1-7a3b-7cde-8f01-23456789abcd", "fields": {"name": "A"}}, {"fields": {"name": None}}],
            (Row("0192f0c1-7a3b-7cde-8f01-23456789abcd", 0, {"name": "A"}), Row(None, 1, {"name": None})),
            "2 行",
            "2 rows",
        ),
        Example([], None, "", ""),
    )
    bad_examples = (
        BadExample({"fields": {}}, "type"),
        BadExample([{"name": "One"}], "unknown_key"),
        BadExample([{"fields": {"nowhere": 1}}], "unknown_key"),
        BadExample([{"fields": {"amount": "x"}}], "type"),
        BadExample([{"id": "1", "fields": {}}], "bad_id"),
    )

    def value_type(self, field: Field, schema: Any) -> Type:
        return rows_type(f"{field.entity}.{field.key}")

    def parse(self, field: Field, raw: Any) -> tuple[Row, ...] | None:
        """Raises Unreadable; ``problems`` of it name every bad cell as ``[row].key``."""
        if not isinstance(raw, (list, tuple)):
            raise Unreadable("type", _("A list of rows is expected."), _("For example {example}.", example='[{"fields": {...}}]'))
        if len(raw) > MAX:
            raise Unreadable("too_many", _("At most {n} rows.", n=MAX))
        problems: list[Problem] = []
        made = tuple(self._row(field, index, item, problems) for index, item in enumerate(raw))
        if problems:
            first = problems[0]
            raise Unreadable(first.code, first.message, first.hint, problems)
        return made or None

    def _row(self, field: Field, index: int, item: Any, problems: list[Problem]) -> Row:
        where = f"[{index}]"
        if not isinstance(item, Mapping):
            problems.append(Problem("type", _("A row is expected."), where, _("Send an object with “fields”.")))
            return Row(None, index)
        extra = sorted(set(map(str, item)) - {"id", "fields"})
        if extra:
            problems.append(Problem("unknown_key", _("“{key}” is not known here.", key=extra[0]), f"{where}.{extra[0]}", _("A row has “id” and “fields”.")))
        id_, cells = item.get("id"), item.get("fields", {})
        if id_ is not None and (not isinstance(id_, str) or not is_id(id_)):
            problems.append(Problem("bad_id", _("This is no id of a row."), f"{where}.id", _("Leave it out for a new row.")))
            id_ = None
        if not isinstance(cells, Mapping):
            problems.append(Problem("type", _("A row is expected."), f"{where}.fields", _("Send an object with “fields”.")))
            cells = {}
        return Row(id_, index, {str(k): v for k, v in self._cells(field, where, cells, problems)})

    def _cells(self, field: Field, where: str, cells: Mapping[str, Any], problems: list[Problem]) -> Iterable[tuple[str, Any]]:
        from kernel import fieldtypes

        for key, raw in cells.items():
            column = field.by_key.get(str(key))
            type_ = fieldtypes.find(column.type) if column else None
            if column is None or type_ is None or not type_.writable:
                problems.append(
                    Problem(
                        "unknown_key",
                        _("“{key}” is not known here.", key=str(key)[:100]),
                        f"{where}.{str(key)[:100]}",
                        _("Known are: {keys}.", keys=list(field.by_key)),
                    )
                )
                continue
            try:
                yield key, None if raw is None else type_.parse(column, raw)
            except Unreadable as error:
                problems.append(error.problem(f"{where}.{key}", f"{column.uid}#type"))

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> tuple[Row, ...] | None:
        """The API's JSON, as imports and scripts hold it; forms send their cells one by one."""
        if not text.strip():
            return None
        try:
            return self.parse(field, json.loads(text, parse_constant=_refuse))
        except (ValueError, RecursionError) as error:
            raise Unreadable("type", _("Rows can't be read from this text."), _("Write them as JSON.")) from error

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        return [] if value is None else [json.dumps(self.dump(field, value, reader), ensure_ascii=False)]

    def check(self, field: Field, value: Any) -> Iterable[Problem]:
        from kernel import fieldtypes

        settings = self.settings(field)
        if settings.min_rows and len(value) < settings.min_rows:
            yield Problem(
                "too_few",
                _("{n} more rows are needed (at least {least}).", n=settings.min_rows - len(value), least=settings.min_rows),
                data={"least": settings.min_rows},
            )
        if len(value) > settings.max_rows:
            yield Problem("too_many", _("At most {n} rows.", n=settings.max_rows), data={"most": settings.max_rows})
        for index, row in enumerate(value):
            for key, cell in row.values.items():
                column = field.by_key.get(key)
                if column is None or cell is None:
                    continue
                for problem in fieldtypes.of(column).check(column, cell):
                    yield Problem(problem.code, problem.message, f"[{index}].{key}{problem.path}", problem.hint, f"{column.uid}#type", problem.data)

    def dump(self, field: Field, value: Any, reader: Reader) -> Any:
        from kernel import fieldtypes

        if value is None:
            return None
        return [
            {
                **({"id": row.id} if row.id else {}),
                "fields": {k: fieldtypes.of(field.by_key[k]).dump(field.by_key[k], v, reader) for k, v in row.values.items() if k in field.by_key},
            }
            for row in value
        ]

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        if not value:
            return ""
        return (_("{n} row", n=1) if len(value) == 1 else _("{n} rows", n=len(value))).to(reader.language)

    def settle(self, field: Field, value: Any, reader: Reader) -> Any:
        from kernel import fieldtypes

        if value is None:
            return None
        known = field.by_key
        return tuple(
            Row(row.id, row.rank, {k: fieldtypes.of(known[k]).settle(known[k], v, reader) if k in known else v for k, v in row.values.items()}) for row in value
        )

    def store(self, field: Field, value: Any) -> tuple[Any, ...]:
        return ()

    def load(self, field: Field, stored: tuple[Any, ...]) -> Any:
        """Of the rows that were read from the child table, in their order."""
        return tuple(stored) or None

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        from kernel import fieldtypes

        cells = {
            f.key: {"anyOf": [fieldtypes.of(f).json_schema(f, schema), {"type": "null"}]}
            for f in field.fields
            if fieldtypes.find(f.type) and fieldtypes.of(f).writable
        }
        return self._schema(cells, {"type": "string", "pattern": "^[0-9a-f-]{36}$"})

    def read_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        from kernel import fieldtypes

        cells = {f.key: {"anyOf": [fieldtypes.of(f).read_schema(f, schema), {"type": "null"}]} for f in field.fields if fieldtypes.find(f.type)}
        return self._schema(cells, {"type": "string"})

    @staticmethod
    def _schema(cells: dict[str, Any], id_: dict[str, Any]) -> dict[str, Any]:
        row = {
            "type": "object",
            "properties": {"id": {"anyOf": [id_, {"type": "null"}]}, "fields": {"type": "object", "properties": cells, "additionalProperties": False}},
            "additionalProperties": False,
        }
        return {"type": "array", "items": row, "maxItems": MAX}

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        settings = self.settings(field)
        return {k: v for k, v in {"data-min": settings.min_rows, "data-max": settings.max_rows}.items() if v is not None}


def _refuse(name: str) -> Any:
    raise ValueError(name)
