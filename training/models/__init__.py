"""The neural models, in torch."""
