"""Offsets of sentences, windows and mentions hold for every text."""

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.core.bio import LABEL_IDS, LABELS, TypedSpan, decode, word_labels
from services.core.contracts import MentionType
from services.core.model_ports import Encoding
from services.core.sentences import split_sentences
from services.core.spans import Span
from services.core.windows import MARKERS, mark_pair, pair_window

texts = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="abAB .?!,:;()\n\r\t1-Dr", max_size=300),
)


@given(texts)
def test_sentences_are_ordered_disjoint_and_cover_all_but_white_space(text: str) -> None:
    spans = split_sentences(text)
    position = 0
    for span in spans:
        assert position <= span.start < span.end
        assert not text[position : span.start].strip()
        sentence = text[span.start : span.end]
        assert sentence == sentence.strip()
        position = span.end
    assert not text[position:].strip()


@st.composite
def mentions_of_words(draw: st.DrawFn) -> tuple[list[str], list[tuple[MentionType, int, int]]]:
    words = draw(st.lists(st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True), max_size=20))
    mentions = []
    position = 0
    while position < len(words):
        length = draw(st.integers(0, 3))
        end = min(len(words), position + length)
        if end > position:
            mentions.append((draw(st.sampled_from(list(MentionType))), position, end))
        position = end + draw(st.integers(0, 2)) + (length == 0)
    return words, mentions


@given(mentions_of_words(), st.integers(1, 3))
def test_encoding_and_decoding_give_the_mentions_back(
    drawn: tuple[list[str], list[tuple[MentionType, int, int]]], pieces: int
) -> None:
    words, places = drawn
    text = " ".join(words)
    spans = [Span(match.start(), match.end()) for match in re.finditer(r"\S+", text)]
    mentions = [
        TypedSpan(type_, Span(spans[start].start, spans[end - 1].end))
        for type_, start, end in places
    ]
    offsets: list[tuple[int, int]] = [(0, 0)]
    word_ids: list[int | None] = [None]
    tags = [0]
    for index, (span, label) in enumerate(zip(spans, word_labels(spans, mentions), strict=True)):
        cuts = [min(span.end, span.start + piece) for piece in range(pieces)] + [span.end]
        for piece in range(pieces):
            offsets.append((cuts[piece], cuts[piece + 1]))
            word_ids.append(index)
            tags.append(LABEL_IDS[label] if piece == 0 else LABEL_IDS["B-ADE"])
    encoding = Encoding(tuple(range(len(offsets))), tuple(offsets), tuple(word_ids))
    probabilities = np.eye(len(LABELS), dtype=np.float32)[tags]
    decoded = decode(encoding, probabilities, text)
    assert [TypedSpan(type_, span) for type_, span, _ in decoded] == mentions
    assert all(mention.probability == 1.0 for mention in decoded)


@given(texts, st.data())
def test_a_marked_window_has_each_marker_once_and_the_text_between(
    text: str, data: st.DataObject
) -> None:
    sentences = split_sentences(text)
    if not sentences:
        return
    inside = st.sampled_from(sentences).flatmap(
        lambda sentence: st.integers(sentence.start, sentence.end - 1).flatmap(
            lambda start: st.integers(start + 1, sentence.end).map(lambda end: Span(start, end))
        )
    )
    drug, event = data.draw(inside), data.draw(inside)
    window = pair_window(sentences, drug, event)
    if window is None:
        return
    marked = mark_pair(text, window, drug, event)
    assert marked is not None
    assert all(marked.count(marker) == 1 for marker in MARKERS)
    plain = marked
    for marker in MARKERS:
        plain = plain.replace(marker, "")
    assert plain == text[window.start : window.end]
    between = marked.split("<DRUG>")[1].split("</DRUG>")[0]
    for marker in MARKERS:
        between = between.replace(marker, "")
    assert between == text[drug.start : drug.end]
