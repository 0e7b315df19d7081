"""The durable queue on SQLite."""
