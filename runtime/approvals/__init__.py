"""Approvals: a transition that waits until the right people agree."""
