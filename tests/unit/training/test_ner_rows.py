import pytest

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.contracts import MentionType
from services.extract.tokens import NER_MAX_TOKENS
from tests.fakes.documents import document
from training.corpora.documents import Document
from training.ner_rows import allowed_labels, rows, sample, sentences

pytestmark = pytest.mark.training

NOTE = document("She had {rash} after [aspirin]. No nausea. With [zocor]. She had a rash.")


def test_sentences_carry_their_mentions_in_their_own_offsets() -> None:
    third = sentences([NOTE])[2]
    assert third.text == "With zocor."
    assert [third.text[span.start : span.end] for _, span in third.mentions] == ["zocor"]


def test_a_sample_keeps_mentions_and_copies_events() -> None:
    kept = sample(sentences([NOTE]), bare_fraction=0, event_copies=3, seed=1)
    assert [sentence.text for sentence in kept] == [
        "She had rash after aspirin.",
        "She had rash after aspirin.",
        "She had rash after aspirin.",
        "With zocor.",
    ]
    assert len(sample(sentences([NOTE]), bare_fraction=1, event_copies=1, seed=1)) == 4


def test_a_row_has_a_label_per_token(encoder: HuggingFaceTokenEncoder) -> None:
    (row,) = rows(sentences([NOTE])[:1], encoder)
    assert row.labels == (-100, 0, 0, 3, 0, 1, 0, -100)


def test_a_long_sentence_gives_overlapping_rows(encoder: HuggingFaceTokenEncoder) -> None:
    long = document("she had " * 150 + "{rash}")
    found = rows(sentences([long]), encoder)
    assert len(found) > 2
    assert all(len(row.ids) == len(row.labels) <= NER_MAX_TOKENS for row in found)
    assert found[-1].labels[-2] == 3


def test_what_is_not_annotated_stays_open(encoder: HuggingFaceTokenEncoder) -> None:
    known = sentences([NOTE])[:1]
    (row,) = rows(known, encoder)
    assert allowed_labels(row)[1] == (True, False, False, False, False)
    assert allowed_labels(row)[0] == (False,) * 5
    text = "She had rash."
    events_only = Document(
        doc_id="x",
        group="x",
        corpus="test",
        text=text,
        sentences=tuple(unit.span for unit in sentences([document(text)])),
        complete=frozenset({MentionType.ADE}),
    )
    (row,) = rows(sentences([events_only]), encoder)
    assert allowed_labels(row)[1] == (True, True, True, False, False)
