"""Places outside that administrators named."""
