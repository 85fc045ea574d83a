"""Phrases of clinical notes that say what became of a relation, as data."""
