"""The candidate pairs that the relation model learns from, and those it is chosen on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from training.augmentation.plan import added
from training.corpora.documents import DICTATED, NOTES
from training.rows.pairs import Pair, gold_pairs, joined_sentences
from training.rows.relation import WindowRow
from training.train.proposals import false_candidates
from training.train.rehearsal import Known
from training.train.relation_settings import RelationSettings
from training.train.splits import Parts

SENTENCES = ("ade", "phee", "twimed")
"""Corpora of single sentences, which are joined to paragraphs."""


def related(pairs: Sequence[Pair]) -> bool:
    """Whether any pair is a relation."""
    return any(pair.caused for pair in pairs)


def training_pairs(
    parts: Mapping[str, Parts], proposer: Path, settings: RelationSettings, known: Known
) -> list[Pair]:
    """Candidate pairs of the training documents, of their paragraphs, and false candidates."""
    pairs: list[Pair] = []
    # Sentences that two corpora share give their relations once.
    of_ade = {document.group for document in parts["ade"].train} if "ade" in parts else set()
    for name, part in parts.items():
        train = known.to_learn(
            part.train, share=settings.rehearsed, seed=settings.seed + settings.member
        )
        copies = added(train, settings.augmentation, seed=settings.seed)
        gold = gold_pairs([*train, *copies])
        if name == "phee":
            gold = [pair for pair in gold if not (pair.caused and pair.document.group in of_ade)]
        pairs += gold
        if name in NOTES:
            pairs += false_candidates(
                train, proposer, limit=settings.negatives_per_note, seed=settings.seed
            )
        if name in SENTENCES and settings.joined > 0:
            # With their own relations: a paragraph of nothing but negative pairs teaches that
            # sentences in company have none.
            own = [one for one in train if name != "phee" or one.group not in of_ade]
            pairs += gold_pairs(joined_sentences(own, count=settings.joined, seed=settings.seed))
    return pairs


def with_copies(
    data: Sequence[WindowRow], pairs: Sequence[Pair], settings: RelationSettings
) -> list[WindowRow]:
    """Rows of dictations, of which there are few, several times; each copy a group of its own."""
    groups = 1 + max((row.group for row in data), default=0)
    dictated = [
        row
        for row in data
        if all(pairs[place].document.corpus in DICTATED for place in row.sources)
    ]
    copies = [
        replace(row, group=row.group + groups * number)
        for number in range(1, settings.dictated_copies)
        for row in dictated
    ]
    return [*data, *copies]


def dev_pairs(
    parts: Mapping[str, Parts], proposer: Path, *, limit: int, seed: int
) -> dict[str, list[Pair]]:
    """Candidate pairs of the dev documents by corpus; notes with false candidates too."""
    dev = {name: gold_pairs(part.dev) for name, part in parts.items()}
    for name in NOTES:
        if name in dev:
            dev[name] += false_candidates(parts[name].dev, proposer, limit=limit, seed=seed)
    return dev
