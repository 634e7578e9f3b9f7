"""Applications that tests share."""
