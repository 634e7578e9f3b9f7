"""What is asked for: which records, which columns, which form. Kept with the job as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

Form = Literal["xlsx", "csv"]
FORMS: tuple[str, ...] = ("xlsx", "csv")
MEDIA = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv"}


@dataclass(frozen=True, slots=True)
class Spec:
    """``columns`` are names as lists know them (paths too); ``where``, ``q`` and ``sort`` are the list's."""

    entity: str
    form: Form
    columns: tuple[str, ...]
    where: str | None = None
    q: str = ""
    sort: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For the job."""
        return {**asdict(self), "columns": list(self.columns), "sort": list(self.sort)}


def spec_of(data: Mapping[str, Any]) -> Spec:
    """What :meth:`Spec.to_json` gave."""
    return Spec(data["entity"], cast(Form, data["form"]), tuple(data["columns"]), data.get("where"), data.get("q", ""), tuple(data.get("sort", ())))
