"""A person of the tenant."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.fieldtypes.base import Settings
from kernel.fieldtypes.reference import ReferenceType
from kernel.i18n import _
from kernel.model.props import EXPRESSION, Formula, prop


@dataclass(frozen=True)
class UserSettings(Settings):
    """Which people may be chosen."""

    where: str | None = prop(
        None,
        doc="Which people are offered and accepted. Plain names are fields of the person, `this` is the record that holds the field.",
        schema=EXPRESSION,
        formula=Formula(expects="boolean", sql=True),
    )


class UserType(ReferenceType):
    """A person of the tenant."""

    key = "user"
    label = _("Person")
    icon = "user"
    Settings = UserSettings
    refers_to = "person"
    example_settings = {}
