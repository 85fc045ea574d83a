"""Mentions to relations: candidate pairs in windows → relation model → assertion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from services.core import assertion
from services.core.assertion_combined import HEAD_ALONE, StatusWeights, combine
from services.core.confidence import Confidence, rivals
from services.core.contracts import Assertion, Mention, MentionType, Relation
from services.core.indications import is_indication
from services.core.model_ports import FloatArray, TokenEncoder
from services.core.sections import Section, find_sections, section_at
from services.core.spans import Span
from services.core.windows import Form, WordStarts, apartness, mark_pair, pair_tokens, pair_window
from services.extract.batching import BatchedModel, Quad
from services.extract.mentions import ReadText
from services.extract.tokens import RELATION_MAX_TOKENS, AskedText, asked_windows

CAUSED = 1
"""Index of the class *drug caused event*."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A drug and an event mention of one text, and the smallest window that holds both."""

    drug: Mention
    event: Mention
    window: Span

    @property
    def spans(self) -> tuple[Span, Span]:
        """(drug, event)."""
        return _span(self.drug), _span(self.event)


@dataclass(frozen=True, slots=True)
class _Judged:
    """What the model said of a candidate; `statuses` is None if it has no head for them."""

    probability: float
    statuses: FloatArray | None

    @property
    def by_status(self) -> dict[Assertion, float] | None:
        """Probabilities by status, which the head has in the order of `Assertion`."""
        if self.statuses is None:
            return None
        return dict(zip(Assertion, map(float, self.statuses), strict=True))


class RelationFinder:
    """Decides which candidate pairs are relations, with one relation model."""

    def __init__(
        self,
        encoder: TokenEncoder,
        model: BatchedModel,
        *,
        threshold: float,
        max_tokens: int,
        form: Form = Form.MARKED,
        learned_statuses: bool = False,
        confidence: Confidence | None = None,
        status_weights: StatusWeights = HEAD_ALONE,
    ) -> None:
        self._encoder = encoder
        self._model = model
        self._threshold = threshold
        self._max_tokens = max_tokens
        self._learned_statuses = learned_statuses
        self._confidence = confidence
        self._status_weights = status_weights
        self._judge = self._judge_marked if form is Form.MARKED else self._judge_levitated

    async def find(
        self, texts: Sequence[ReadText]
    ) -> tuple[list[tuple[Relation, ...]], frozenset[str]]:
        """Relations of each text, in order, and the versions of the model that answered.

        Raises:
            DependencyUnavailable: the inference server did not answer.
        """
        asked = [list(candidates(text, max_tokens=self._max_tokens)) for text in texts]
        judged, versions = await self._judge(texts, asked)
        return [
            tuple(self._relations(text, pairs, answers))
            for text, pairs, answers in zip(texts, asked, judged, strict=True)
        ], versions

    def _relations(
        self, text: ReadText, pairs: Sequence[Candidate], answers: Sequence[_Judged | None]
    ) -> Iterator[Relation]:
        judged = [
            (pair, answer)
            for pair, answer in zip(pairs, answers, strict=True)
            if answer is not None
        ]
        found = [
            (pair, answer)
            for pair, answer in self._weighed(judged)
            if answer.probability >= self._threshold
        ]
        sections = find_sections(text.text) if found else ()
        for number, (pair, answer) in enumerate(found, start=1):
            yield self._relation(text, sections, pair, answer, f"R{number}")

    def _relation(
        self,
        text: ReadText,
        sections: Sequence[Section],
        pair: Candidate,
        judged: _Judged,
        relation_id: str,
    ) -> Relation:
        drug, event = _span(pair.drug), _span(pair.event)
        section = section_at(sections, event.start)
        ruled = assertion.assert_relation(text.text, text.sentences, drug, event, sections)
        return Relation(
            relation_id=relation_id,
            drug_id=pair.drug.mention_id,
            event_id=pair.event.mention_id,
            probability=round(judged.probability, 6),
            assertion=combine(ruled, judged.by_status, self._status_weights),
            evidence_start=pair.window.start,
            evidence_end=pair.window.end,
            evidence_text=text.text[pair.window.start : pair.window.end],
            section=None if section is None else section.name.value,
        )

    def _weighed(
        self, judged: Sequence[tuple[Candidate, _Judged]]
    ) -> Sequence[tuple[Candidate, _Judged]]:
        """The answers of one text, given how sure NER is of the mentions and what competes."""
        confidence = self._confidence
        if confidence is None:
            return judged
        against = rivals(
            [pair.spans for pair, _ in judged], [answer.probability for _, answer in judged]
        )
        return [
            (
                pair,
                replace(
                    answer,
                    probability=confidence.of(
                        relation=answer.probability,
                        event=pair.event.probability,
                        drug=pair.drug.probability,
                        against=theirs,
                    ),
                ),
            )
            for (pair, answer), theirs in zip(judged, against, strict=True)
        ]

    async def _judge_marked(
        self, texts: Sequence[ReadText], asked: Sequence[Sequence[Candidate]]
    ) -> tuple[list[list[_Judged | None]], frozenset[str]]:
        """One reading per pair; None for a pair that does not fit into one."""
        judged: list[list[_Judged | None]] = [[None] * len(pairs) for pairs in asked]
        places = [
            (index, place, marked)
            for index, (text, pairs) in enumerate(zip(texts, asked, strict=True))
            for place, pair in enumerate(pairs)
            if (marked := mark_pair(text.text, pair.window, *pair.spans)) is not None
        ]
        encodings = self._encoder.encode([marked for _, _, marked in places])
        readable = [
            (index, place, encoding.ids)
            for (index, place, _), encoding in zip(places, encodings, strict=True)
            if len(encoding.ids) <= self._max_tokens
        ]
        answers = await self._model.run([ids for _, _, ids in readable])
        for (index, place, _), probabilities in zip(readable, answers.rows, strict=True):
            judged[index][place] = _Judged(float(probabilities[0, CAUSED]), None)
        return judged, answers.versions

    async def _judge_levitated(
        self, texts: Sequence[ReadText], asked: Sequence[Sequence[Candidate]]
    ) -> tuple[list[list[_Judged | None]], frozenset[str]]:
        """One reading per window for all of its pairs; None as in the marked form."""
        judged: list[list[_Judged | None]] = [[None] * len(pairs) for pairs in asked]
        windows = asked_windows(
            [
                AskedText(text.text, text.sentences, [pair.spans for pair in pairs])
                for text, pairs in zip(texts, asked, strict=True)
            ],
            self._encoder,
            max_tokens=self._max_tokens,
        )
        rows: list[tuple[int, list[int], tuple[int, ...], list[Quad]]] = []
        for index, window, encoding in windows:
            placed = [
                (place, tokens)
                for place in window.pairs
                if (
                    tokens := pair_tokens(encoding.offsets, window.span, *asked[index][place].spans)
                )
            ]
            if placed:
                rows.append(
                    (index, [place for place, _ in placed], encoding.ids, [t for _, t in placed])
                )
        answers = await self._model.run([row[2] for row in rows], [row[3] for row in rows])
        for (index, pairs_of, _, _), probabilities, statuses in zip(
            rows, answers.rows, answers.statuses, strict=True
        ):
            for number, place in enumerate(pairs_of):
                judged[index][place] = _Judged(
                    float(probabilities[number, CAUSED]),
                    statuses[number] if self._learned_statuses else None,
                )
        return judged, answers.versions


