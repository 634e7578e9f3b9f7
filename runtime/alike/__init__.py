"""Records that are like the one at hand."""
