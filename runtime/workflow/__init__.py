"""State machines at run time: pure decisions with their reasons."""
