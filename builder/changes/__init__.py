"""A change of metadata is a plan: a pure function of old and new."""
