"""Fangyuan beside a hand-written application, in one run."""
