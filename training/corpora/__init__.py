"""Readers: one module per format, all giving `Document`."""
