"""Events from outside."""
