"""Checks of metadata: an author's mistakes are values, all shown at once."""
