"""Who may do what to which records and fields: a check in Python and the same rule as SQL."""

from kernel.permissions.decision import Decision
from kernel.permissions.names import ReaderSchema
from kernel.permissions.policy import ACTIONS, Action, Facts, RowScope
from kernel.permissions.rights import EntityRights, Rights, rights_of

__all__ = ["ACTIONS", "Action", "Decision", "EntityRights", "Facts", "ReaderSchema", "Rights", "RowScope", "rights_of"]
