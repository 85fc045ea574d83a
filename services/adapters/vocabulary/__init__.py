"""Vocabularies from files: the compiled lexicon of this project, RxNorm, MedDRA."""
