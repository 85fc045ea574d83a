"""Measures models on documents: figures, calibration, errors, and the page with them."""
