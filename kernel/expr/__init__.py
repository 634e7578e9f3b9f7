"""The expression language: parse, type, and one meaning on three targets (Python, SQL, JavaScript)."""

from kernel.expr.check import check
from kernel.expr.complete import Suggestion, complete
from kernel.expr.expression import Explained, Expression, rename
from kernel.expr.findings import ExpressionError, Finding
from kernel.expr.javascript import to_js, to_json_value
from kernel.expr.parse import parse
from kernel.expr.scope import Env, Member, Namespace, RowsSource, Schema, Scope, SqlScope, SqlValue, namespace
from kernel.expr.sql import sort_key, to_sql, to_where
from kernel.expr.tree import Tree, print_tree
from kernel.expr.types import ErrorValue, Kind, Option, Type

__all__ = [
    "Env", "ErrorValue", "Explained", "Expression", "ExpressionError", "Finding", "Kind", "Member", "Namespace",
    "Option", "RowsSource", "Schema", "Scope", "SqlScope", "SqlValue", "Suggestion", "Tree", "Type",
    "check", "complete", "namespace", "parse", "print_tree", "rename", "sort_key", "to_js", "to_json_value", "to_sql", "to_where",
]  # fmt: skip
