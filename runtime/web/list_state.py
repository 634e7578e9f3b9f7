"""How a list is asked for: view, filters, quick search, order, look and grouping from the address; the rest as the person arranged it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

from werkzeug.datastructures import MultiDict

from kernel.errors import Invalid, Message, Problem
from kernel.i18n import Text, _
from kernel.model.elements import Entity, Machine, View
from kernel.platform.ctx import Ctx
from runtime.clocks.sql import ROOT
from runtime.forms.prepare import reader_of, target_of
from runtime.lists import personal
from runtime.lists.arrangement import Arrangement, read_group
from runtime.lists.personal import Layout, Personal, SavedView
from runtime.records import query
from runtime.web import filters as conditions
from runtime.web import looks
from runtime.web.filter_subjects import subjects_of
from runtime.web.filters import Filter, Subject
from runtime.web.sight import base_of, queryable

PAGE = 50


@dataclass(frozen=True)
class Lens:
    """A view as a tab shows it: the application's, one that somebody saved, or (with neither) everything."""

    key: str
    label: Message
    held: Arrangement
    view: View | None = None
    saved: SavedView | None = None


@dataclass(frozen=True)
class Asked:
    """What an address asks for. Everything that narrows or orders stands in the address, so that "back" keeps it; what differs from the
    view stands there, the rest comes from the view. Columns, widths, totals and density are the person's own (``layout``) or the view's."""

    ctx: Ctx
    entity: Entity
    lens: Lens
    filters: tuple[Filter, ...] = ()
    where: str = ""
    q: str = ""
    sort: str = ""
    look: str = "table"
    cursor: str | None = None
    removed: tuple[str, ...] = ()
    also: int = 0
    group: str = ""
    based: bool = True
    on: str = ""
    scale: str = ""
    by: str = ""
    own: Personal = field(default_factory=Personal)
    notes: tuple[Text, ...] = ()
    closed: bool = False

    @property
    def base(self) -> str:
        return f"{base_of(self.ctx)}/e/{self.entity.key}"

    @cached_property
    def view(self) -> View | None:
        """The application view that stands behind: its condition holds as well."""
        if self.lens.view is not None:
            return self.lens.view
        return next((v for v in self.ctx.app.views_of(self.entity.key) if v.key == self.lens.held.base), None) if self.based else None

    @property
    def layout(self) -> Layout:
        """What the person chose for this view."""
        return self.own.layouts.get(self.lens.key, _NOTHING)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that were chosen; none: the view's own, or the usual ones."""
        return self.layout.columns or self.lens.held.columns or (self.view.columns if self.view is not None else ())

    @property
    def widths(self) -> Mapping[str, int]:
        return {**self.lens.held.widths, **self.layout.widths}

    @property
    def totals(self) -> Mapping[str, str] | None:
        """What is worked out per column; None where nobody chose."""
        return self.layout.totals if self.layout.totals is not None else self.lens.held.totals

    @property
    def density(self) -> str:
        """"" leaves it to the person's general choice."""
        return self.layout.density or self.lens.held.density

    def args(self) -> list[tuple[str, str]]:
        """The parameters of the address: what differs from the view."""
        held, args = self.lens.held, []
        if self.lens.key != _first_key(self.ctx, self.entity):
            args.append(("view", self.lens.key))
        texts = tuple(str(f) for f in self.filters)
        if texts != held.filters:
            args += [("f", text) for text in texts or ("",)]
        if self.where != held.where:
            args.append(("where", self.where))
        if self.q:
            args.append(("q", self.q))
        if self.sort and self.sort != held.sort:
            args.append(("sort", self.sort))
        if self.look != held.look:
            args.append(("as", self.look))
        if self.group != self._usual_group:
            args.append(("group", self.group))
        if not self.based:
            args.append(("base", "0"))
        if self.look != "table":
            usual = held.look_settings if self.look == held.look else {}
            args += [(name, value) for name, value in (("scale", self.scale), ("by", self.by)) if value != usual.get(name, "")]
            args += [("on", self.on)] if self.on else []
        if self.cursor:
            args.append(("cursor", self.cursor))
        return args

    def url(self, path: str = "", **changes: Any) -> str:
        """The address of the same list with something changed."""
        args = (replace(self, **changes) if changes else self).args()
        return f"{self.base}{path}" + (f"?{urlencode(args)}" if args else "")

    def at(self, lens: Lens) -> Asked:
        """Another view of the same entity, as it is when nobody changed anything."""
        return replace(
            self, lens=lens, filters=tuple(conditions.read(lens.held.filters)), where=lens.held.where, q="", sort=lens.held.sort, look=lens.held.look, cursor=None,
            removed=(), group=_group_of(self.own, lens), based=True, on="", scale=lens.held.look_settings.get("scale", ""), by=lens.held.look_settings.get("by", ""))

    @property
    def _usual_group(self) -> str:
        return _group_of(self.own, self.lens)

    @cached_property
    def machine(self) -> Machine | None:
        return self.ctx.app.first_machine(self.entity.key)

    @cached_property
    def shown(self) -> looks.Look:
        """The look with what it stands on."""
        found = looks.look_of(self.ctx, self.entity, self.view, views_of(self.ctx, self.entity), self.look, self.by)
        return found or looks.Look("table", self.view, own=True)

    @property
    def subjects(self) -> Mapping[str, Subject]:
        """What the reader can filter by."""
        return subjects_of(self.ctx, self.entity)

    @cached_property
    def condition(self) -> str | None:
        """View, filters and typed condition as one expression. Raises Unreadable, and Invalid for a saved view whose condition this reader may not use."""
        if self.closed:
            raise Invalid([_closed()])
        own = conditions.expression(self.filters, self.subjects, reader_of(self.ctx))
        parts = [p for p in (self.base_condition, own, self.where.strip() or None) if p]
        return None if not parts else parts[0] if len(parts) == 1 else f"AND({', '.join(parts)})"

    @property
    def base_condition(self) -> str | None:
        """The condition of the application view; the text kept with the saved view where that view is gone."""
        if not self.based:
            return None
        if self.view is not None:
            return self.view.where
        return self.lens.held.base_where or None

    @property
    def kept_where(self) -> bool:
        """Whether the typed condition is the saved view's own: another person wrote it."""
        return self.lens.saved is not None and self.where == self.lens.held.where != ""

    @cached_property
    def order(self) -> tuple[str, ...]:
        if self.sort:
            return tuple(s for s in self.sort.split(",") if s)[:3]
        if self.view is not None and self.view.sort:
            return self.view.sort
        return self.entity.sort

    def list_query(
        self, fields: Sequence[str] | None, extra: str | None = None, limit: int = PAGE, within: query.Within | None = None
    ) -> query.ListQuery:
        """The query of the record service."""
        text = self.condition
        if extra:
            text = f"AND({extra}, {text})" if text else extra
        where = query.read_where(self.ctx, self.entity.key, text) if text else None
        return query.ListQuery(where=where, sort=self.order, fields=fields, q=self.q, limit=limit, cursor=self.cursor, within=within)

    def rest(self, drop: Any = None, keep_q: bool = True) -> list[tuple[str, str]]:
        """Everything of the address but the filter ``drop`` (and the quick search), for forms that change one of them."""
        kept = replace(self, q=self.q if keep_q else "", cursor=None, filters=tuple(f for f in self.filters if str(f) != str(drop)))
        return parse_qsl(kept.url().partition("?")[2], keep_blank_values=True)

    @property
    def narrowed(self) -> bool:
        """Whether the person has narrowed the view."""
        return bool(self.q or tuple(str(f) for f in self.filters) != self.lens.held.filters or self.where != self.lens.held.where)

    @property
    def changed(self) -> bool:
        """Whether the list stands otherwise than its view says, in what a saved view would keep. Widths alone are no change, nor is another
        look at a view of the application: the switch leads back."""
        kept = replace(self, q="", cursor=None)
        passing = ("view", "cursor", "q", "on") if self.lens.saved is not None else ("view", "cursor", "q", "on", "as", "by", "scale")
        held, own = self.lens.held, self.layout
        columns = held.columns or (self.lens.view.columns if self.lens.view is not None else ())
        return (
            any(name not in passing for name, _value in kept.args()) or (own.group is not None and own.group != held.group)
            or bool(own.columns and own.columns != columns) or (own.totals is not None and own.totals != (held.totals or {}))
            or bool(own.density and held.density and own.density != held.density))

    @property
    def wider(self) -> Lens | None:
        """The view without a condition, for whoever finds nothing in this one."""
        free = [x for x in lenses(self.ctx, self.entity, self.own) if x.view is not None and not x.view.where and x.held.look == "table"]
        return next((x for x in reversed(free) if x.key != self.lens.key), None)

    @property
    def arrangement(self) -> Arrangement:
        """The list as it stands, to be saved."""
        base = self.view
        text = self.base_condition or ""
        return Arrangement(
            filters=tuple(str(f) for f in self.filters), where=self.where, sort=self.sort or ",".join(self.order), look=self.look,
            base=base.key if base is not None else None, base_where=text, group=self.group, columns=self.columns, widths=self.widths,
            totals=self.totals, density=self.density, look_settings={name: value for name, value in (("scale", self.scale), ("by", self.by)) if value and self.look != "table"})


