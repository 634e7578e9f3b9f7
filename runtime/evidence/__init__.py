"""What counts as done, and what was only clicked."""
