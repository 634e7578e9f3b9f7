"""Robots that speak in groups."""
