"""One note through the extract stage and through evaluation: what is measured is what serves."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.assertion_combined import HEAD_ALONE, StatusWeights
from services.core.confidence import Confidence
from services.core.contracts import Assertion, Extraction, Note
from services.core.model_ports import FloatArray, Inference, IntArray
from services.core.sentences import split_sentences
from services.core.spans import Span
from services.core.windows import MAX_PAIRS, Form
from services.extract.batching import BatchedModel
from services.extract.handler import Extractor
from services.extract.mentions import MentionFinder
from services.extract.relations import RelationFinder
from services.extract.tokens import NER_MAX_TOKENS, RELATION_MAX_TOKENS
from tests.fakes.vocabulary import WordVocabulary
from training.corpora.documents import Document
from training.evaluate.pair_scores import PairModel, PairRunner
from training.evaluate.scoring import Reading
from training.evaluate.tagger import Tagger, read

pytestmark = pytest.mark.training

THRESHOLD = 0.5

# Many windows, a sentence so long that it takes none beside it, and more pairs in reach of each
# other than a window takes.
TEXT = (
    "She had a rash after aspirin. No nausea with zocor. " * 12
    + f"She had {'with ' * 480}zocor a rash. "
    + "She had a rash, nausea, rash, nausea, rash and nausea after aspirin, zocor and aspirin. " * 2
)
DRUGS, EVENTS, DRUG_MARKER, ADE_MARKER = (9, 13), (7, 11), 16, 18
"""Ids of the tokenizer for tests."""


def tags(input_ids: IntArray, attention_mask: IntArray) -> FloatArray:
    """Probabilities that depend on the token and on its place in the row."""
    sure = np.broadcast_to(0.7 + np.arange(input_ids.shape[1]) / 1000, input_ids.shape)
    begins = np.stack([np.isin(input_ids, DRUGS), np.isin(input_ids, EVENTS)], axis=-1)
    begin = np.where(begins, sure[..., None], 0.1)
    by_type = np.stack([1 - begin, begin, np.zeros_like(begin)], axis=-1)
    return by_type.reshape(*input_ids.shape, -1).astype(np.float32)


def levitated(
    input_ids: IntArray, attention_mask: IntArray, pairs: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Answers that depend on every token of the window and on the places of the pair in it."""
    total = (input_ids * attention_mask).sum(axis=1)[:, None]
    caused = (7 * pairs[..., 0] + 13 * pairs[..., 2] + total) % 100 / 100
    favoured = (pairs[..., 2] % 6)[..., None] == np.arange(6)
    return (
        np.stack([1 - caused, caused], axis=-1).astype(np.float32),
        np.where(favoured, 0.5, 0.1).astype(np.float32),
    )


def marked(
    input_ids: IntArray, attention_mask: IntArray, pairs: IntArray
) -> tuple[FloatArray, FloatArray]:
    """The same, with the places of the markers."""
    places = [(input_ids == marker).argmax(axis=1) for marker in (DRUG_MARKER, ADE_MARKER)]
    drug, event = places
    return levitated(
        input_ids, attention_mask, np.stack([drug, drug, event, event], axis=-1)[:, None]
    )


class Served:
    """A runner behind the port of the inference server."""

    def __init__(self, run: PairRunner) -> None:
        self._run = run

    async def infer(
        self, input_ids: IntArray, attention_mask: IntArray, pairs: IntArray | None = None
    ) -> Inference:
        asked = np.zeros((len(input_ids), 1, 4), dtype=np.int64) if pairs is None else pairs
        probabilities, statuses = self._run(input_ids, attention_mask, asked)
        return Inference(probabilities, "1", None if pairs is None else statuses)


async def served(
    encoder: HuggingFaceTokenEncoder,
    form: Form,
    *,
    reads_windows: bool,
    confidence: Confidence | None = None,
    status_weights: StatusWeights = HEAD_ALONE,
    text: str = TEXT,
) -> Extraction:
    def ner(ids: IntArray, mask: IntArray, _: IntArray) -> tuple[FloatArray, FloatArray]:
        return tags(ids, mask), tags(ids, mask)

    pair_runner = levitated if form is Form.LEVITATED else marked
    extractor = Extractor(
        MentionFinder(
            encoder,
            BatchedModel(Served(ner), max_tokens=1000),
            max_tokens=NER_MAX_TOKENS,
            vocabulary=lambda: WordVocabulary("1", {}),
            windows=reads_windows,
        ),
        RelationFinder(
            encoder,
            BatchedModel(Served(pair_runner), max_tokens=1000),
            threshold=THRESHOLD,
            max_tokens=RELATION_MAX_TOKENS,
            form=form,
            learned_statuses=form is Form.LEVITATED,
            confidence=confidence,
            status_weights=status_weights,
        ),
    )
    note = Note(
        source="test",
        note_id="d1",
        version=1,
        patient_key="p1",
        written_at=datetime(2026, 1, 1, tzinfo=UTC),
        text=text,
    )
    (extraction,) = await extractor.extract([note])
    return extraction


