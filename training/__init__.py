"""Trains, measures and exports the models of the service. Needs the extra `training`."""
