"""What reviewers said of evidence, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from services.core.contracts import Assertion, Extraction, Pair
from services.core.ports import Clock
from services.core.spans import Span
from services.core.verdicts import EvidenceItem, Judgement, Verdict, VerdictRecord
from tests.fakes.case_record import MemoryCaseRecord


class MemoryVerdicts(VerdictRecord):
    """Looks for the evidence in the standing notes of a record in memory."""

    def __init__(self, record: MemoryCaseRecord, *, clock: Clock) -> None:
        self._record = record
        self._clock = clock
        self._verdicts: list[Verdict] = []

    def evidence(self, pair: Pair) -> list[EvidenceItem]:
        return [
            item for note in self._notes() for other, item in self._items(note) if other == pair
        ]

    def judge(
        self,
        note_key: str,
        evidence_key: str,
        judgement: Judgement,
        *,
        by: str,
        status: Assertion | None = None,
    ) -> Verdict | None:
        if not any(
            (item.note_key, item.key) == (note_key, evidence_key)
            for note in self._notes()
            for _, item in _items(note)
        ):
            return None
        verdict = Verdict(
            evidence_key=evidence_key,
            note_key=note_key,
            revision=1 + sum(one.evidence_key == evidence_key for one in self._verdicts),
            judgement=judgement,
            status=status,
            by=by,
            at=self._clock.now(),
        )
        self._verdicts.append(verdict)
        return verdict

    def verdicts(self) -> list[Verdict]:
        return sorted(self._verdicts, key=lambda one: (one.at, one.evidence_key, one.revision))

    def judged(self) -> Iterator[tuple[EvidenceItem, Verdict]]:
        last = {one.evidence_key: one for one in self._verdicts}
        for note in self._notes():
            for _, item in self._items(note):
                if item.key in last:
                    yield item, last.pop(item.key)

    def _notes(self) -> list[Extraction]:
        return sorted(self._record.standing(), key=lambda note: note.note_key)

    def _items(self, note: Extraction) -> Iterator[tuple[Pair, EvidenceItem]]:
        sources = {one.statement.place: one.verdict.copy_of for one in self._record.evidence()}
        for pair, item in _items(note):
            yield pair, replace(item, copy_of=sources.get(item.place))


def _items(note: Extraction) -> Iterator[tuple[Pair, EvidenceItem]]:
    mentions = {mention.mention_id: mention for mention in note.mentions}
    for position, relation in enumerate(note.relations):
        drug, event = mentions[relation.drug_id], mentions[relation.event_id]
        yield (
            Pair(drug.concept, event.concept),
            EvidenceItem(
                note_key=note.note_key,
                position=position,
                drug=Span(drug.start, drug.end),
                event=Span(event.start, event.end),
                window=Span(relation.evidence_start, relation.evidence_end),
                assertion=relation.assertion,
                text=relation.evidence_text,
                section=relation.section,
            ),
        )
