"""From trained models to what serves: export, cards, the gate, and retraining."""
