"""The candidate that reads beside the serving models of an extract worker."""

from __future__ import annotations

from functools import partial

from services.adapters import model_files
from services.adapters.faust_worker import Background
from services.adapters.metrics import ShadowMetrics
from services.adapters.periodic import repeat
from services.bootstrap.components import Components
from services.extract.current import NoteReader
from services.extract.shadow import Shadow, ShadowedReader, Tally


def shadowed(components: Components) -> tuple[NoteReader, tuple[Background, ...]]:
    """What the extract stage reads with, and what must run beside it.

    Without a share of the notes there is no shadow; with one, it runs while the history of the
    model repository names a candidate.
    """
    settings = components.settings
    if settings.shadow_share == 0:
        return components.extractor, ()
    tally = Tally(components.disagreements, ShadowMetrics(), clock=components.clock)
    shadow = Shadow(
        partial(model_files.shadowing, settings.model_repository),
        components.extractor_with,
        tally,
        share=settings.shadow_share,
        waiting=settings.shadow_waiting_notes,
        every_seconds=settings.shadow_interval_seconds,
    )
    flush = repeat(tally.flush, every_seconds=settings.shadow_interval_seconds)
    return ShadowedReader(components.extractor, shadow), (shadow.run, flush)
