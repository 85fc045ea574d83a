"""The record in SQL: one schema for SQLite (embedded) and PostgreSQL (production)."""