def candidates(text: ReadText, *, max_tokens: int = RELATION_MAX_TOKENS) -> Iterator[Candidate]:
    """Pairs worth asking about, in the order of the text.

    Every event mention with every drug name within a window of up to four sentences; of several
    mentions of one name the nearest to the event (`apartness`) stands for all. Names are wordings:
    two names of one drug are asked about both, since a text blames a drug by either, and are
    counted once. A drug that the text gives against the event is not asked about, nor is a pair
    whose window has more words than a reading has tokens: in text without stops (a megabyte may be
    one sentence) there would be as many as drugs times events.

    Args:
        text: with its mentions in order.
        max_tokens: tokens of a reading of the relation model.
    """
    drugs = [mention for mention in text.mentions if mention.type is MentionType.DRUG]
    events = [mention for mention in text.mentions if mention.type is MentionType.ADE]
    # Mentions are in the order of the text, so the reach of an event is a run of drugs.
    first = 0
    words = WordStarts(text.text if drugs and events else "")
    for event in events:
        alone = pair_window(text.sentences, _span(event), _span(event))
        if alone is None or words.between(*alone) > max_tokens:
            continue
        nearest: dict[str, tuple[tuple[int, int], Candidate]] = {}
        for position in range(first, len(drugs)):
            drug = drugs[position]
            window = pair_window(text.sentences, _span(drug), _span(event))
            apart = words.between(*sorted((drug.start, event.start)))
            if window is None or apart > max_tokens:
                if drug.start > event.start:
                    break
                first = position + 1
                continue
            if words.between(*window) > max_tokens:
                continue
            if is_indication(text.text, _span(drug), _span(event)):
                continue
            name = drug.text.lower()
            distance = apartness(text.sentences, _span(drug), _span(event))
            if name not in nearest or distance < nearest[name][0]:
                nearest[name] = distance, Candidate(drug, event, window)
        # In the order of the text, as evaluation asks: which pairs share a window follows from it.
        chosen = (candidate for _, candidate in nearest.values())
        yield from sorted(chosen, key=lambda candidate: candidate.spans)


def _span(mention: Mention) -> Span:
    return Span(mention.start, mention.end)
