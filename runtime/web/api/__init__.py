"""The REST API: record views, JSON shapes, OpenAPI."""
