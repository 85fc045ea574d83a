"""Whether an encoder's vectors find names that groups of three letters do not.

    ADEWATCH_DATA_DIR=... python -m tests.benchmarks.similar_names [--encoder FOLDER] [--cost 1]

Asked are the mentions that the lexicon finds by nothing but similarity: gold mentions of BC5CDR's
development part (right is a concept with the gold MeSH id), and those of the development notes
(right is what `judged_names.tsv` says). Compared are the cosine of groups of three letters, which
serves, the cosines of an encoder's vectors ([CLS], and the mean of tokens), and the mean of either
and the first. All search the same names, and none passes over what changes the sense.

An answer needs a least similarity and a lead over the next concept. Both are chosen, for each row
of the table, on the documents of the other half: most right answers less `--cost` for each wrong
one. The intervals are those of the difference to groups of three letters chosen likewise (of
these, to what served before), in right answers and in what they are worth, as shares of the
mentions: 95%, by document. Beside them stand the cuts of both halves, with right and wrong answers.

`python -m training encoder` makes the encoder. Vectors of all names take it a quarter of an hour of
one processor, and are kept for the next time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.adapters.vocabulary import lexicon_file
from services.core.vocabulary.lexicon import ALIKE, Alike, Entries
from services.core.vocabulary.similarity import NearNames
from tests.benchmarks.missed_names import Miss, WithoutSimilarity, bc5cdr_misses, note_misses
from tests.benchmarks.name_vectors import NameEncoder
from training.evaluate.bootstrap import Array, Interval, interval
from training.settings import RUNS, SEED, SHIPPED_ENCODER, data_dir
from training.train.splits import position

Mask = NDArray[np.bool_]

LETTERS, CLS, MEAN, WITH_CLS, WITH_MEAN = METHODS = (
    "three letters", "[CLS]", "mean of tokens", "letters + [CLS]", "letters + mean",
)  # fmt: skip

THRESHOLDS = np.append(1.01, np.arange(0.99, 0.295, -0.01))
"""The first answers nothing."""

MARGINS = (0.3, 0.2, 0.15, 0.1, 0.075, 0.05, 0.03, 0.02, 0.01, 0.0)

BEFORE = Alike(0.85, 0.05)
"""What served for both types before decision 34."""

LOOKED_AT = 500
"""Of the most similar names, for one that has the same sense."""


class Guess(NamedTuple):
    """The nearest concept (-1: none), how similar it is, and its lead over the next."""

    concept: int
    score: float
    lead: float


@dataclass(frozen=True)
class Guesses:
    """What one method says of every miss, and whether that is right; [misses] each."""

    score: Array
    lead: Array
    right: Mask

    def answered(self, cut: Alike) -> Mask:
        """Where an answer is given."""
        return (self.score >= cut.threshold) & (self.lead >= cut.margin)

    def best(self, rows: Mask, cost: float) -> Alike:
        """The strictest cut among those that are worth most in some rows."""
        worths = np.where(self.right, 1.0, -cost) * rows
        cuts = [Alike(float(least), margin) for least in THRESHOLDS for margin in MARGINS]
        return max(cuts, key=lambda cut: float(worths[self.answered(cut)].sum()))

    def answered_by_halves(self, first: Mask, cost: float) -> tuple[Mask, tuple[Alike, Alike]]:
        """Where an answer is given if each half's cut is chosen on the other, and the cuts."""
        cuts = self.best(~first, cost), self.best(first, cost)
        return np.where(first, self.answered(cuts[0]), self.answered(cuts[1])), cuts


class Search:
    """Asks every method for the names of one type.

    Args:
        entries: of a lexicon.
        encoder: makes vectors of them and of what is asked.
    """

    def __init__(self, entries: Entries, encoder: NameEncoder) -> None:
        names, numbers = list(entries.names), list(entries.names.values())
        self._concepts = np.asarray(numbers)
        self._near = NearNames(names, numbers)
        self._encoder = encoder
        self._vectors = encoder.kept(names)
        self.seconds = {"letters": 0.0, "vector": 0.0, "product": 0.0}
        """Of the processor, for the similarities of all names that were asked for."""
        self._said: dict[str, list[Guess]] = {}

    def guesses(self, key: str) -> list[Guess]:
        """One of each method, in their order; a key is searched once."""
        if key not in self._said:
            self._said[key] = self._search(key)
        return self._said[key]

    def costs(self) -> str:
        """Milliseconds of the processor for each key that was asked for."""
        spent = (f"{part} {s / len(self._said) * 1e3:.2f}" for part, s in self.seconds.items())
        return ", ".join(spent)

    def _search(self, key: str) -> list[Guess]:
        times = [time.process_time()]
        letters = self._near.cosines(key)
        times.append(time.process_time())
        asked = self._encoder.vectors([key])
        times.append(time.process_time())
        cls = (self._vectors.cls @ asked.cls[0]).astype(np.float64)
        times.append(time.process_time())
        mean = (self._vectors.mean @ asked.mean[0]).astype(np.float64)
        for part, seconds in zip(self.seconds, np.diff(times), strict=True):
            self.seconds[part] += float(seconds)
        every = (letters, cls, mean, (letters + cls) / 2, (letters + mean) / 2)
        return [self._guess(key, similarities) for similarities in every]

    def _guess(self, key: str, similarities: Array) -> Guess:
        looked_at = np.argsort(-similarities, kind="stable")[:LOOKED_AT]
        kept = np.zeros_like(similarities)
        kept[looked_at] = similarities[looked_at]
        first = self._near.nearest(key, kept, threshold=0.0, margin=0.0)
        if first is None:
            return Guess(-1, 0.0, 0.0)
        kept[self._concepts == first.concept] = 0.0
        other = self._near.nearest(key, kept, threshold=0.0, margin=0.0)
        return Guess(first.concept, first.score, first.score - (other.score if other else 0.0))


