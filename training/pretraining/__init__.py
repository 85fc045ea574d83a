"""Continued masked-language-model pretraining of a small encoder on text that nobody annotated."""
