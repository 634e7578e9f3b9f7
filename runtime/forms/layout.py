"""How the fields of an entity are arranged: by its form element, or sensibly when there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from kernel import fieldtypes
from kernel.errors import Message
from kernel.i18n import Labels, _
from kernel.model.application import Application
from kernel.model.elements import Entity, Field, Form, Section
from kernel.platform.releases import Release

NEVER_IN_FORMS = frozenset({"referring"})
"""Types that stand for records elsewhere: the record page shows them as tabs."""


@dataclass(frozen=True, slots=True)
class Place:
    """A field on a form."""

    field: Field
    wide: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A titled part of a form; ``element`` is None for generated ones."""

    key: str
    label: Message | None
    help: Message | None
    places: tuple[Place, ...]
    collapsed: bool = False
    element: Section | None = None


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab; the first may have no name."""

    label: Message | None
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """An arranged form. ``key`` is the form element's, or empty for a generated one."""

    entity: Entity
    key: str
    tabs: tuple[Tab, ...]

    @property
    def parts(self) -> Iterable[Part]:
        for tab in self.tabs:
            yield from tab.parts

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field it shows, in order."""
        return tuple(place.field for part in self.parts for place in part.places)


def layout_of(release: Release, entity: str, roles: frozenset[str]) -> Layout:
    """The form of somebody with these roles. A form made for one of the roles goes before a form for everybody."""
    chosen = choose(release.application, entity, roles)
    return _arranged(_Content(release.hash, release.application), entity, chosen.uid if chosen else "")


def choose(application: Application, entity: str, roles: frozenset[str]) -> Form | None:
    """The first form that names one of the roles, else the first for everybody, else None."""
    forms = application.forms_of(entity)
    return next((f for f in forms if roles.intersection(f.roles)), None) or next((f for f in forms if not f.roles), None)


class _Content:
    """An application as a key of the cache: equal when the release's hash is."""

    __slots__ = ("application", "hash")

    def __init__(self, hash_: str, application: Application) -> None:
        self.hash, self.application = hash_, application

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Content) and other.hash == self.hash

    def __hash__(self) -> int:
        return hash(self.hash)


@lru_cache(maxsize=2000)
def _arranged(content: _Content, entity_key: str, form_uid: str) -> Layout:
    entity = content.application.entity(entity_key)
    if not form_uid:
        return Layout(entity, "", (Tab(None, tuple(_generated(entity))),))
    form = content.application.by_uid[form_uid]
    assert isinstance(form, Form)
    return Layout(entity, form.key, tuple(_tabs(entity, form)))


def _tabs(entity: Entity, form: Form) -> Iterable[Tab]:
    found: dict[str, tuple[Message | None, list[Part]]] = {}
    for section in form.sections:
        places = []
        for item in section.items:
            field = entity.by_key.get(item.key)
            if field is not None and field.type in fieldtypes.BUILTIN and field.type not in NEVER_IN_FORMS:
                places.append(Place(field, item.wide or fieldtypes.of(field).wide))
        label = section.label if section.labels else None
        help_ = Labels(section.help, "") if section.help else None
        tab = found.setdefault(repr(sorted(section.tab.items())), (Labels(section.tab, "") if section.tab else None, []))
        tab[1].append(Part(section.key, label, help_, tuple(places), section.collapsed, section))
    return (Tab(label, tuple(parts)) for label, parts in found.values())


def _generated(entity: Entity) -> Iterable[Part]:
    """What people fill in first, rows of a sub-form each in a part of their own, derived values last."""
    plain: list[Place] = []
    rows: list[Part] = []
    derived: list[Place] = []
    for field in entity.fields:
        if field.type not in fieldtypes.BUILTIN or field.type in NEVER_IN_FORMS:
            continue
        type_ = fieldtypes.of(field)
        if field.type == "rows":
            rows.append(Part(f"rows_{field.key}", field.label, None, (Place(field, True),)))
        elif type_.writable:
            plain.append(Place(field, type_.wide))
        else:
            derived.append(Place(field, fieldtypes.of(type_.shape(field)).wide))
    if plain:
        yield Part("main", _("Details"), None, tuple(plain))
    yield from rows
    if derived:
        yield Part("derived", _("Worked out by itself"), None, tuple(derived))
