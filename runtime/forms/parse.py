"""From a post to an Input of the record road, and what a person typed kept for showing it again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from kernel.model.elements import Field
from kernel.platform.ctx import Ctx
from runtime.forms.classes import bind, form_class, sent


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form sent: texts by field, child rows as ``{"id", "fields"}``."""

    fields: dict[str, Any]

    def only(self, keys: Iterable[str]) -> Sent:
        """The same for some fields."""
        return Sent({k: self.fields[k] for k in keys if k in self.fields})


def read(ctx: Ctx, fields: Iterable[Field], data: MultiDict[str, str]) -> Sent:
    """What the post holds for these fields; whatever else it holds is ignored, as a browser may send more."""
    return Sent(sent(bind(form_class(ctx, fields), data)))


def read_asks(ctx: Ctx, asks: Iterable[Field], data: MultiDict[str, str]) -> dict[str, Any]:
    """What the post holds for what a step asks."""
    return sent(bind(form_class(ctx, asks), data))
