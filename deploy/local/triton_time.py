"""How long the models computed, from the metrics of their server."""

from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families

_COMPUTED = "adewatch_model_computed_seconds"
_TIMEOUT_SECONDS = 10.0


def computed_seconds(metrics_url: str) -> float:
    """Seconds that the models computed since the server started, summed over the models."""
    answer = httpx.get(metrics_url, timeout=_TIMEOUT_SECONDS, trust_env=False)
    answer.raise_for_status()
    return sum(
        sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name.startswith(_COMPUTED)
    )
