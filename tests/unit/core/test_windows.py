import pytest

from services.core.spans import Span
from services.core.windows import (
    PairWindow,
    apart,
    apartness,
    mark_pair,
    pair_tokens,
    pair_window,
    shared_windows,
)

TEXT = "One. Two. Three. Four. Five."
SENTENCES = [Span(0, 4), Span(5, 9), Span(10, 16), Span(17, 22), Span(23, 28)]


def test_one_sentence_covers_both() -> None:
    assert pair_window(SENTENCES, Span(10, 12), Span(13, 15)) == Span(10, 16)


def test_the_window_is_the_smallest_run_in_either_order() -> None:
    assert pair_window(SENTENCES, Span(17, 20), Span(5, 8)) == Span(5, 22)
    assert pair_window(SENTENCES, Span(5, 8), Span(17, 20)) == Span(5, 22)


def test_four_sentences_are_the_most() -> None:
    assert pair_window(SENTENCES, Span(0, 3), Span(17, 21)) == Span(0, 22)
    assert pair_window(SENTENCES, Span(0, 3), Span(23, 27)) is None
    assert pair_window(SENTENCES, Span(0, 3), Span(5, 8), max_sentences=1) is None


def test_mentions_of_one_sentence_are_nearer_than_any_of_two() -> None:
    far = apartness(SENTENCES, Span(5, 6), Span(8, 9))
    near = apartness(SENTENCES, Span(2, 4), Span(5, 6))
    assert (far, near) == ((1, 2), (2, 1))
    assert far < near
    assert apartness(SENTENCES, Span(8, 9), Span(5, 6)) == far
    assert apartness(SENTENCES, Span(5, 9), Span(5, 6)) == (1, 0)


def test_a_mention_across_sentences_needs_both() -> None:
    assert pair_window(SENTENCES, Span(2, 7), Span(5, 8)) == Span(0, 9)


def test_without_sentences_there_is_no_window() -> None:
    assert pair_window([], Span(0, 3), Span(5, 8)) is None


@pytest.mark.parametrize(
    ("drug", "event", "marked"),
    [
        (Span(0, 3), Span(4, 7), "<DRUG>abc</DRUG>-<ADE>efg</ADE>"),
        (Span(4, 7), Span(0, 3), "<ADE>abc</ADE>-<DRUG>efg</DRUG>"),
        (Span(0, 3), Span(0, 7), "<ADE><DRUG>abc</DRUG>-efg</ADE>"),
        (Span(0, 7), Span(4, 7), "<DRUG>abc-<ADE>efg</ADE></DRUG>"),
        (Span(0, 3), Span(0, 3), "<DRUG><ADE>abc</ADE></DRUG>-efg"),
        (Span(0, 3), Span(3, 7), "<DRUG>abc</DRUG><ADE>-efg</ADE>"),
        (Span(0, 5), Span(2, 7), "<DRUG>ab<ADE>c-e</DRUG>fg</ADE>"),
    ],
)
def test_markers_stand_where_mentions_begin_and_end(drug: Span, event: Span, marked: str) -> None:
    assert mark_pair("abc-efg", Span(0, 7), drug, event) == marked


def test_only_the_window_is_kept() -> None:
    marked = mark_pair(TEXT, Span(5, 16), Span(5, 8), Span(10, 15))
    assert marked == "<DRUG>Two</DRUG>. <ADE>Three</ADE>."


@pytest.mark.parametrize("mention", [Span(0, 3), Span(8, 11), Span(7, 7)])
def test_a_mention_outside_the_window_or_empty_cannot_be_marked(mention: Span) -> None:
    assert mark_pair(TEXT, Span(5, 9), mention, Span(5, 8)) is None


def test_markers_in_the_text_are_taken_apart() -> None:
    text = "<DRUG>x</DRUG> a b"
    marked = mark_pair(text, Span(0, len(text)), Span(15, 16), Span(17, 18))
    assert marked == "< DRUG >x< /DRUG > <DRUG>a</DRUG> <ADE>b</ADE>"


ONE, TWO, FIVE = Span(0, 3), Span(5, 8), Span(23, 27)


def test_pairs_share_a_window_as_long_as_it_is_short_enough() -> None:
    four = Span(17, 21)
    assert shared_windows(SENTENCES, [(four, TWO), (ONE, TWO)]) == [
        PairWindow(Span(0, 22), (1, 0)),
    ]
    assert shared_windows(SENTENCES, [(ONE, TWO), (four, FIVE)]) == [
        PairWindow(Span(0, 9), (0,)),
        PairWindow(Span(17, 28), (1,)),
    ]


def test_a_window_asks_about_so_many_pairs() -> None:
    windows = shared_windows(SENTENCES, [(ONE, TWO)] * 5, max_pairs=2)
    assert [window.pairs for window in windows] == [(0, 1), (2, 3), (4,)]


def test_a_window_is_taken_apart_into_the_smallest_of_its_pairs() -> None:
    pairs = [(ONE, TWO), (TWO, TWO), (TWO, ONE)]
    (window,) = shared_windows(SENTENCES, pairs)
    assert window == PairWindow(Span(0, 9), (0, 2, 1))
    assert apart(window, SENTENCES, pairs) == [
        PairWindow(Span(0, 9), (0, 2)),
        PairWindow(Span(5, 9), (1,)),
    ]


def test_pairs_too_far_apart_are_in_no_window() -> None:
    assert shared_windows(SENTENCES, [(ONE, FIVE)]) == []


def test_tokens_of_a_pair_are_found_in_its_window() -> None:
    # "Two. Three." as [CLS] Two . Th ree . [SEP]
    offsets = [(0, 0), (0, 3), (3, 4), (5, 7), (7, 10), (10, 11), (0, 0)]
    window = Span(5, 16)
    assert pair_tokens(offsets, window, Span(10, 15), Span(5, 8)) == (3, 4, 1, 1)
    assert pair_tokens(offsets, window, Span(9, 10), Span(5, 8)) is None
