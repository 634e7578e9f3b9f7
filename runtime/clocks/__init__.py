"""Promises with a clock."""
