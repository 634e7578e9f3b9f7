"""Looking into rows and multiple choices."""

from __future__ import annotations

from kernel.expr.table import Function, function
from kernel.i18n import _

FUNCTIONS: tuple[Function, ...] = (
    function(
        "HAS(list: list, option: text | choice) -> boolean",
        _("TRUE if the option is one of those chosen."),
        lambda chosen, option: option in chosen,
        blank="false",
        rule="has",
    ),
    Function("FIRST", ("FIRST(rows: rows, value: any) -> T",), _("The value of the first row that has one, in the order of the rows."), (), rule="aggregate"),
    Function("LAST", ("LAST(rows: rows, value: any) -> T",), _("The value of the last row that has one, in the order of the rows."), (), rule="aggregate"),
    Function(
        "FIRSTIF",
        ("FIRSTIF(rows: rows, condition: boolean, value: any) -> T",),
        _("The value of the first row that fulfils a condition."),
        (),
        rule="aggregate",
    ),
    Function(
        "LASTIF", ("LASTIF(rows: rows, condition: boolean, value: any) -> T",), _("The value of the last row that fulfils a condition."), (), rule="aggregate"
    ),
)
