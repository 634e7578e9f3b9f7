"""How a field is stored, as a text: equal texts mean that the column can stay."""

from __future__ import annotations

from sqlalchemy.dialects import postgresql

from kernel import fieldtypes
from kernel.model.application import Application
from kernel.model.elements import Field

_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]


def signature(field: Field, application: Application) -> str:
    """Suffixes and types of its columns as PostgreSQL says them (it names the places of decimals, SQLite does not).

    ``rows`` and ``references`` for fields with a table of their own; empty for what stores nothing.
    """
    if field.type in ("rows", "references"):
        return field.type
    type_ = fieldtypes.find(field.type)
    if type_ is None or not type_.stored:
        return ""
    return ",".join(f"{c.suffix}:{c.type.compile(dialect=_POSTGRESQL)}" for c in type_.columns(field, application.schema))
