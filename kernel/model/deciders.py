"""Who decides a step of an approval, in words: for doors and dialogs at run time, for plans and pages at design time."""

from __future__ import annotations

from kernel.errors import Message
from kernel.i18n import Labels, _
from kernel.model.application import Application
from kernel.model.elements import Approval
from kernel.model.members import SYSTEM_NAMES


def decider_words(app: Application, entity: str, step: Approval) -> Message:
    """The people of a step as one names them: a role, a relation, managers above, or the step itself where a rule finds them."""
    if step.role is not None:
        return app.roles[step.role].label if step.role in app.roles else step.role
    if step.relation is not None:
        return _path_words(app, entity, step.relation)
    if step.chain is not None:
        if step.above == "owner":
            return _("the owner's manager") if step.chain == 1 else _("the manager {n} levels above the owner", n=step.chain)
        return _("the requester's manager") if step.chain == 1 else _("the manager {n} levels above the requester", n=step.chain)
    return step.label


def mode_words(step: Approval) -> Message | None:
    """How they decide, where it is more than the first who does."""
    if step.mode == "all":
        return _("all of them")
    return _("{n} of them", n=step.votes or 1) if step.mode == "votes" else None


def _path_words(app: Application, entity: str, path: str) -> Message:
    names: list[Message] = []
    keys = path.split(".")
    for end in range(1, len(keys) + 1):
        field = app.schema.field_at(entity, keys[:end])
        system = SYSTEM_NAMES.get(keys[end - 1])
        names.append(field.label if field else Labels({"en": system[0], "zh": system[-1]}, system[0]) if system else keys[end - 1])
    found: Message = names[0]
    for name in names[1:]:
        found = _("{of}: {what}", of=found, what=name)
    return found
