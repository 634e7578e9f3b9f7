"""What a page watches: single records, and whole kinds of records for lists and boards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kernel.errors import BadRequest, NotFound
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from runtime.records import reading

MOST = 40


@dataclass(frozen=True, slots=True)
class Watches:
    """Records by (entity, id), and entities as such: of these only records count that the reader may see."""

    records: frozenset[tuple[str, str]]
    entities: frozenset[str]

    def hit(self, entity: str | None, record: str | None) -> bool:
        """Whether an event about this record is of interest."""
        return entity is not None and record is not None and (entity in self.entities or (entity, record) in self.records)

    def without(self, records: Iterable[tuple[str, str]]) -> Watches:
        """These records are no longer watched."""
        return Watches(self.records.difference(records), self.entities)


def read(given: Iterable[str]) -> Watches:
    """``<entity>/<id>`` or ``<entity>``, at most 40 of them. Raises BadRequest."""
    wanted = list(dict.fromkeys(given))
    if len(wanted) > MOST:
        raise BadRequest(_("A page watches at most {n} things.", n=MOST))
    records, entities = set(), set()
    for text in wanted:
        entity, slash, id_ = text.partition("/")
        if not entity or (slash and not id_) or "/" in id_:
            raise BadRequest(_("Watch {form}, not “{given}”.", form="<entity>/<id>", given=text[:100]))
        if slash:
            records.add((entity, id_))
        else:
            entities.add(entity)
    return Watches(frozenset(records), frozenset(entities))


def check(ctx: Ctx, watches: Watches) -> None:
    """Raises NotFound unless the reader may see every one of them: foreign, hidden and missing alike."""
    for entity in watches.entities:
        if not reading.may_know(ctx, entity):
            raise NotFound()
    for entity, id_ in sorted(watches.records):
        if entity not in ctx.app.entities:
            raise NotFound()
        reading.require(ctx, entity, id_)
