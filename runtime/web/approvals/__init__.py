"""Screens of approvals."""
