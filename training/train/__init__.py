"""Trains the models: the runs, their folds and what each part is worth."""
