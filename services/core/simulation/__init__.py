"""A simulated stream of a hospital network with planted causes, and how rules do on it.

`stream` draws notes, `margins` counts their cases, `watching` looks at the counts by a rule.
"""

from services.core.simulation.margins import Margins, changes
from services.core.simulation.stream import Indication, Notes, Planted, Stream, simulate
from services.core.simulation.watching import Alarms, auc, ranking_scores, watch

__all__ = [
    "Alarms",
    "Indication",
    "Margins",
    "Notes",
    "Planted",
    "Stream",
    "auc",
    "changes",
    "ranking_scores",
    "simulate",
    "watch",
]
