"""Finished inspections, kept in a database: SQLite on this machine, or PostgreSQL."""