_NOTHING = Layout()


def _closed() -> Problem:
    return Problem(
        "closed_view", _("This view uses a condition that you may not use, so it shows you nothing."), "where",
        _("Open another view, or ask whoever saved it."))


def _group_of(own: Personal, lens: Lens) -> str:
    chosen = own.layouts.get(lens.key, _NOTHING).group
    return lens.held.group if chosen is None else chosen


def views_of(ctx: Ctx, entity: Entity) -> tuple[View, ...]:
    """The views of an entity that the actor's roles see."""
    return tuple(v for v in ctx.app.views_of(entity.key) if not v.roles or ctx.actor.roles.intersection(v.roles))


def _first_key(ctx: Ctx, entity: Entity) -> str:
    views = views_of(ctx, entity)
    return views[0].key if views else ""


def lens_of_view(view: View) -> Lens:
    """An application view as a tab."""
    return Lens(view.key, view.label, Arrangement(look=view.as_), view)


def lens_of_saved(saved: SavedView) -> Lens:
    """A saved view as a tab."""
    return Lens(saved.id, saved.name, saved.arrangement, saved=saved)


def lenses(ctx: Ctx, entity: Entity, own: Personal) -> list[Lens]:
    """Every view the person has: the application's (everything, where it has none), then saved ones, pinned first."""
    built_in = list(map(lens_of_view, views_of(ctx, entity))) or [Lens("", _("All"), Arrangement())]
    return [*built_in, *map(lens_of_saved, own.ordered)]


