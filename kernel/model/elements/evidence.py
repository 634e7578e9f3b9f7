"""Kinds that say what counts: evidence policies over events, and how events from outside become records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from kernel.model.elements.base import FIELD_PATH, Element
from kernel.model.props import BOOLEAN, EXPRESSION, KEY, KEYS, Formula, Ref, prop


@dataclass(frozen=True, kw_only=True)
class EvidenceWay(Element):
    """One way in which an event can count. Its label says what is asked for; ``{field}`` and ``{param.key}`` in it are filled in."""

    KIND: ClassVar[str] = "evidence_way"
    when: str = prop("TRUE", doc="Which events it speaks of.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    holds: str = prop(doc="What such an event must fulfil to count.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    typed_in: bool = prop(False, doc="An event that somebody typed in counts too; else only one from a verified source.", schema=BOOLEAN)


@dataclass(frozen=True, kw_only=True)
class EvidenceLevel(Element):
    """How strict a policy is. What counts at a stricter level (a larger number) counts at this one, too."""

    KIND: ClassVar[str] = "evidence_level"
    SLOTS: ClassVar[Mapping[str, str]] = {"ways": "evidence_way"}
    number: int = prop(doc="Its number: larger is stricter.", schema={"type": "integer", "minimum": 1, "maximum": 9})
    ways: tuple[EvidenceWay, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EvidenceStamp(Element):
    """A field of the subject that takes the moment of what counts. Its key is the field's; nobody but the platform writes it."""

    KIND: ClassVar[str] = "evidence_stamp"
    takes: str = prop("first", doc="The first or the latest moment.", schema={"enum": ["first", "latest"]})
    nth: int = prop(1, doc="Of the first ones: which.", schema={"type": "integer", "minimum": 1, "maximum": 20})
    apart: str | None = prop(
        None, doc="Moments nearer to each other than this are one: a duration, or seconds.", schema=EXPRESSION, formula=Formula(scope="none", expects="any"))


@dataclass(frozen=True, kw_only=True)
class Evidence(Element):
    """What counts as having done something: events (records of one entity) that fulfil conditions leave their moment in fields of their subject."""

    KIND: ClassVar[str] = "evidence"
    SLOTS: ClassVar[Mapping[str, str]] = {"stamps": "evidence_stamp", "levels": "evidence_level"}
    entity: str = prop(doc="Whose records are looked at.", schema=KEY, ref=Ref("entity"))
    of: str = prop(doc="Path from such a record to its subject.", schema=FIELD_PATH, ref=Ref("field", "entity", path=True))
    like: str | None = prop(None, doc="Another policy whose levels and moment hold here, too.", schema=KEY, ref=Ref("evidence"))
    at: str | None = prop(None, doc="The moment from which an event counts; none: when the record was made.", schema=EXPRESSION, formula=Formula(expects="any"))
    level: str | None = prop(
        None, doc="Number of the level in force; none: the lowest. A change holds for what is judged later.", schema=EXPRESSION, formula=Formula(scope="none", expects="any"))
    clicks: tuple[str, ...] = prop((), doc="Steps of the subject by which people say that it was done: each is noted beside the evidence there was.", schema=KEYS)
    marks: Mapping[str, Any] = prop(
        {}, doc="Values of the event that one tap on the subject's page makes: somebody marks it by hand.",
        schema={"type": "object", "propertyNames": KEY, "additionalProperties": {"type": ["string", "number", "boolean"]}})
    stamps: tuple[EvidenceStamp, ...] = ()
    levels: tuple[EvidenceLevel, ...] = ()

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(self.of.split("."))


@dataclass(frozen=True, kw_only=True)
class IntakeFind(Element):
    """How a number or an id in an event leads to a record. Of several with the same ``sets`` the first that finds one counts."""

    KIND: ClassVar[str] = "intake_find"
    sets: str = prop(doc="The reference that it fills, or owner.", schema=KEY)
    party: str = prop(doc="Whose number: ours, or that of the other side (theirs).", schema={"enum": ["ours", "theirs"]})
    by: str = prop(doc="Entity and field in which the number stands, such as person.phone.", schema={"type": "string", "pattern": r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"})
    takes: str | None = prop(None, doc="A reference of the found record is taken instead of itself.", schema=KEY)
    when: str | None = prop(None, doc="Only records for which this holds.", schema=EXPRESSION, formula=Formula(expects="boolean", sql=True))

    @property
    def place(self) -> tuple[str, str]:
        entity, _dot, field = self.by.partition(".")
        return entity, field


@dataclass(frozen=True, kw_only=True)
class Intake(Element):
    """How events from outside become records of an entity. People may add such records, but not change what was received."""

    KIND: ClassVar[str] = "intake"
    SLOTS: ClassVar[Mapping[str, str]] = {"finds": "intake_find"}
    entity: str = prop(doc="The entity whose records they become.", schema=KEY, ref=Ref("entity"))
    kinds: tuple[str, ...] = prop(doc="Kinds of events that are taken.", schema={**KEYS, "minItems": 1})
    fields: Mapping[str, Any] = prop(
        doc="Field by field, which part of the event it takes (kind, occurred_at, from, data.text ...).",
        schema={"type": "object", "propertyNames": KEY, "additionalProperties": FIELD_PATH, "minProperties": 1})
    occurred_at: str = prop(doc="The field that holds when it happened.", schema=KEY, ref=Ref("field", "entity"))
    verified: str = prop(doc="The yes-no field that tells a verified source from what was typed in; written by the platform alone.", schema=KEY, ref=Ref("field", "entity"))
    source: str | None = prop(None, doc="The text field that names the source; written by the platform alone.", schema=KEY, ref=Ref("field", "entity"))
    received_at: str | None = prop(None, doc="The field that holds when it was received; written by the platform alone.", schema=KEY, ref=Ref("field", "entity"))
    hash: str | None = prop(None, doc="The text field that holds the hash of what was received; written by the platform alone.", schema=KEY, ref=Ref("field", "entity"))
    replies_to: str | None = prop(None, doc="The reference to the event that this one answers; worked out where the source does not say it.", schema=KEY, ref=Ref("field", "entity"))
    reply_kinds: tuple[str, ...] = prop((), doc="Kinds of events that answer each other.", schema=KEYS)
    reply_within: int = prop(7, doc="Days within which an event answers the one before it.", schema={"type": "integer", "minimum": 1, "maximum": 90})
    recording: str | None = prop(None, doc="The file field that takes the recording an event tells of; fetched later.", schema=KEY, ref=Ref("field", "entity"))
    recording_when: str | None = prop(
        None, doc="Recordings are taken in only while this holds: the switch of the workspace, of a team.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    waits_without: tuple[str, ...] = prop((), doc="References of which one must be found; else the event waits until somebody says what it belongs to.", schema=KEYS, ref=Ref("field", "entity"))
    open_fields: tuple[str, ...] = prop((), doc="What people may fill in later.", schema=KEYS, ref=Ref("field", "entity"))
    finds: tuple[IntakeFind, ...] = ()
