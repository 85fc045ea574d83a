"""The publisher of this process, with its smoke test through the real server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from services.adapters.clock import SystemClock
from services.adapters.model_publisher import ModelPublisher, Smoke
from services.adapters.triton_control import TritonControl
from services.bootstrap.components import Components
from services.config import Settings
from services.core.contracts import Note
from services.core.errors import IntegrityError
from services.core.model_versions import VersionPair

SENTENCES = (
    "She developed lisinopril-induced angioedema and lisinopril was stopped.",
    "A rash appeared after amoxicillin.",
    "Seen today. No complaints.",
)
"""Written for this purpose; nobody's notes."""


def publisher_of(settings: Settings, further: Smoke | None = None) -> ModelPublisher:
    """Publishes to the model repository and the Triton of the settings.

    Args:
        settings: name both.
        further: another smoke test, after that of `smoke`.
    """

    def test(pair: VersionPair) -> None:
        smoke(settings, pair)
        if further is not None:
            further(pair)

    return ModelPublisher(
        settings.model_repository, TritonControl(settings.triton_grpc), test, SystemClock()
    )


def smoke(settings: Settings, pair: VersionPair) -> None:
    """Read fixed sentences with a pair, by its numbers.

    Raises:
        DependencyUnavailable: a version does not answer.
        IntegrityError: another version answered than was asked.
    """
    at = datetime(2026, 1, 1, tzinfo=UTC)
    notes = [
        Note(
            source="smoke",
            note_id=str(number),
            version=1,
            patient_key="smoke",
            written_at=at,
            text=text,
        )
        for number, text in enumerate(SENTENCES)
    ]

    async def read() -> None:
        components = Components(settings)
        try:
            extractions = await components.extractor_with(pair).extract(notes)
        finally:
            await components.close()
        versions = extractions[0].versions
        # No relation version answers where no candidate pair was found.
        if versions.ner != pair.ner or versions.relation not in ("", pair.relation):
            raise IntegrityError(f"{pair} was asked and another version answered")

    asyncio.run(read())