def read(ctx: Ctx, entity: Entity, args: MultiDict[str, str], *, plain: bool = False, own: Personal | None = None) -> Asked:
    """What the address asks for; unknown views and unreadable filters fall back, as bookmarks outlive releases.

    ``plain`` leaves out what is personal and asks the database nothing; ``own`` is what was loaded already.
    """
    own = own or (Personal() if plain else personal.load(ctx, entity.key))
    known = lenses(ctx, entity, own)
    wanted_key = args.get("view")
    lens = next((x for x in known if x.key == wanted_key), known[0])
    notes: list[Text] = []
    if wanted_key and lens.key != wanted_key and not plain:
        notes.append(_("The view of this address is no longer there, or no longer shared with you. This is “{view}”.", view=lens.label))
    lens, closed = _outlived(ctx, entity, lens, notes)
    held = lens.held
    look = args.get("as", "") or held.look
    usual = held.look_settings if look == held.look else {}
    by = args.get("by", usual.get("by", ""))[:50]
    views = views_of(ctx, entity)
    view = lens.view or next((v for v in ctx.app.views_of(entity.key) if v.key == held.base), None)
    if look != "table" and (look not in looks.LOOKS or looks.look_of(ctx, entity, view, views, look, by) is None):
        look = "table"
    subjects = subjects_of(ctx, entity)
    texts = args.getlist("f") if "f" in args else held.filters
    wanted = tuple(f for f in conditions.read(texts) if f.field in subjects and f.op in subjects[f.field].ops)
    if len(wanted) < len([text for text in texts if text]) and not plain:
        # A list that silently forgets a condition shows more than its address says.
        notes.append(_("A condition could not be read, or is not there for you, and was left out."))
    group = read_group(args["group"]) or "" if "group" in args else _group_of(own, lens)
    asked = Asked(
        ctx, entity, lens, wanted, args.get("where", held.where)[:4096], args.get("q", "").strip()[:200], args.get("sort", held.sort)[:200], look,
        args.get("cursor") or None, tuple(args.get("deleted", "").split(","))[:200],
        int(args["also"]) if re.fullmatch("[0-9]{1,5}", args.get("also", "")) else 0, group, args.get("base") != "0",
        args.get("on", "")[:10], args.get("scale", usual.get("scale", ""))[:10], by, own, tuple(notes), closed and "f" not in args)
    return replace(asked, closed=True) if not asked.closed and _locked(asked) else asked


