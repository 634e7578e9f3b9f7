"""Calls to other systems when something happens here."""

from runtime.webhooks.sending import KIND, carry_out, send_later

__all__ = ["KIND", "carry_out", "send_later"]
