"""Compiles the lexicon that is served from open vocabularies and our own tables."""
