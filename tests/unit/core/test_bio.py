import numpy as np
import pytest

from services.core.bio import (
    LABEL_IDS,
    LABELS,
    TAGS,
    TYPES,
    Decoded,
    TypedSpan,
    decode,
    token_labels,
    trimmed,
    type_tags,
    word_labels,
    words,
)
from services.core.contracts import MentionType
from services.core.model_ports import Encoding, FloatArray
from services.core.spans import Span

DRUG, ADE = MentionType.DRUG, MentionType.ADE

# "severe rash (amoxicillin)" with "amoxicillin" in two tokens.
TEXT = "severe rash (amoxicillin)"
ENCODING = Encoding(
    ids=(101, 1, 2, 3, 4, 5, 6, 102),
    offsets=((0, 0), (0, 6), (7, 11), (12, 13), (13, 17), (17, 24), (24, 25), (0, 0)),
    word_ids=(None, 0, 1, 2, 3, 3, 4, None),
)


def answer(*labels: str, probability: float = 0.8) -> FloatArray:
    rows = np.full((len(labels), len(LABELS)), (1 - probability) / 4, dtype=np.float32)
    for row, label in enumerate(labels):
        rows[row, LABEL_IDS[label]] = probability
    return rows


def found(*labels: str, text: str | None = None) -> list[tuple[MentionType, Span]]:
    decoded = decode(ENCODING, answer("O", *labels, "O"), text)
    return [(type_, span) for type_, span, _ in decoded]


def test_words_join_their_tokens() -> None:
    assert words(ENCODING) == [Span(0, 6), Span(7, 11), Span(12, 13), Span(13, 24), Span(24, 25)]


def test_labels_begin_and_continue() -> None:
    labels = word_labels(
        words(ENCODING), [TypedSpan(DRUG, Span(13, 24)), TypedSpan(ADE, Span(0, 11))]
    )
    assert labels == ["B-ADE", "I-ADE", "O", "B-DRUG", "O"]


def test_of_overlapping_mentions_the_longer_is_labelled() -> None:
    labels = word_labels(
        words(ENCODING), [TypedSpan(DRUG, Span(7, 11)), TypedSpan(ADE, Span(0, 11))]
    )
    assert labels == ["B-ADE", "I-ADE", "O", "O", "O"]


def test_a_mention_that_ends_within_a_word_has_the_word() -> None:
    assert word_labels([Span(0, 6)], [TypedSpan(ADE, Span(0, 3))]) == ["B-ADE"]


def test_only_first_tokens_are_learned() -> None:
    labels = token_labels(ENCODING, [TypedSpan(DRUG, Span(13, 24))], ignored=-100)
    assert labels == [-100, 0, 0, 0, 1, -100, 0, -100]


def test_a_mention_is_decoded_with_its_mean_probability() -> None:
    rows = answer("O", "B-ADE", "I-ADE", "O", "O", "O", "O", "O")
    rows[2] = [0.4, 0.0, 0.0, 0.0, 0.6]
    (mention,) = decode(ENCODING, rows)
    assert mention[:2] == (ADE, Span(0, 11))
    assert mention.probability == pytest.approx(0.7)


def test_later_tokens_of_a_word_say_nothing() -> None:
    assert found("O", "O", "O", "B-DRUG", "B-ADE", "O") == [(DRUG, Span(13, 24))]


def test_a_continuation_without_beginning_begins_a_mention() -> None:
    assert found("O", "I-ADE", "O", "O", "O", "O") == [(ADE, Span(7, 11))]


def test_a_continuation_of_another_type_begins_a_mention() -> None:
    assert found("B-DRUG", "I-ADE", "O", "O", "O", "O") == [
        (DRUG, Span(0, 6)),
        (ADE, Span(7, 11)),
    ]


def test_a_beginning_ends_the_mention_before_it() -> None:
    assert found("B-ADE", "B-ADE", "O", "O", "O", "O") == [(ADE, Span(0, 6)), (ADE, Span(7, 11))]


def test_a_mention_may_end_with_the_text() -> None:
    assert found("O", "O", "O", "O", "O", "B-ADE") == [(ADE, Span(24, 25))]


def test_punctuation_at_the_ends_is_trimmed_when_the_text_is_known() -> None:
    labels = ("O", "O", "B-DRUG", "I-DRUG", "I-DRUG", "O")
    assert found(*labels) == [(DRUG, Span(12, 24))]
    assert found(*labels, text=TEXT) == [(DRUG, Span(13, 24))]
    assert found("O", "O", "B-DRUG", "O", "O", "O", text=TEXT) == []


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("rash.", "rash"),
        ("-induced rash,", "induced rash"),
        ("interleukin (IL-2)", "interleukin (IL-2)"),
        ("rash)", "rash"),
        ("(rash", "rash"),
        ('"rash"', "rash"),
    ],
)
def test_trimming_keeps_pairs_of_brackets(text: str, kept: str) -> None:
    span = trimmed(text, Span(0, len(text)))
    assert span is not None
    assert text[span.start : span.end] == kept


def test_no_words_give_no_mentions() -> None:
    empty = Encoding(ids=(101, 102), offsets=((0, 0), (0, 0)), word_ids=(None, None))
    assert decode(empty, answer("O", "O")) == []


def test_decoded_is_a_tuple_of_type_span_and_probability() -> None:
    assert Decoded(ADE, Span(0, 1), 0.5) == (ADE, Span(0, 1), 0.5)


def columns(**tags: str) -> FloatArray:
    """An answer per type: a string of the tags of all tokens for each."""
    rows = np.full((len(ENCODING.ids), 6), 0.1, dtype=np.float32)
    for place, type_ in enumerate(TYPES):
        for token, tag in enumerate(tags.get(str(type_), "O" * len(rows))):
            rows[token, 3 * place + TAGS.index(tag)] = 0.8
    return rows


def test_types_are_decoded_side_by_side() -> None:
    decoded = decode(ENCODING, columns(DRUG="OOOOBOOO", ADE="OBIIIIIO"))
    assert [mention[:2] for mention in decoded] == [(ADE, Span(0, 25)), (DRUG, Span(13, 24))]
    assert decoded[0].probability == pytest.approx(0.8)


def test_an_answer_of_neither_form_is_refused() -> None:
    with pytest.raises(ValueError, match="7 columns"):
        decode(ENCODING, np.zeros((len(ENCODING.ids), 7), dtype=np.float32))


def test_tags_of_a_type_do_not_see_the_others() -> None:
    tags = type_tags(
        ENCODING, [TypedSpan(DRUG, Span(13, 24)), TypedSpan(ADE, Span(0, 25))], ignored=-100
    )
    assert tags[DRUG] == [-100, 0, 0, 0, 1, -100, 0, -100]
    assert tags[ADE] == [-100, 1, 2, 2, 2, -100, 2, -100]
