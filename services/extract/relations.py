"""Mentions to relations: candidate pairs in windows → relation model → assertion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.core import assertion
from services.core.contracts import Mention, MentionType, Relation
from services.core.ports import TokenEncoder
from services.core.sections import Section, find_sections, section_at
from services.core.spans import Span
from services.core.windows import mark_pair, pair_window
from services.extract.batching import BatchedModel
from services.extract.mentions import ReadText

CAUSED = 1
"""Index of the class *drug caused event*."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A drug and an event mention of one text, and the window that the model reads."""

    drug: Mention
    event: Mention
    window: Span
    marked: str


class RelationFinder:
    """Decides which candidate pairs are relations, with one relation model."""

    def __init__(
        self, encoder: TokenEncoder, model: BatchedModel, *, threshold: float, max_tokens: int
    ) -> None:
        self._encoder = encoder
        self._model = model
        self._threshold = threshold
        self._max_tokens = max_tokens

    async def find(
        self, texts: Sequence[ReadText]
    ) -> tuple[list[tuple[Relation, ...]], frozenset[str]]:
        """Relations of each text, in order, and the versions of the model that answered.

        Raises:
            DependencyUnavailable: the inference server did not answer.
        """
        places = [(index, pair) for index, text in enumerate(texts) for pair in candidates(text)]
        encodings = self._encoder.encode([pair.marked for _, pair in places])
        readable = [
            (index, pair, encoding)
            for (index, pair), encoding in zip(places, encodings, strict=True)
            if len(encoding.ids) <= self._max_tokens
        ]
        answers = await self._model.run([encoding.ids for _, _, encoding in readable])
        found: list[list[Relation]] = [[] for _ in texts]
        sections: dict[int, tuple[Section, ...]] = {}
        for (index, pair, _), probabilities in zip(readable, answers.rows, strict=True):
            probability = float(probabilities[CAUSED])
            if probability >= self._threshold:
                relations = found[index]
                if index not in sections:
                    sections[index] = find_sections(texts[index].text)
                number = f"R{len(relations) + 1}"
                relations.append(
                    _relation(texts[index], sections[index], pair, probability, number)
                )
        return [tuple(relations) for relations in found], answers.versions


def candidates(text: ReadText) -> Iterator[Candidate]:
    """Pairs worth asking about, in the order of the text.

    Every event mention with every drug concept named within a window of up to four sentences;
    of several mentions of one drug the nearest to the event stands for all.
    """
    drugs = [mention for mention in text.mentions if mention.type is MentionType.DRUG]
    events = [mention for mention in text.mentions if mention.type is MentionType.ADE]
    # Mentions are in the order of the text, so the reach of an event is a run of drugs.
    first = 0
    for event in events:
        nearest: dict[str, Candidate] = {}
        for position in range(first, len(drugs)):
            drug = drugs[position]
            window = pair_window(text.sentences, _span(drug), _span(event))
            if window is None:
                if drug.start > event.start:
                    break
                first = position + 1
                continue
            known = nearest.get(drug.concept)
            if known is None or _distance(drug, event) < _distance(known.drug, event):
                marked = mark_pair(text.text, window, _span(drug), _span(event))
                if marked is not None:
                    nearest[drug.concept] = Candidate(drug, event, window, marked)
        yield from nearest.values()


def _relation(
    text: ReadText,
    sections: Sequence[Section],
    pair: Candidate,
    probability: float,
    relation_id: str,
) -> Relation:
    drug, event = _span(pair.drug), _span(pair.event)
    section = section_at(sections, event.start)
    return Relation(
        relation_id=relation_id,
        drug_id=pair.drug.mention_id,
        event_id=pair.event.mention_id,
        probability=round(probability, 6),
        assertion=assertion.assert_relation(
            text.text, text.sentences, drug, event, sections
        ).status,
        evidence_start=pair.window.start,
        evidence_end=pair.window.end,
        evidence_text=text.text[pair.window.start : pair.window.end],
        section=None if section is None else section.name.value,
    )


def _span(mention: Mention) -> Span:
    return Span(mention.start, mention.end)


def _distance(one: Mention, other: Mention) -> int:
    return max(one.start - other.end, other.start - one.end, 0)
