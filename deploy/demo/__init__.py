"""Synthetic clinical notes with gold, for trying the whole service without patient data."""
