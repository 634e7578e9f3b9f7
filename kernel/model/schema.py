"""What an application's entities and fields offer to expressions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from kernel import fieldtypes
from kernel.expr.expression import Expression
from kernel.expr.findings import ExpressionError
from kernel.expr.scope import Member, Namespace, Scope
from kernel.expr.types import ANY, BOOLEAN, DATE, DURATION, NUMBER, TEXT, Kind, Type, record
from kernel.model import acting
from kernel.model.elements import Automation, AutomationStep, Element, Entity, Field, Transition
from kernel.model.members import SYSTEM_NAMES as SYSTEM_NAMES
from kernel.model.members import exists, system_members
from kernel.model.props import Formula, props_of

if TYPE_CHECKING:
    from kernel.model.application import Application

ScopeKind = Literal["record", "transition", "person", "none"]

_NONE = 1_000_000

SCOPE_WORDS = frozenset({"none", "own", "team", "team_and_below", "all"})
"""Words that stand where a row scope may also be an expression."""

_PARAMETER_TYPES = {"number": NUMBER, "text": TEXT, "boolean": BOOLEAN, "duration": DURATION, "date": DATE}


def _class(element: Element) -> Any:
    return type(element)


class AppSchema:
    """Members of entities, scopes of formulas, and typed expressions; one per application (``application.schema``).

    Child rows are the pseudo-entity ``<entity>.<field>``. What is typed once is remembered: an application never changes.
    """

    def __new__(cls, application: Application) -> AppSchema:
        found = application.__dict__.get("schema")
        return found if isinstance(found, AppSchema) else super().__new__(cls)

    def __init__(self, application: Application) -> None:
        if "application" in self.__dict__:
            return
        self.application = application
        # Typing one field may type others. The lock makes "being typed now" a matter of one thread.
        self._lock = threading.RLock()
        self._fields: dict[str, dict[str, Field]] = {}
        self._names: dict[str, dict[str, str]] = {}
        self._types: dict[str, Type] = {}
        self._typing: list[str] = []
        self._lowest = _NONE  # the outermost place in that list which a cycle led back to
        self._expressions: dict[tuple[Any, ...], Expression | ExpressionError | None] = {}
        self._scopes: dict[tuple[Any, ...], Scope] = {}
        self.shapes: dict[str, Field] = {}  # of derived fields, by uid; filled by kernel/fieldtypes/derived.py
        self._shaping: set[str] = set()
        self._volatile: dict[str, bool] = {}
        self._orders: dict[str, tuple[str, ...]] = {}

    # --- entities ---------------------------------------------------------------------------------------------

    def fields(self, entity: str) -> Mapping[str, Field]:
        """The fields of an entity or of its child rows (``task.items``), by key. Empty for what does not exist."""
        found = self._fields.get(entity)
        if found is None:
            head, _, rows = entity.partition(".")
            owner = self.application.entities.get(head)
            if owner is None:
                found = {}
            elif rows:
                field = owner.by_key.get(rows)
                found = dict(field.by_key) if field else {}
            else:
                found = dict(owner.by_key)
            self._fields[entity] = found
        return found

    def exists(self, entity: str) -> bool:
        """Whether there is such an entity, or such child rows."""
        return exists(self.application, entity)

    def find_field(self, entity: str, key: str) -> Field | None:
        """The field with this key, or None."""
        return self.fields(entity).get(key)

    def field_at(self, entity: str, path: Iterable[str]) -> Field | None:
        """The field at the end of a path of keys through references and rows; None where it leads to no field."""
        field: Field | None = None
        for key in path:
            if not entity:
                return None
            system = {"owner": "person", "created_by": "person", "updated_by": "person", "team": "team"}.get(key)
            field = self.fields(entity).get(key)
            if field is not None:
                entity = self.type_of(field).entity or ""
            elif "." in entity and key == "parent":
                entity = entity.partition(".")[0]
            else:
                entity = system or ""
        return field

    def type_of(self, field: Field) -> Type:
        """The expression type of a field. Of one that is being typed right now (a cycle) it is "any"."""
        if field.type not in fieldtypes.BUILTIN:
            return ANY
        found = self._types.get(field.uid)
        if found is not None:
            return found
        with self._lock:
            if field.uid in self._typing:
                self._lowest = min(self._lowest, self._typing.index(field.uid))
                return ANY
            self._typing.append(field.uid)
            try:
                found = fieldtypes.of(field).value_type(field, self)
            finally:
                self._typing.pop()
            if self._settled():
                self._types[field.uid] = found
            return found

    def _settled(self) -> bool:
        """Whether what was just typed depends on nothing that is still being typed (inside of a cycle it does)."""
        if self._lowest < len(self._typing):
            return False
        self._lowest = _NONE
        return True

    def type_at(self, entity: str, path: Iterable[str]) -> Type | None:
        """The type at the end of a path of keys, system members included; None where it leads nowhere."""
        type_: Type | None = record(entity)
        for key in path:
            place = type_.entity if type_ is not None and type_.kind in (Kind.RECORD, Kind.ROWS) else None
            if place is None or key not in self._index_of(place):
                return None
            member = self._member(place, key)
            type_ = member.type if member else None
        return type_

    def is_volatile(self, field: Field) -> bool:
        """Whether a derived field changes with time alone (TODAY, NOW), itself or through one it reads."""
        from kernel.model.derivation import volatile

        found = self._volatile.get(field.uid)
        if found is None:
            found = self._volatile[field.uid] = volatile(self, field)
        return found

    def shape_once(self, field: Field, make: Callable[[Field, AppSchema], Field]) -> Field:
        """The shape of a derived field, made by ``make`` and remembered; inside of a cycle it is a plain text."""
        with self._lock:
            if field.uid in self._shaping:
                return replace(field, type="text", settings={})
            if field.uid not in self.shapes:
                self._shaping.add(field.uid)
                try:
                    self.shapes[field.uid] = make(field, self)
                finally:
                    self._shaping.discard(field.uid)
            return self.shapes[field.uid]

    def shape_of(self, field: Field) -> Field:
        """The field as which ``field`` is stored and shown."""
        return fieldtypes.of(field).shape(field)

    # --- kernel.expr.scope.Schema -----------------------------------------------------------------------------

    def member(self, entity: str, name: str) -> Member | None:
        """The member of ``entity`` called ``name``: key first, then aliases and labels; own fields before system members."""
        key = self._index_of(entity).get(name)
        return None if key is None else self._member(entity, key)

    def members(self, entity: str) -> Iterable[Member]:
        """All members of ``entity``: its fields, then the system's."""
        for key in self._keys(entity):
            found = self._member(entity, key)
            if found is not None:
                yield found

    def _keys(self, entity: str) -> Iterator[str]:
        own = self.fields(entity)
        yield from own
        yield from (key for key in system_members(self.application, entity) if key not in own)

    def _index_of(self, entity: str) -> dict[str, str]:
        names = self._names.get(entity)
        if names is None:
            names = self._names[entity] = self._index(entity)
        return names

    def _index(self, entity: str) -> dict[str, str]:
        index: dict[str, str] = {}
        keys = list(self._keys(entity))
        for key in keys:
            index[key] = key
        for key in keys:
            field = self.fields(entity).get(key)
            for name in field.names if field else SYSTEM_NAMES.get(key, ()):
                index.setdefault(name, key)
        return index

    def _member(self, entity: str, key: str) -> Member | None:
        field = self.fields(entity).get(key)
        if field is not None:
            return Member(key, field.uid, self.type_of(field), field.names)
        type_ = system_members(self.application, entity).get(key)
        return None if type_ is None else Member(key, f"{entity}#{key}", type_, SYSTEM_NAMES.get(key, ()))

    # --- scopes -----------------------------------------------------------------------------------------------

    def scope(self, kind: ScopeKind, entity: str | None = None, transition: Transition | Automation | None = None, within: str | None = None) -> Scope:
        """What a formula may name.

        ``record``: the members of ``entity``; ``transition`` also ``old`` (the record before) and ``ask`` (what the
        transition asks for); ``person``: the members of a person; ``none``: nothing of a record. All know ``me`` and
        ``param``. ``within``: the entity of the record at hand where the formula is about others (filter of a reference,
        condition of a roll-up); it is the root ``this``.
        """
        key = (kind, entity, transition.uid if transition else None, within)
        found = self._scopes.get(key)
        if found is None:
            found = self._scopes[key] = self._scope(kind, entity, transition, within)
        return found

    def _scope(self, kind: ScopeKind, entity: str | None, transition: Transition | Automation | None, within: str | None) -> Scope:
        roots: dict[str, Type | Namespace] = {"param": self.parameters}
        if "person" in self.application.entities:
            roots["me"] = record("person")
        if kind == "person":
            return Scope(self, "person", roots)
        if kind == "none" or entity is None:
            return Scope(self, None, roots)
        if within is not None:
            roots["this"] = record(within)
        if kind == "transition":
            roots["old"] = record(entity)
            asks = transition.asks if transition else ()
            roots["ask"] = Namespace({f.key: Member(f.key, f.uid, self.type_of(f), f.names) for f in asks})
        return Scope(self, entity, roots)

    @property
    def parameters(self) -> Namespace:
        """The application's parameters, as ``param``."""
        return Namespace({p.key: Member(p.key, p.uid, _PARAMETER_TYPES.get(p.type, ANY), p.names) for p in self.application.parameters.values()})

    # --- expressions ------------------------------------------------------------------------------------------

    def expression(self, element: Element, prop_name: str) -> Expression | None:
        """The typed expression in a property (or a setting of the field's type); None if the property is empty or a
        scope word (own, team, ...). Raises ExpressionError, and KeyError for a property that holds no formula."""
        formula, text = self.formula(element, prop_name)
        if text is None or (element.KIND == "right" and text in SCOPE_WORDS):
            return None
        key = ("prop", element.uid, prop_name)
        if key not in self._expressions:
            with self._lock:
                try:
                    made: Any = self._check(text, self.scope_of(element, prop_name), self.expected(element, prop_name), for_sql=formula.sql)
                except ExpressionError as error:
                    made = error
                if self._lowest >= len(self._typing):
                    self._expressions[key] = made
        else:
            made = self._expressions[key]
        if isinstance(made, ExpressionError):
            raise made
        return made  # type: ignore[no-any-return]

    def expression_of(
        self,
        text: str,
        entity: str | None,
        scope: ScopeKind = "record",
        expect: Type | None = None,
        *,
        transition: Transition | None = None,
        within: str | None = None,
        for_sql: bool = False,
    ) -> Expression:
        """The typed form of a text that stands in no property (a filter of a request, an action's value). Raises ExpressionError."""
        return self._check(text, self.scope(scope, entity, transition, within), expect, for_sql=for_sql)

    @staticmethod
    def _check(text: str, scope: Scope, expect: Type | None, *, for_sql: bool) -> Expression:
        from kernel.expr.check import check

        return check(text, scope, expect, for_sql=for_sql)

    def formula(self, element: Element, prop_name: str) -> tuple[Formula, str | None]:
        """How a property is declared as a formula, and its text. Raises KeyError for one that is none."""
        declared = props_of(_class(element)).get(prop_name)
        if declared is not None and declared.formula is not None:
            return declared.formula, getattr(element, declared.attribute)
        if isinstance(element, Field) and element.type in fieldtypes.BUILTIN:
            type_ = fieldtypes.of(element)
            setting = props_of(type_.Settings).get(prop_name)
            if setting is not None and setting.formula is not None:
                return setting.formula, element.settings.get(prop_name)
        raise KeyError(f"{element.uid} has no formula {prop_name!r}")

    def formulas(self, element: Element) -> Iterable[str]:
        """The properties and settings of ``element`` that hold a formula now."""
        names = [p.name for p in props_of(_class(element)).values() if p.formula is not None]
        if isinstance(element, Field) and element.type in fieldtypes.BUILTIN:
            names += [p.name for p in props_of(fieldtypes.of(element).Settings).values() if p.formula is not None]
        for name in names:
            text = self.formula(element, name)[1]
            if text is not None and not (element.KIND == "right" and text in SCOPE_WORDS):
                yield name

    def expected(self, element: Element, prop_name: str) -> Type | None:
        """The type the place of a formula wants; None for any."""
        formula = self.formula(element, prop_name)[0]
        if formula.expects == "boolean":
            return BOOLEAN
        if formula.expects == "field" and isinstance(element, Field):
            found = self.type_of(element)
            return None if found.kind is Kind.ANY else found
        if isinstance(element, Field) and prop_name not in props_of(Field):
            return fieldtypes.of(element).expects(element, prop_name, self)
        return None

    def scope_of(self, element: Element, prop_name: str) -> Scope:
        """The scope of the formula in a property."""
        formula, _ = self.formula(element, prop_name)
        if isinstance(element, Field):
            own = prop_name in props_of(Field)
            place = element.place if own else fieldtypes.of(element).formula_place(element, prop_name, self)
            return self.scope(formula.scope, place, within=element.place if place != element.place else None)  # type: ignore[arg-type]
        if isinstance(element, (Automation, AutomationStep)):
            return acting.scope_of(self, element, formula)
        return self.scope(formula.scope, self.entity_of(element), self._transition_of(element))  # type: ignore[arg-type]

    def entity_of(self, element: Element) -> str | None:
        """The entity an element belongs to, through what it stands in; None for roles, parameters and option sets."""
        if isinstance(element, Field):
            return element.place
        if isinstance(element, AutomationStep):
            return acting.places_of(self, element)[0]
        node = self.application.tree.get(element.uid)
        while node is not None:
            if node.kind in ("entity", "right"):
                return node.key
            if node.kind == "intake_find":
                return str(node.props.get("by", "")).partition(".")[0]
            if node.kind in ("machine", "form", "view", "clock", "automation", "evidence", "intake", "similarity", "notification"):
                return node.props.get("entity")
            node = self.application.tree.get(node.parent) if node.parent else None
        return None

    def _transition_of(self, element: Element) -> Transition | None:
        node = self.application.tree.get(element.uid)
        while node is not None:
            found = self.application.by_uid.get(node.uid)
            if isinstance(found, Transition):
                return found
            node = self.application.tree.get(node.parent) if node.parent else None
        return None

    # --- derived fields ---------------------------------------------------------------------------------------

    def derivation_order(self, entity: str) -> tuple[str, ...]:
        """Derived fields of ``entity`` in an order in which each comes after those it reads.

        Own fields by key, those of child rows as ``<rows>.<field>``. Raises CycleError, which names the cycle.
        """
        found = self._orders.get(entity)
        if found is None:
            from kernel.model.derivation import order

            found = self._orders[entity] = order(self, entity)
        return found

    def entities(self) -> Iterable[Entity]:
        return self.application.entities.values()
