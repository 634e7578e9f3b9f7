"""The conversation around a record."""
