"""A person's inbox."""
