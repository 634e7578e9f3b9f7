"""The indexes of an application as values of a plan. Which there are is said by kernel/model/indexes.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Dialect
from sqlalchemy import Index as Made
from sqlalchemy.schema import CreateIndex as CreateIndexDDL

from kernel.model.application import Application
from kernel.model.indexes import Ordered, indexes_of
from kernel.model.tables import Tables


@dataclass(frozen=True)
class Index:
    """An index by its name, which follows from its content: equal names, equal indexes. ``made`` is how it is built."""

    name: str = ""
    table: str = ""
    columns: tuple[str, ...] = ()
    unique: bool = False
    made: Made | None = field(default=None, compare=False, repr=False)

    def sql(self, dialect: Dialect, *, concurrently: bool = False) -> str:
        """The statement that makes it."""
        assert self.made is not None
        text = str(CreateIndexDDL(self.made).compile(dialect=dialect))
        return text.replace("INDEX ", "INDEX CONCURRENTLY ", 1) if concurrently else text


def wanted(application: Application, tables: Tables) -> dict[str, tuple[Index, str]]:
    """The indexes by name, each with the uid of the element it serves: a field, or the entity."""
    owners = dict(_owners(application, tables))
    found: dict[str, tuple[Index, str]] = {}
    for made in indexes_of(application, tables):
        assert made.name is not None and made.table is not None
        table = made.table.name
        columns = tuple(_names(made))
        uid = owners.get((table, columns[0])) if made.unique or len(columns) == 1 else None
        found[str(made.name)] = (Index(str(made.name), table, columns, bool(made.unique), made), uid or owners[table, ""])
    return found


def _names(made: Made) -> Iterator[str]:
    for expression in made.expressions:
        column = next(iter(expression.clauses)) if isinstance(expression, Ordered) else expression
        yield str(getattr(column, "name", column))


def _owners(application: Application, tables: Tables) -> Iterator[tuple[tuple[str, str], str]]:
    """(table, first column of a field) and (table, "") to uids."""
    for key, entity in application.entities.items():
        made = tables.of(key)
        yield (made.table.name, ""), entity.uid
        for item in entity.fields:
            if item.key in made.columns:
                yield (made.table.name, made.main(item.key).name), item.uid
            if item.key in made.links:
                yield (made.links[item.key].name, ""), item.uid
            child = made.children.get(item.key)
            if child is None:
                continue
            yield (child.table.name, ""), item.uid
            for inner in item.fields:
                if inner.key in child.columns:
                    yield (child.table.name, child.main(inner.key).name), inner.uid
                if inner.key in child.links:
                    yield (child.links[inner.key].name, ""), inner.uid
