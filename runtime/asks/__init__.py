"""Asking somebody for what a record lacks."""
