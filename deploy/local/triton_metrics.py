"""What the models say of themselves in the metrics of their server."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

_TIMEOUT_SECONDS = 10.0


def computed_seconds(metrics_url: str) -> float:
    """Seconds that the models computed since the server started, summed over the models."""
    return sum(_values(metrics_url, "adewatch_model_computed_seconds"))


def given_up_requests(metrics_url: str) -> float:
    """Requests whose caller had gone when their turn came, of all models since the start."""
    return sum(_values(metrics_url, "adewatch_model_given_up"))


def are_loaded(metrics_url: str) -> bool:
    """Whether every model has loaded its graph.

    Raises:
        ValueError: one of them cannot.
    """
    states = set(model_states(metrics_url).values())
    if any(state < 0 for state in states):
        raise ValueError("a model cannot be loaded")
    return states <= {1.0}


def model_states(metrics_url: str) -> dict[tuple[str, str], float]:
    """Per model and version 1 if it has loaded its graph, 0 if not yet, -1 if it cannot."""
    return {
        (sample.labels["model"], sample.labels["version"]): sample.value
        for sample in _samples(metrics_url, "adewatch_model_loaded")
    }


def _values(metrics_url: str, name: str) -> Iterator[float]:
    return (sample.value for sample in _samples(metrics_url, name))


def _samples(metrics_url: str, name: str) -> Iterator[Sample]:
    answer = httpx.get(metrics_url, timeout=_TIMEOUT_SECONDS, trust_env=False)
    answer.raise_for_status()
    for family in text_string_to_metric_families(answer.text):
        yield from (sample for sample in family.samples if sample.name.startswith(name))
