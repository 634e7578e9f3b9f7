"""One act on many records."""
