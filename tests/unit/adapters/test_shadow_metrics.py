"""What a shadow saw, for Prometheus: versions and kinds as labels, and nothing else."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from services.adapters.metrics import ShadowMetrics
from services.core.disagreement import Beside, Disagreement
from services.core.model_versions import VersionPair

BESIDE = Beside(VersionPair("1", "1"), VersionPair("2", "3"))


def test_counts_add_up_by_the_versions_of_the_candidate() -> None:
    registry = CollectorRegistry()
    metrics = ShadowMetrics(registry)
    metrics.observe(BESIDE, Disagreement(notes=1, same=2, only_serving=3))
    metrics.observe(BESIDE, Disagreement(notes=1, status_differs=4, failed=5, dropped=6))
    shown = generate_latest(registry).decode()
    for line in (
        'adewatch_shadow_notes_total{ner="2",outcome="notes",relation="3"} 2.0',
        'adewatch_shadow_notes_total{ner="2",outcome="failed",relation="3"} 5.0',
        'adewatch_shadow_notes_total{ner="2",outcome="dropped",relation="3"} 6.0',
        'adewatch_shadow_relations_total{kind="same",ner="2",relation="3"} 2.0',
        'adewatch_shadow_relations_total{kind="only_serving",ner="2",relation="3"} 3.0',
        'adewatch_shadow_relations_total{kind="only_candidate",ner="2",relation="3"} 0.0',
        'adewatch_shadow_relations_total{kind="status_differs",ner="2",relation="3"} 4.0',
    ):
        assert line in shown
