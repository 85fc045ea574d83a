"""Documents as rows of the models, and batches of them."""
