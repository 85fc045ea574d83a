"""The scores of the served pair through the real server are those that evaluation measures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import pytest

from deploy.local.layout import REPOSITORY
from deploy.local.triton import Triton
from services.bootstrap.components import Components
from services.config import Settings
from services.core.bio import TypedSpan
from services.core.contracts import Extraction
from services.core.spans import Span
from tests.samples.models import shipped
from training.corpora import adewatch
from training.corpora.documents import Document
from training.evaluate.scoring import Reading, ScoredPair
from training.evaluate.tagger import read, report
from training.evaluate.versions import open_ner, open_relation, read_json
from training.publish.served_parity import as_note
from training.settings import SEED

pytestmark = pytest.mark.stack

SENTENCES = 500
PATIENCE_SECONDS = 600
SCORES = ("ner_strict", "ner_lenient", "end_to_end_strict", "end_to_end_lenient")


def held_out() -> list[Document]:
    """So many of our own notes that no model was trained on that they have `SENTENCES`."""
    notes = adewatch.split_notes(adewatch.read_notes(), seed=SEED).test
    before = accumulate((len(note.sentences) for note in notes), initial=0)
    return [note for note, count in zip(notes, before, strict=False) if count < SENTENCES]


async def served(server: Triton, documents: Sequence[Document]) -> list[Reading]:
    """What the extract stage finds through the server."""
    settings = Settings(
        triton_grpc=server.grpc,
        triton_timeout_seconds=PATIENCE_SECONDS,
        model_repository=REPOSITORY / "model_repository",
    )
    components = Components(settings)
    try:
        found = await components.extractor.extract([as_note(one) for one in documents])
    finally:
        await components.close()
    return [as_reading(*each) for each in zip(documents, found, strict=True)]


def as_reading(document: Document, extraction: Extraction) -> Reading:
    spans = {one.mention_id: Span(one.start, one.end) for one in extraction.mentions}
    return Reading(
        document,
        [TypedSpan(one.type, spans[one.mention_id]) for one in extraction.mentions],
        [],
        [
            ScoredPair(spans[one.drug_id], spans[one.event_id], one.probability, one.assertion)
            for one in extraction.relations
        ],
    )


def offline(documents: Sequence[Document]) -> list[Reading]:
    """What evaluation finds with the graphs of the repository."""
    ner, relation = shipped("ner"), shipped("relation")
    return read(
        open_ner(ner, read_json(ner / "card.json")),
        open_relation(relation, read_json(relation / "card.json")),
        documents,
    )


async def test_the_served_scores_are_those_of_evaluation(triton_server: Triton) -> None:
    documents = held_out()
    threshold = read_json(shipped("relation") / "card.json")["threshold"]
    online = report(await served(triton_server, documents), threshold=threshold)
    measured = report(offline(documents), threshold=threshold)
    assert sum(len(one.sentences) for one in documents) >= SENTENCES
    for name in SCORES:
        found = f1_scores(online[name])
        assert found == f1_scores(measured[name]), name
        assert min(found) > 0.5, name  # a pair that finds nothing would agree with itself


def f1_scores(table: object) -> list[float]:
    """Every F1 of a table of scores, to three digits."""
    assert isinstance(table, dict)
    return [round(value, 3) for name, value in table.items() if name.endswith("f1")]