def measured(
    encoder: HuggingFaceTokenEncoder,
    form: Form,
    *,
    reads_windows: bool,
    confidence: Confidence | None = None,
    status_weights: StatusWeights = HEAD_ALONE,
    text: str = TEXT,
) -> Reading:
    document = Document("d1", "d1", "test", text, tuple(split_sentences(text)))
    pair_runner = levitated if form is Form.LEVITATED else marked
    relation = PairModel(
        pair_runner,
        encoder,
        form,
        learned_statuses=form is Form.LEVITATED,
        confidence=confidence,
        status_weights=status_weights,
    )
    ner = Tagger(tags, encoder, reads_windows=reads_windows)
    (reading,) = read(ner, relation, [document])
    return reading


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("reads_windows", [True, False])
async def test_what_is_measured_is_what_serves(
    encoder: HuggingFaceTokenEncoder, form: Form, reads_windows: bool
) -> None:
    extraction = await served(encoder, form, reads_windows=reads_windows)
    reading = measured(encoder, form, reads_windows=reads_windows)
    spans = {one.mention_id: Span(one.start, one.end) for one in extraction.mentions}
    # 12 times two drugs and two events, a pair in the long sentence, twice six events and 3 drugs.
    assert len(spans) == 12 * 4 + 2 + 2 * 9
    assert [(one.type, spans[one.mention_id]) for one in extraction.mentions] == reading.mentions
    found = {
        (spans[one.drug_id], spans[one.event_id]): (one.probability, one.assertion)
        for one in extraction.relations
    }
    expected = {
        one.spans: (round(one.caused, 6), one.status)
        for one in reading.end_to_end
        if one.caused >= THRESHOLD
    }
    assert found == expected
    assert len(found) > MAX_PAIRS
    assert list(found) == list(expected)


async def test_a_drug_that_can_be_read_stands_for_a_nearer_one_that_cannot(
    encoder: HuggingFaceTokenEncoder,
) -> None:
    far = "Zocor after a rash with no nausea. "
    text = f"{far}She had a rash. Zocor {'with ' * 600}."
    extraction = await served(encoder, Form.LEVITATED, reads_windows=True, text=text)
    reading = measured(encoder, Form.LEVITATED, reads_windows=True, text=text)
    asked = [one.spans for one in reading.end_to_end]
    last = Span(len(far) + len("She had a "), len(far) + len("She had a rash"))
    assert (Span(0, 5), last) in asked
    assert all(drug == Span(0, 5) for drug, _ in asked)
    spans = {one.mention_id: Span(one.start, one.end) for one in extraction.mentions}
    assert [(spans[one.drug_id], spans[one.event_id]) for one in extraction.relations] == [
        one.spans for one in reading.end_to_end if one.caused >= THRESHOLD
    ]


@pytest.mark.parametrize(("constant", "fewer"), [(-3.0, True), (6.0, False)])
async def test_what_weighs_the_mentions_serves_as_measured(
    encoder: HuggingFaceTokenEncoder, constant: float, fewer: bool
) -> None:
    confidence = Confidence(
        relation=0.5, event=2.0, drug=1.0, constant=constant, rival_drug=-0.1, rival_event=-0.05
    )
    extraction = await served(encoder, Form.LEVITATED, reads_windows=True, confidence=confidence)
    reading = measured(encoder, Form.LEVITATED, reads_windows=True, confidence=confidence)
    spans = {one.mention_id: Span(one.start, one.end) for one in extraction.mentions}
    claimed = [one for one in reading.end_to_end if one.caused >= THRESHOLD]
    found = extraction.relations
    assert [(spans[one.drug_id], spans[one.event_id], one.assertion) for one in found] == [
        (*one.spans, one.status) for one in claimed
    ]
    # Served mentions keep six digits of their probability.
    assert [one.probability for one in found] == pytest.approx(
        [one.caused for one in claimed], abs=1e-5
    )
    alone = await served(encoder, Form.LEVITATED, reads_windows=True)
    assert found
    assert (len(found) < len(alone.relations)) is fewer


async def test_statuses_are_weighed_in_serving_as_in_measuring(
    encoder: HuggingFaceTokenEncoder,
) -> None:
    unlike = HEAD_ALONE._replace(bias={**HEAD_ALONE.bias, Assertion.FAMILY: 9.0})
    extraction = await served(encoder, Form.LEVITATED, reads_windows=True, status_weights=unlike)
    reading = measured(encoder, Form.LEVITATED, reads_windows=True, status_weights=unlike)
    found = [one.assertion for one in extraction.relations]
    assert set(found) == {Assertion.FAMILY}
    assert found == [one.status for one in reading.end_to_end if one.caused >= THRESHOLD]
    alone = await served(encoder, Form.LEVITATED, reads_windows=True)
    assert len({one.assertion for one in alone.relations}) > 1
