"""The Design screens."""
