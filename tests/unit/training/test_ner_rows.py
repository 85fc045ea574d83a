import pytest

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.contracts import MentionType
from services.core.spans import Span
from services.extract.tokens import NER_MAX_TOKENS
from tests.fakes.documents import document
from training.corpora.documents import AnnotatedMention, Document
from training.rows.ner import rows, sample, sentences

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


def test_a_row_has_a_tag_per_token_and_type(encoder: HuggingFaceTokenEncoder) -> None:
    (row,) = rows(sentences([NOTE])[:1], encoder)
    assert row.tags == (
        (-100, 0, 0, 0, 0, 1, 0, -100),
        (-100, 0, 0, 1, 0, 0, 0, -100),
    )


def test_a_drug_within_its_event_is_tagged_in_both(encoder: HuggingFaceTokenEncoder) -> None:
    text = "Aspirin rash."
    nested = Document(
        doc_id="x",
        group="x",
        corpus="test",
        text=text,
        sentences=(Span(0, len(text)),),
        mentions=(
            AnnotatedMention("T1", MentionType.DRUG, Span(0, 7)),
            AnnotatedMention("T2", MentionType.ADE, Span(0, 12)),
        ),
    )
    (row,) = rows(sentences([nested]), encoder)
    assert row.tags == ((-100, 1, 0, 0, -100), (-100, 1, 2, 0, -100))


def test_a_long_sentence_gives_overlapping_rows(encoder: HuggingFaceTokenEncoder) -> None:
    long = document("she had " * 150 + "{rash}")
    found = rows(sentences([long]), encoder)
    assert len(found) > 2
    assert all(len(row.ids) == len(tags) <= NER_MAX_TOKENS for row in found for tags in row.tags)
    assert found[-1].tags[1][-2] == 1


def test_a_type_that_is_not_annotated_says_nothing(encoder: HuggingFaceTokenEncoder) -> None:
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
    assert row.tags == ((-100,) * 6, (-100, 0, 0, 0, 0, -100))
