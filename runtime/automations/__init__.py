"""Automations: what the product does by itself."""
