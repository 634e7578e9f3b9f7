"""The names a reader may use: an application's schema without what is hidden, so that hidden and unknown are one (D6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kernel.expr.scope import Member
from kernel.model.schema import AppSchema

if TYPE_CHECKING:
    from kernel.permissions.rights import Rights


class ReaderSchema:
    """Members an expression of this reader may name; what is hidden does not exist, not even for suggestions."""

    def __init__(self, schema: AppSchema, rights: Rights) -> None:
        self.schema, self.rights = schema, rights

    def member(self, entity: str, name: str) -> Member | None:
        """The member called ``name``, if the reader may use it."""
        found = self.schema.member(entity, name)
        return found if found is not None and self.open(entity, found.key) else None

    def members(self, entity: str) -> Iterable[Member]:
        """All members the reader may use."""
        return (m for m in self.schema.members(entity) if self.open(entity, m.key))

    def open(self, entity: str, key: str) -> bool:
        """Whether the reader may use this member in a filter, sort, search or formula."""
        head, _, rows = entity.partition(".")
        access = self.rights.entity(head)
        if not access.any("read"):
            return False
        if self.schema.find_field(entity, key) is None:
            return self.schema.member(entity, key) is not None
        return (f"{rows}.{key}" if rows else key) in access.queryable
