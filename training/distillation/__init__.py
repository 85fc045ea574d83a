"""One small model from several trained ones: it learns their probabilities beside gold."""
