"""The record of counting in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from uuid import uuid4

from services.core import identity
from services.core.contracts import Assertion, Extraction, Pair, Versions
from services.core.counts import CountDelta, case_delta, combine
from services.core.errors import IntegrityError
from services.core.ports import Applied, CaseRecord, Clock, LedgerEntry, Remapped, Vocabulary
from tests.fakes.faults import Faults


class MemoryCaseRecord(CaseRecord):
    """Recomputes every case from the winning notes; slow and simple."""

    def __init__(
        self,
        *,
        clock: Clock,
        counted: AbstractSet[Assertion] = frozenset({Assertion.AFFIRMED, Assertion.HISTORICAL}),
        faults: Faults | None = None,
    ) -> None:
        self.ledger: list[LedgerEntry] = []
        self.faults = faults or Faults()
        self._clock = clock
        self._counted = frozenset(counted)
        self._id = str(uuid4())
        self._notes: dict[str, Extraction] = {}
        self._published = 0
        self._lock = threading.Lock()

    def ledger_id(self) -> str:
        return self._id

    def apply(self, extractions: Sequence[Extraction]) -> Applied:
        self.faults.at("record.apply")
        with self._lock:
            before = self._cases()
            accepted: set[str] = set()
            for extraction in extractions:
                rival = self._notes.get(extraction.note_key)
                if rival is None or rival.precedence < extraction.precedence:
                    self._notes[extraction.note_key] = extraction
                    accepted.add(extraction.note_key)
            after = self._cases()
            delta = combine(
                case_delta(before.get(case, set()), after.get(case, set()))
                for case in before.keys() | after.keys()
            )
            if delta:
                entry = LedgerEntry(len(self.ledger) + 1, delta, self._clock.now())
                self.ledger.append(entry)
        self.faults.at("record.apply:done")
        return Applied(len(accepted), len(extractions) - len(accepted))

    def head(self) -> int:
        return self.ledger[-1].sequence if self.ledger else 0

    def entries(self, after: int, limit: int) -> list[LedgerEntry]:
        return [entry for entry in self.ledger if entry.sequence > after][:limit]

    def published(self) -> int:
        return self._published

    def mark_published(self, sequence: int) -> None:
        self.faults.at("record.mark_published")
        if sequence > self.head():
            raise IntegrityError("beyond the head")
        self._published = max(self._published, sequence)

    def counts(self) -> tuple[int, CountDelta]:
        with self._lock:
            empty: set[Pair] = set()
            return self.head(), combine(case_delta(empty, p) for p in self._cases().values())

    def remap(self, vocabulary: Vocabulary) -> Remapped:
        with self._lock:
            before = self._cases()
            old = list(self._notes.values())
            for note in old:
                self._notes[note.note_key] = _renamed(note, vocabulary)
            after = self._cases()
            delta = combine(case_delta(before[case], after[case]) for case in before)
            if delta:
                entry = LedgerEntry(len(self.ledger) + 1, delta, self._clock.now())
                self.ledger.append(entry)
            renamed = sum(
                one != other
                for note in old
                for one, other in zip(
                    _related(note), _related(self._notes[note.note_key]), strict=True
                )
            )
        return Remapped(
            read=sum(len(note.relations) for note in old),
            renamed=renamed,
            cases=sum(before[case] != after[case] for case in before),
            sequence=len(self.ledger) if delta else None,
        )

    def versions_of(self, pair: Pair) -> tuple[Versions, ...]:
        found = {note.versions for note in self._notes.values() if pair in self._pairs(note)}
        return tuple(sorted(found, key=lambda v: (v.ner, v.relation, v.rules, v.vocabulary)))

    def standing(self) -> list[Extraction]:
        """The winning version of every note."""
        return list(self._notes.values())

    def pairs_of(self, note: Extraction) -> set[Pair]:
        """The counted pairs of a note."""
        return self._pairs(note)

    def texts_of(self, note: Extraction, pair: Pair) -> list[str]:
        """The evidence for a counted pair, in order."""
        concepts = {mention.mention_id: mention.concept for mention in note.mentions}
        return [
            relation.evidence_text
            for relation in note.relations
            if Pair(concepts[relation.drug_id], concepts[relation.event_id]) == pair
            and relation.assertion in self._counted
        ]

    def _cases(self) -> dict[str, set[Pair]]:
        cases: dict[str, set[Pair]] = {}
        for note in self._notes.values():
            cases.setdefault(identity.case_key(note.patient_key), set()).update(self._pairs(note))
        return cases

    def _pairs(self, note: Extraction) -> set[Pair]:
        concepts = {mention.mention_id: mention.concept for mention in note.mentions}
        return {
            Pair(concepts[relation.drug_id], concepts[relation.event_id])
            for relation in note.relations
            if relation.assertion in self._counted
        }


def _renamed(note: Extraction, vocabulary: Vocabulary) -> Extraction:
    mentions = []
    for mention in note.mentions:
        named = vocabulary.name(mention.type, mention.expansion or mention.text)
        mentions.append(
            replace(mention, concept=named.concept or mention.concept, coding=named.coding)
        )
    versions = replace(note.versions, vocabulary=vocabulary.version)
    return replace(note, mentions=tuple(mentions), versions=versions)


def _related(note: Extraction) -> list[Pair]:
    concepts = {mention.mention_id: mention.concept for mention in note.mentions}
    return [Pair(concepts[r.drug_id], concepts[r.event_id]) for r in note.relations]
