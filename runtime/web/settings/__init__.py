"""The settings of a person and of the workspace."""
