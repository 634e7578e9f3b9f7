"""How a list stands, as the API reads and writes it. What is sent is held to the same rights as a list on the screen, and nothing of it is
left out silently: a screen may forgive an old address, a program is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from kernel.errors import Invalid, Message, Problem
from kernel.fieldtypes.base import Unreadable
from kernel.i18n import _
from kernel.model.elements import Entity
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.forms.prepare import reader_of
from runtime.lists import arrangement as held
from runtime.lists.arrangement import Arrangement
from runtime.records import query
from runtime.records.shape import shape_of
from runtime.records.sorting import sort_terms
from runtime.records.sqlscope import RecordScope
from runtime.web import filters as conditions
from runtime.web import grouped, looks, totals
from runtime.web.columns import column_of
from runtime.web.filter_subjects import subjects_of
from runtime.web.filters import Filter
from runtime.web.list_state import Asked, Lens, views_of

KEYS = ("filters", "where", "base", "sort", "columns", "widths", "totals", "group", "density", "look", "look_settings")
MOST_SORTS = 3


def arrangement_json(asked: Asked) -> dict[str, Any]:
    """What a view holds, as far as its reader may see it."""
    kept, view = asked.lens.held, asked.lens.view
    own = view.where or "" if view is not None else kept.where
    return {
        "filters": [{"field": f.field, "op": f.op, "values": list(f.values)} for f in asked.filters],
        "where": own,
        "base": kept.base,
        "sort": kept.sort or ",".join(asked.order),
        "columns": list(kept.columns or (view.columns if view is not None else ())),
        "widths": dict(kept.widths),
        "totals": None if kept.totals is None else dict(kept.totals),
        "group": kept.group,
        "density": kept.density,
        "look": kept.look,
        "look_settings": dict(kept.look_settings),
    }


def arranged(ctx: Ctx, entity: Entity, given: Mapping[str, Any], before: Arrangement | None) -> Arrangement:
    """``before`` with the given parts changed. Raises Invalid, with all that is wrong."""
    unknown = [k for k in given if k not in KEYS]
    problems = [
        Problem("unknown_key", _("“{key}” is not known here.", key=str(k)[:100]), f"arrangement.{str(k)[:100]}", _("Known: {keys}.", keys=", ".join(KEYS))) for k in unknown]
    reader = _Reader(ctx, entity, before or Arrangement(), problems)
    made = reader.read(given)
    if problems:
        raise Invalid(problems)
    return made


class _Reader:
    """Reads the parts one by one and collects what is wrong with them."""

    def __init__(self, ctx: Ctx, entity: Entity, base: Arrangement, problems: list[Problem]) -> None:
        self.ctx, self.entity, self.base, self.problems = ctx, entity, base, problems
        self.rights = rights_of(ctx.release, ctx.actor).entity(entity.key)
        self.asked = Asked(ctx, entity, Lens("", "", base))

    def read(self, given: Mapping[str, Any]) -> Arrangement:
        readers: Mapping[str, Callable[[Any], Any]] = {
            "filters": self._filters, "where": self._where, "base": self._base, "sort": self._sort, "columns": self._columns, "widths": self._widths,
            "totals": self._totals, "group": self._group, "density": self._density, "look": self._look, "look_settings": self._look_settings}
        parts = {name: read(given[name]) for name, read in readers.items() if name in given}
        if self.problems:
            return self.base
        made = replace(self.base, **parts)
        if "base" in given:
            view = next((v for v in views_of(self.ctx, self.entity) if v.key == made.base), None)
            made = replace(made, base_where=(view.where or "") if view is not None else "")
        look, by = made.look, made.look_settings.get("by", "")
        view = next((v for v in views_of(self.ctx, self.entity) if v.key == made.base), None)
        if looks.look_of(self.ctx, self.entity, view, views_of(self.ctx, self.entity), look, by) is None:
            self._wrong("look", "no_look", _("There are no fields for this look."))
        return made

    def _wrong(self, path: str, code: str, message: Message, hint: Message | None = None) -> None:
        self.problems.append(Problem(code, message, f"arrangement.{path}", hint))

    def _texts(self, value: Any, path: str, most: int) -> list[str]:
        if not isinstance(value, list) or len(value) > most or not all(isinstance(v, str) for v in value):
            self._wrong(path, "bad_type", _("A list of at most {n} texts is expected.", n=most))
            return []
        return value

    def _text(self, value: Any, path: str, most: int) -> str:
        if not isinstance(value, str) or len(value) > most:
            self._wrong(path, "bad_type", _("A text of at most {n} characters is expected.", n=most))
            return ""
        return value

    def _one_of(self, value: Any, path: str, known: tuple[str, ...]) -> str:
        if value not in known:
            self._wrong(path, "unknown_value", _("“{key}” is not known here.", key=str(value)[:100]), _("Known: {keys}.", keys=", ".join(known)))
            return ""
        return str(value)

    def _filters(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or len(value) > conditions.MOST_FILTERS:
            self._wrong("filters", "bad_type", _("A list of at most {n} filters is expected.", n=conditions.MOST_FILTERS))
            return ()
        return tuple(text for n, one in enumerate(value) if (text := self._filter(one, f"filters[{n}]")))

    def _filter(self, one: Any, path: str) -> str | None:
        subjects = subjects_of(self.ctx, self.entity)
        values = one.get("values", []) if isinstance(one, Mapping) else None
        if not isinstance(one, Mapping) or set(one) - {"field", "op", "values"} or not isinstance(values, list) or not all(isinstance(v, str) for v in values):
            self._wrong(path, "bad_type", _("Send {shape}.", shape='{"field": "...", "op": "...", "values": ["..."]}'))
            return None
        subject = subjects.get(str(one.get("field")))
        if subject is None:
            self._wrong(f"{path}.field", "unknown_field", _("There is no field “{name}” here.", name=str(one.get("field"))[:100]))
            return None
        made = Filter(subject.key, self._one_of(one.get("op"), f"{path}.op", subject.ops), tuple(values))
        text = str(made)
        try:
            if len(values) > conditions.MOST_VALUES or (made.op and conditions.expression([made], subjects, reader_of(self.ctx)) is None):
                raise Unreadable("missing", _("Send 1 to {n} values.", n=conditions.MOST_VALUES))
            if made.op and conditions.read([text]) != [made]:
                # The address of a list divides values by this sign.
                raise Unreadable("bad_value", _("A value can't be empty or contain “~”."))
        except Unreadable as error:
            self._wrong(f"{path}.values", error.code, error.message, error.hint)
        return text

    def _where(self, value: Any) -> str:
        text = self._text(value, "where", held.MOST_TEXT)
        self._asked(lambda: query.read_where(self.ctx, self.entity.key, text) if text.strip() else None, "where")
        return text

    def _asked(self, do: Callable[[], Any], path: str) -> None:
        """What the record services have against it, under the path of the body."""
        try:
            do()
        except Invalid as error:
            self.problems.extend(replace(p, path=f"arrangement.{path}") for p in error.problems)

    def _base(self, value: Any) -> str | None:
        return None if value is None else self._one_of(value, "base", tuple(v.key for v in views_of(self.ctx, self.entity)))

    def _sort(self, value: Any) -> str:
        names = tuple(part.strip() for part in self._text(value, "sort", 200).split(",") if part.strip())
        if len(names) > MOST_SORTS:
            self._wrong("sort", "too_many", _("Sort by at most {n} fields.", n=MOST_SORTS))
        shape = shape_of(self.ctx.release, self.entity.key)
        self._asked(lambda: sort_terms(shape, RecordScope(self.ctx, shape, shape.table, self.rights.rights), names), "sort")
        return ",".join(names)

    def _column(self, name: Any, path: str) -> bool:
        if isinstance(name, str) and held.read_columns([name]) and column_of(self.ctx, self.entity, name, self.asked.machine, self.rights.readable_ever()):
            return True
        self._wrong(path, "unknown_field", _("There is no field “{name}” here.", name=str(name)[:100]))
        return False

    def _columns(self, value: Any) -> tuple[str, ...]:
        names = self._texts(value, "columns", held.MOST_COLUMNS)
        return tuple(dict.fromkeys(name for n, name in enumerate(names) if self._column(name, f"columns[{n}]")))

    def _widths(self, value: Any) -> dict[str, int]:
        made = held.read_widths(value)
        if not isinstance(value, Mapping) or made != dict(value):
            self._wrong("widths", "bad_type", _("Widths of columns in pixels are expected, each from {least} to {most}.", least=held.WIDTHS[0], most=held.WIDTHS[1]))
        return made

    def _totals(self, value: Any) -> dict[str, str] | None:
        if value is None:
            return None
        if not isinstance(value, Mapping):
            self._wrong("totals", "bad_type", _("“{key}” must be an object.", key="totals"))
            return {}
        found = [column_of(self.ctx, self.entity, k, self.asked.machine, self.rights.readable_ever()) for k in value if isinstance(k, str)]
        able = {c.key for c in totals.able(self.ctx, self.asked, [c for c in found if c is not None])}
        for key, how in value.items():
            if key not in able:
                self._wrong(f"totals.{str(key)[:100]}", "unknown_field", _("“{name}” can't be added up.", name=str(key)[:100]))
            self._one_of(how, f"totals.{str(key)[:100]}", held.HOWS)
        return held.read_totals(value)

    def _group(self, value: Any) -> str:
        known = tuple(key for key, _label in grouped.choices(self.ctx, self.asked))
        return self._one_of(value, "group", ("", *known))

    def _density(self, value: Any) -> str:
        return self._one_of(value, "density", ("", *held.DENSITIES))

    def _look(self, value: Any) -> str:
        return self._one_of(value, "look", tuple(looks.LOOKS))

    def _look_settings(self, value: Any) -> dict[str, str]:
        if not isinstance(value, Mapping) or set(value) - {"by", "scale"} or not all(isinstance(v, str) and len(v) <= 50 for v in value.values()):
            self._wrong("look_settings", "bad_type", _("Send {shape}.", shape='{"by": "...", "scale": "..."}'))
            return {}
        return dict(value)
