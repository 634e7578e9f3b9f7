"""The SQL target. The same answers as Python, on PostgreSQL in its own NUMERIC, on SQLite partly by our functions."""

from kernel.expr.sql.compiler import sort_key, to_sql, to_where

__all__ = ["sort_key", "to_sql", "to_where"]
