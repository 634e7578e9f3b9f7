"""A team of the tenant."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.fieldtypes.base import Settings
from kernel.fieldtypes.reference import ReferenceType
from kernel.i18n import _
from kernel.model.props import EXPRESSION, Formula, prop


@dataclass(frozen=True)
class TeamSettings(Settings):
    """Which teams may be chosen."""

    where: str | None = prop(
        None,
        doc="Which teams are offered and accepted. Plain names are fields of the team, `this` is the record that holds the field.",
        schema=EXPRESSION,
        formula=Formula(expects="boolean", sql=True),
    )


class TeamType(ReferenceType):
    """A team of the tenant."""

    key = "team"
    label = _("Team")
    icon = "users"
    Settings = TeamSettings
    refers_to = "team"
    example_settings = {}
