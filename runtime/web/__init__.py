"""Screens of run time and the REST API."""