def guesses_of(search: Search, misses: Sequence[Miss]) -> dict[str, Guesses]:
    """By method."""
    found = {}
    for number, method in enumerate(METHODS):
        made = [search.guesses(miss.key)[number] for miss in misses]
        right = [guess.concept in miss.right for guess, miss in zip(made, misses, strict=True)]
        found[method] = Guesses(
            np.asarray([guess.score for guess in made]),
            np.asarray([guess.lead for guess in made]),
            np.asarray(right, dtype=np.bool_),
        )
    return found


def lines(misses: Sequence[Miss], found: dict[str, Guesses], *, cost: float) -> Iterator[str]:
    """The rows of one kind of mentions."""
    documents = [miss.document for miss in misses]
    first = np.asarray([position(document, seed=SEED) < 0.5 for document in documents])
    letters = found[LETTERS]
    reference, _ = letters.answered_by_halves(first, cost)
    yield _line("as served", letters, letters.answered(ALIKE[misses[0].type]))
    yield _line("as served before", letters, letters.answered(BEFORE))
    for method, guesses in found.items():
        answered, cuts = guesses.answered_by_halves(first, cost)
        halves = zip(cuts, (first, ~first), strict=True)
        said = ", ".join(
            f"{cut.threshold:.2f}/{cut.margin:g}: {(answered & half & guesses.right).sum()}"
            f" {(answered & half & ~guesses.right).sum()}"
            for cut, half in halves
        )
        other = letters.answered(BEFORE) if method == LETTERS else reference
        more = (
            _interval(documents, guesses, answered, letters, other, cost=price)
            for price in (0.0, cost)
        )
        apart = " ".join(f"[{low:+.3f}, {high:+.3f}]" for low, high in more)
        yield f"{_line(method, guesses, answered)}  {said:34} {apart}"


def _line(label: str, guesses: Guesses, answered: Mask) -> str:
    right, given = int((answered & guesses.right).sum()), int(answered.sum())
    everything = len(answered)
    precision = f"{right / given:9.3f}" if given else f"{'-':>9}"
    return (
        f"{label:18}{right:6}{given - right:6}{right / everything:9.3f}{precision}"
        f"{given / everything:9.3f}{guesses.right.mean():9.3f}"
    )


def _interval(
    documents: Sequence[str],
    guesses: Guesses,
    answered: Mask,
    others: Guesses,
    reference: Mask,
    *,
    cost: float,
) -> Interval:
    """Of the difference in right answers less the cost of wrong ones, as a share of mentions."""
    mine = answered * np.where(guesses.right, 1.0, -cost)
    theirs = reference * np.where(others.right, 1.0, -cost)
    places = {document: place for place, document in enumerate(dict.fromkeys(documents))}
    totals = np.zeros((len(places), 2))
    np.add.at(totals, [places[one] for one in documents], np.stack([mine - theirs, mine * 0 + 1]).T)
    return interval(totals, lambda sums: sums[:, 0] / sums[:, 1], seed=SEED)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", default=str(SHIPPED_ENCODER))
    parser.add_argument("--cost", type=float, default=1.0, help="of a wrong answer, in right ones")
    parser.add_argument("--cache", type=Path, default=RUNS / "name-vectors", help="of the vectors")
    options = parser.parse_args()
    data = data_dir()
    shipped = lexicon_file.load()
    lexicon = WithoutSimilarity(shipped.version, shipped.entries)
    encoder = NameEncoder(options.encoder, options.cache)
    searches = {kind: Search(entries, encoder) for kind, entries in lexicon.entries.items()}
    corpora = {"BC5CDR": list(bc5cdr_misses(data, lexicon))}
    corpora["notes"] = list(note_misses(data, lexicon))
    corpora["both"] = corpora["BC5CDR"] + corpora["notes"]
    for kind, search in searches.items():
        for corpus, misses in corpora.items():
            some = [miss for miss in misses if miss.type is kind]
            print(
                f"{corpus}, {kind.value}: {len(some)} mentions of "
                f"{len({miss.document for miss in some})} documents; "
                f"{sum(bool(miss.right) for miss in some)} have a concept in the lexicon\n"
                f"{'':18}{'right':>6}{'wrong':>6}{'accuracy':>9}{'precis.':>9}{'answered':>9}"
                f"{'nearest':>9}  cuts by half: right wrong           difference: right, worth"
            )
            for line in lines(some, guesses_of(search, some), cost=options.cost):
                print(line)
        print(f"ms of the processor for a name: {search.costs()}\n", flush=True)


if __name__ == "__main__":
    main()
