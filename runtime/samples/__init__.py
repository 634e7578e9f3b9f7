"""Sample data replayed through the record road."""
