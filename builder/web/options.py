"""A list of options: names, order, new ones, and those no longer offered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Request

from builder.layers.change import Change, add
from builder.publish.tenant_overlay import mint
from builder.web.frame import form_page
from builder.web.proposal import LAYER, Proposal
from builder.web.review import just_published, review
from builder.web.uses import uses_of_options
from kernel.errors import Message, NotFound
from kernel.i18n import _
from kernel.model.elements import Option, OptionSet
from kernel.model.tree import Node, rank_between
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page

NEW_ROWS = 3
_KEY = re.compile(r"[a-z][a-z0-9_]{0,49}\Z")


@dataclass(frozen=True, slots=True)
class Row:
    """An option in the form."""

    key: str
    zh: str
    en: str
    retired: bool
    own: bool
    error: Message | None = None


@dataclass(frozen=True, slots=True)
class New:
    """A row for an option that is to be added; blank ones are left alone."""

    number: int
    zh: str = ""
    en: str = ""
    key: str = ""
    error: Message | None = None


def options(ctx: Ctx, request: Request, key: str) -> Page:
    """``GET /design/options/<key>``"""
    found = _set(ctx, key)
    return _page(ctx, request, found, [_row(o) for o in found.options], [New(i) for i in range(NEW_ROWS)])


def change(ctx: Ctx, request: Request, key: str) -> Page:
    """``POST /design/options/<key>``: the review of what differs."""
    found, form = _set(ctx, key), request.form
    rows = [_typed(o, form) for o in found.options]
    news = _new_rows(found, form)
    if _errors(rows, news):
        return _page(ctx, request, found, rows, news, status=422)
    changes = [*_edits(found, rows, form), *_additions(found, news), *_order(found, form.getlist("order"))]
    if not changes:
        return _page(ctx, request, found, rows, news, nothing=True)
    return review(ctx, request, Proposal("changes", f"options/{key}", tuple(changes)), _("Change “{name}”", name=found.label), form.get("base", ""))


def _set(ctx: Ctx, key: str) -> OptionSet:
    found = ctx.app.option_sets.get(key)
    if found is None:
        raise NotFound()
    return found


def _row(option: Option) -> Row:
    return Row(option.key, option.labels.get("zh", ""), option.labels.get("en", ""), option.retired, option.origin == LAYER)


def _typed(option: Option, form: Mapping[str, str]) -> Row:
    """What came back for an option. One that was added since the page was made is left as it is."""
    if f"zh.{option.key}" not in form:
        return _row(option)
    zh, en = (form.get(f"{language}.{option.key}", "").strip() for language in ("zh", "en"))
    error = None
    if not (zh or en):
        error = _("Give the option a name.")
    elif max(len(zh), len(en)) > 200:
        error = _("This is too long: at most {n} characters.", n=200)
    return Row(option.key, zh, en, bool(form.get(f"retired.{option.key}")), option.origin == LAYER, error)


def _new_rows(found: OptionSet, form: Mapping[str, str]) -> list[New]:
    rows: list[New] = []
    taken = set(found.by_key)
    for number in range(NEW_ROWS):
        zh, en, key = (form.get(f"new.{number}.{name}", "").strip() for name in ("zh", "en", "key"))
        error: Message | None = None
        if zh or en or key:
            key = key or _key_from(en, taken)
            if not (zh or en):
                error = _("Give the option a name.")
            elif max(len(zh), len(en)) > 200:
                error = _("This is too long: at most {n} characters.", n=200)
            elif not _KEY.match(key):
                error = _("Use small letters, digits and _, starting with a letter.")
            elif key in taken:
                error = _("“{key}” is taken already. Choose another one.", key=key)
            taken.add(key)
        rows.append(New(number, zh, en, key, error))
    return rows


def _key_from(label: str, taken: set[str]) -> str:
    made = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:40]
    made = made if made and made[0].isalpha() else "option"
    key, number = made, 1
    while key in taken:
        number += 1
        key = f"{made}_{number}"
    return key


def _edits(found: OptionSet, rows: Sequence[Row], form: Mapping[str, str]) -> list[Change]:
    changes: list[Change] = []
    for row in rows:
        option = found.by_key[row.key]
        for language, now in (("zh", row.zh), ("en", row.en)):
            # Only what the person changed: the rest may have been changed by somebody else in the meantime.
            was = form.get(f"was.{language}.{row.key}", option.labels.get(language, ""))
            if now != was and now != option.labels.get(language, ""):
                changes.append(Change("set", option.uid, f"labels.{language}", now) if now else Change("unset", option.uid, f"labels.{language}"))
        if row.retired != option.retired:
            changes.append(Change("set", option.uid, "retired", row.retired))
    return changes


def _additions(found: OptionSet, news: Sequence[New]) -> list[Change]:
    changes: list[Change] = []
    rank = max((o.rank for o in found.options), default=None)
    for new in news:
        if new.key:
            rank = rank_between(rank, None)
            labels = {language: text for language, text in (("zh", new.zh), ("en", new.en)) if text}
            changes.append(add(Node(mint(f"option_set/{found.key}.{new.key}"), "option", new.key, found.uid, "options", rank, {"labels": labels}, LAYER)))
    return changes


def _order(found: OptionSet, keys: Sequence[str]) -> list[Change]:
    """The fewest moves that give the wanted order: options whose ranks already rise stay where they are."""
    wanted = [found.by_key[k] for k in dict.fromkeys(keys) if k in found.by_key]
    if len(wanted) != len(found.options) or [o.key for o in wanted] == [o.key for o in found.options]:
        return []
    stay = _rising(wanted)
    changes: list[Change] = []
    before: str | None = None
    for index, option in enumerate(wanted):
        if option.key in stay:
            before = option.rank
            continue
        after = next((o.rank for o in wanted[index:] if o.key in stay), None)
        before = rank_between(before, after)
        changes.append(Change("move", option.uid, parent=found.uid, slot="options", rank=before))
    return changes


def _rising(wanted: Sequence[Option]) -> set[str]:
    """A longest run of options, not necessarily neighbours, whose ranks rise strictly."""
    best: list[list[Option]] = []
    for index, option in enumerate(wanted):
        before = max((best[i] for i in range(index) if wanted[i].rank < option.rank), key=len, default=[])
        best.append([*before, option])
    return {o.key for o in max(best, key=len, default=[])}


def _errors(rows: Sequence[Row], news: Sequence[New]) -> int:
    return len([r for r in rows if r.error]) + len([n for n in news if n.error])


def _page(ctx: Ctx, request: Request, found: OptionSet, rows: Sequence[Row], news: Sequence[New], *, nothing: bool = False, status: int = 200) -> Page:
    order = {key: i for i, key in enumerate(request.form.getlist("order"))} if request.method == "POST" else {}
    return form_page(ctx, request, "options.html", {
        "set": found, "rows": sorted(rows, key=lambda r: order.get(r.key, len(order))), "news": news, "uses": uses_of_options(ctx.app, found.key),
        "base_hash": ctx.release.hash, "nothing": nothing, "published": just_published(request), "errors": _errors(rows, news),
    }, status=status)
