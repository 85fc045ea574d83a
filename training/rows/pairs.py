"""Candidate pairs of documents as rows of the relation model."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.core.contracts import MentionType
from services.core.indications import is_indication
from services.core.spans import Span
from services.core.windows import MAX_SENTENCES, WordStarts, apartness, mark_pair, pair_window
from services.extract.tokens import RELATION_MAX_TOKENS
from training.corpora.documents import AnnotatedMention, AnnotatedRelation, Document

MAX_TOKENS = 256
"""Tokens of a training row; longer windows are left out of training."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A drug and an event mention within a window.

    Attributes:
        document: where they stand.
        drug: span in the document; `event` likewise.
        caused: whether a gold relation of any status joins them.
        marked: the window's text with markers.
        group: equal for pairs whose windows begin in the same sentence of the same document.
    """

    document: Document
    drug: Span
    event: Span
    caused: bool
    marked: str
    group: str


def candidate_pairs(
    document: Document, drugs: Iterable[Span], events: Iterable[Span], *, for_training: bool
) -> list[Pair]:
    """The pairs that serving would ask about: every event with the nearest mention of each drug
    name, which is a wording, within `MAX_SENTENCES` sentences. A drug given against the event is
    left out, but kept for training: nothing teaches better what is no event of it. Left out is
    also, except for training, what stands in a window of more words than a reading has tokens.

    Args:
        document: gives text, sentences and gold relations.
        drugs: mentions, gold or predicted; `events` likewise.
        for_training: also every gold pair among them, though a nearer mention exists, and drugs
            that are given against the event.
    """
    gold = document.pairs()
    drug_list = sorted(set(drugs))
    words = WordStarts("" if for_training else document.text)
    found = []
    for event in sorted(set(events)):
        nearest: dict[str, tuple[tuple[int, int], Span]] = {}
        chosen: set[Span] = set()
        for drug in drug_list:
            window = pair_window(document.sentences, drug, event)
            if window is None or words.between(*window) > RELATION_MAX_TOKENS:
                continue
            if not for_training and is_indication(document.text, drug, event):
                continue
            if for_training and (drug, event) in gold:
                chosen.add(drug)
            name = document.text[drug.start : drug.end].lower()
            distance = apartness(document.sentences, drug, event)
            if name not in nearest or distance < nearest[name][0]:
                nearest[name] = (distance, drug)
        chosen |= {drug for _, drug in nearest.values()}
        for drug in sorted(chosen):
            pair = _pair(document, drug, event, (drug, event) in gold)
            if pair is not None:
                found.append(pair)
    return found


def gold_pairs(documents: Iterable[Document], *, for_training: bool = True) -> list[Pair]:
    """Candidate pairs of gold mentions."""
    return [
        pair
        for document in documents
        for pair in candidate_pairs(
            document,
            (mention.span for mention in document.spans(MentionType.DRUG)),
            (mention.span for mention in document.spans(MentionType.ADE)),
            for_training=for_training,
        )
    ]


def predicted_negatives(
    document: Document, events: Iterable[Span], *, limit: int, seed: int
) -> list[Pair]:
    """Gold drugs with event mentions that a model found and that are not gold.

    Args:
        document: with complete annotation of events.
        events: predicted event mentions.
        limit: pairs kept at most.
        seed: of the choice.
    """
    gold = [mention.span for mention in document.spans(MentionType.ADE)]
    false = [event for event in events if not any(event.overlaps(other) for other in gold)]
    drugs = [
        mention.span
        for mention in document.spans(MentionType.DRUG)
        if not any(mention.span.overlaps(event) for event in false)
    ]
    pairs = candidate_pairs(document, drugs, false, for_training=True)
    if len(pairs) <= limit:
        return pairs
    return random.Random(f"{seed}:{document.doc_id}").sample(pairs, limit)  # noqa: S311


def joined_sentences(documents: Sequence[Document], *, count: int, seed: int) -> list[Document]:
    """Documents of two to four sentences, for implicit cross-sentence negatives.

    Half of them are neighbours of one abstract, half come from anywhere. Relations hold within
    their sentence. A drug and an event of different sentences are a negative unless a drug and an
    event of these names are related anywhere in the corpus: then the label would change within
    the paragraph, and it is cut before that sentence.

    Args:
        documents: single sentences; those of one group belong together.
        count: documents to make at most.
        seed: the same seed gives the same documents.
    """
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    groups: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        groups[document.group].append(document)
    abstracts = [members for _, members in sorted(groups.items()) if len(members) > 1]
    related = {names for document in documents for names in _names(document)}
    made: list[Document] = []
    for number in range(count):
        size = rng.randint(2, MAX_SENTENCES)
        if number % 2 == 0 and abstracts:
            members = rng.choice(abstracts)
            start = rng.randint(0, max(0, len(members) - size))
            run = members[start : start + size]
        else:
            run = rng.sample(documents, min(size, len(documents)))
        run = _until_label_changes(run, related)
        if len(run) > 1:
            made.append(_join(run, len(made)))
    return made


def _pair(document: Document, drug: Span, event: Span, caused: bool) -> Pair | None:
    window = pair_window(document.sentences, drug, event)
    if window is None:
        return None
    marked = mark_pair(document.text, window, drug, event)
    if marked is None:
        return None
    group = f"{document.doc_id}:{window.start}"
    return Pair(document, drug, event, caused, marked, group)


def _names(document: Document) -> set[tuple[str, str]]:
    text = document.text
    return {
        (text[drug.start : drug.end].lower(), text[event.start : event.end].lower())
        for drug, event in document.pairs()
    }


def _until_label_changes(run: Sequence[Document], related: set[tuple[str, str]]) -> list[Document]:
    kept: list[Document] = []
    for document in run:
        if any(_crosses(document, other, related) for other in kept):
            break
        kept.append(document)
    return kept


def _crosses(one: Document, other: Document, related: set[tuple[str, str]]) -> bool:
    """Whether a drug of one sentence and an event of the other are related by name."""
    return any(
        (
            left.text[d.span.start : d.span.end].lower(),
            right.text[e.span.start : e.span.end].lower(),
        )
        in related
        for left, right in ((one, other), (other, one))
        for d in left.spans(MentionType.DRUG)
        for e in right.spans(MentionType.ADE)
    )


def _join(run: Sequence[Document], number: int) -> Document:
    text = ""
    spans: list[Span] = []
    mentions: list[AnnotatedMention] = []
    relations: list[AnnotatedRelation] = []
    for place, document in enumerate(run):
        text += " " if text else ""
        offset = len(text)
        text += document.text
        spans.append(Span(offset, len(text)))
        mentions += [
            AnnotatedMention(
                f"S{place}{mention.mention_id}",
                mention.type,
                Span(mention.span.start + offset, mention.span.end + offset),
                tuple(Span(start + offset, end + offset) for start, end in mention.fragments),
            )
            for mention in document.mentions
        ]
        relations += [
            AnnotatedRelation(
                f"S{place}{relation.drug_id}", f"S{place}{relation.event_id}", relation.status
            )
            for relation in document.relations
        ]
    return Document(
        doc_id=f"{run[0].corpus}:joined:{number}",
        group=run[0].group,
        corpus=run[0].corpus,
        text=text,
        sentences=tuple(spans),
        mentions=tuple(mentions),
        relations=tuple(relations),
        complete=run[0].complete,
    )
