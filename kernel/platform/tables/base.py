"""The three sets of tables, and how their constraints are named."""

from __future__ import annotations

from sqlalchemy import MetaData

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

platform = MetaData(naming_convention=_NAMING)
control = MetaData(naming_convention=_NAMING)
# The search table is a virtual table on SQLite, so it is made by hand (kernel/platform/search_table.py), not by create_all.
search_metadata = MetaData()