def _outlived(ctx: Ctx, entity: Entity, lens: Lens, notes: list[Text]) -> tuple[Lens, bool]:
    """The view as this release and this reader can show it, and whether a condition of it is closed to the reader.

    What the application no longer has is left out with a note; what the reader may not see is left out silently in columns and closes
    the view in conditions: a list that ignores one of its conditions would show something else than its name says.
    """
    if lens.saved is None:
        return lens, False
    held, gone = lens.held, []
    may = queryable(ctx, entity.key)
    filters, closed = [], False
    subjects = subjects_of(ctx, entity)
    for f in conditions.read(held.filters):
        head, colon, inner = f.field.partition(":")
        key = _present(entity, head)
        if key is None and head not in conditions.SYSTEM and not (head == ROOT and ctx.app.clocks_of(entity.key)):
            gone.append(head)
            continue
        name = f"{key or head}{colon}{inner}"
        if name in subjects:
            filters.append(replace(f, field=name))
        elif _there(ctx, entity, key or head, inner):
            closed = True
        else:
            gone.append(inner or head)
    columns = []
    for name in held.columns:
        head = name.partition(".")[0]
        key = _present(entity, head)
        if key is None and head not in conditions.SYSTEM and head != "updated_by":
            gone.append(head)
            continue
        columns.append(name if key in (None, head) else f"{key}{name[len(head):]}")
    sort = ",".join(s for s in held.sort.split(",") if s and _sorts(entity, s.lstrip("-").partition(".")[0], may))
    group = held.group if not held.group or _sorts(entity, held.group.partition(":")[0], may) else ""
    if gone:
        names = list(dict.fromkeys(gone))
        notes.append(_("No longer in the application and left out of this view: {fields}.", fields=names))
    changed = replace(held, filters=tuple(map(str, filters)), columns=tuple(columns), sort=sort, group=group)
    return replace(lens, held=changed), closed


def _present(entity: Entity, name: str) -> str | None:
    """The key a field has now: by its key or a former one."""
    if name in entity.by_key:
        return name
    return next((f.key for f in entity.fields if name in f.aliases), None)


def _there(ctx: Ctx, entity: Entity, head: str, inner: str) -> bool:
    """Whether the application has this field at all, whoever may see it."""
    field = entity.by_key.get(head)
    if not inner or field is None:
        return True
    target = target_of(field)
    known = field.by_key if field.type == "rows" else ctx.app.entities[target].by_key if target and target in ctx.app.entities else {}
    return inner in known or inner == "state"


def _sorts(entity: Entity, key: str, may: frozenset[str]) -> bool:
    return key in may if key in entity.by_key else key in (*conditions.SYSTEM, ROOT, "state_since", "id", "created_by", "updated_by")


def _locked(asked: Asked) -> bool:
    """Whether a condition that somebody else wrote names what this reader may not use."""
    if asked.lens.saved is None:
        return False
    kept = [asked.where if asked.kept_where else "", asked.base_condition or ""]
    for text in kept:
        if text.strip():
            try:
                query.read_where(asked.ctx, asked.entity.key, text)
            except Invalid:
                # Whoever saved it may mend it, and sees what is wrong with it.
                return asked.lens.saved.owner != asked.ctx.actor.person
    return False
