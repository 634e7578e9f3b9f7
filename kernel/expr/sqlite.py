"""What every SQLite connection needs before compiled expressions run on it."""

from kernel.expr.sql.sqlite import register

__all__ = ["register"]
