"""People as administrators look after them."""
