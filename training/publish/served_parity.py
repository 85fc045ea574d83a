"""Whether the server reads notes as the graphs do offline: the smoke test of a publication.

Both readings go through the code of the extract stage, once with the graphs run here and once
with the versions on the server, asked for by number. What differs is the server's doing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from services.adapters.model_publisher import Smoke
from services.bootstrap.components import Components
from services.config import Settings
from services.core.contracts import Extraction, Note
from services.core.errors import IntegrityError
from services.core.model_ports import FloatArray, Inference, IntArray, TokenModel
from services.core.model_versions import VersionPair
from training.corpora.documents import Document
from training.evaluate.graphs import onnx_pair_runner, onnx_runner
from training.evaluate.pair_scores import PairRunner
from training.evaluate.versions import read_json, temperature_of
from training.publish.reading_parity import parity

NOTES = 12
"""Notes that are read."""


class LocalModel:
    """A graph of the repository, run in this process, as a `TokenModel`.

    Args:
        folder: the version.
        model: `ner` or `relation`.
    """

    def __init__(self, folder: Path, model: str) -> None:
        self._version = folder.name
        graph = folder / "model.onnx"
        temperature = temperature_of(read_json(folder / "card.json"))
        self._run = (
            _ner(graph, temperature)
            if model == "ner"
            else onnx_pair_runner(graph, temperature=temperature)
        )

    async def infer(
        self, input_ids: IntArray, attention_mask: IntArray, pairs: IntArray | None = None
    ) -> Inference:
        """See `TokenModel`."""
        # A marked graph is asked about no pair by its places, and ignores them.
        asked = np.zeros((len(input_ids), 1, 4), dtype=np.int64) if pairs is None else pairs
        probabilities, statuses = self._run(input_ids, attention_mask, asked)
        return Inference(probabilities, self._version, None if pairs is None else statuses)


def _ner(graph: Path, temperature: float) -> PairRunner:
    run = onnx_runner(graph, temperature=temperature)

    def asked(ids: IntArray, mask: IntArray, _: IntArray) -> tuple[FloatArray, FloatArray]:
        probabilities = run(ids, mask)
        return probabilities, probabilities

    return asked


def agrees_with_offline(settings: Settings, documents: Sequence[Document]) -> Smoke:
    """A smoke test of an installed pair.

    Args:
        settings: name the repository and the server.
        documents: notes of our own; at most `NOTES` are read.
    """
    notes = [as_note(one) for one in documents[:NOTES]]

    def smoke(pair: VersionPair) -> None:
        offline, online = asyncio.run(_read(settings, pair, notes))
        problem = parity(offline, online).problem
        if problem:
            raise IntegrityError(f"{pair} on the server does not read as its graphs do: {problem}")

    return smoke


async def _read(
    settings: Settings, pair: VersionPair, notes: Sequence[Note]
) -> tuple[list[Extraction], list[Extraction]]:
    def local(model: str) -> TokenModel:
        return LocalModel(settings.model_repository / model / pair.of(model), model)

    components = Components(settings)
    try:
        offline = await components.extractor_of(local, pair).extract(notes)
        online = await components.extractor_with(pair).extract(notes)
    finally:
        await components.close()
    return offline, online


def as_note(document: Document) -> Note:
    """A document as a note that a stage can read."""
    return Note(
        source="smoke",
        note_id=document.doc_id,
        version=1,
        patient_key="smoke",
        written_at=datetime(2026, 1, 1, tzinfo=UTC),
        text=document.text,
    )
