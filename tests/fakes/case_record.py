"""The record of counting in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

from services.core import identity
from services.core.contracts import Assertion, Extraction, Pair, PatientMerge, Versions
from services.core.copies import Place
from services.core.counting_ports import Applied, CaseRecord, LedgerEntry, Remapped, Resettled
from services.core.counts import CountDelta
from services.core.errors import IntegrityError
from services.core.persons import joined
from services.core.ports import Clock, Vocabulary
from services.core.settlement import Statement, Verdict, change, pairs_of, settle
from services.core.vocabulary import naming
from tests.fakes.faults import Faults


@dataclass(frozen=True)
class Judged:
    """A counted relation, its note, and what it counts for."""

    note: Extraction
    statement: Statement
    verdict: Verdict


class MemoryCaseRecord(CaseRecord):
    """Settles every patient from the winning notes again and again; slow and simple."""

    def __init__(
        self,
        *,
        clock: Clock,
        counted: AbstractSet[Assertion] = frozenset({Assertion.AFFIRMED, Assertion.HISTORICAL}),
        episode_gap: timedelta | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.ledger: list[LedgerEntry] = []
        self.faults = faults or Faults()
        self._clock = clock
        self._counted = frozenset(counted)
        self._id = str(uuid4())
        self._gap = episode_gap
        self._notes: dict[str, Extraction] = {}
        self._merges: dict[str, PatientMerge] = {}
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
            self._note_down(before)
        self.faults.at("record.apply:done")
        return Applied(len(accepted), len(extractions) - len(accepted))

    def merge(self, merges: Sequence[PatientMerge]) -> Applied:
        with self._lock:
            before, known = self._cases(), len(self._merges)
            for merge in merges:
                self._merges.setdefault(merge.merge_id, merge)
            self._note_down(before)
            new = len(self._merges) - known
        return Applied(new, len(merges) - new)

    def resettle(self) -> Resettled:
        return Resettled(read=len(self.evidence()), moved=0, sequence=None)

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
            return self.head(), change({}, self._cases())

    def remap(self, vocabulary: Vocabulary) -> Remapped:
        with self._lock:
            before = self._cases()
            old = list(self._notes.values())
            for note in old:
                self._notes[note.note_key] = _renamed(note, vocabulary)
            sequence = self._note_down(before)
            after = self._cases()
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
            cases=sum(before.get(case) != after.get(case) for case in before.keys() | after.keys()),
            sequence=sequence,
        )

    def standing(self) -> list[Extraction]:
        """The winning version of every note."""
        return list(self._notes.values())

    def versions_of(self, pair: Pair) -> tuple[Versions, ...]:
        found = {note.versions for note in self._notes.values() if pair in self._pairs(note)}
        return tuple(sorted(found, key=lambda v: (v.ner, v.relation, v.rules, v.vocabulary)))

    def evidence(self) -> list[Judged]:
        """Every counted relation of the winning notes, in the order of writing."""
        links = [
            (identity.case_key(merge.retired), identity.case_key(merge.surviving))
            for merge in self._merges.values()
        ]
        persons = joined({}, links)
        notes: dict[str, list[Extraction]] = {}
        for note in self._notes.values():
            patient = identity.case_key(note.patient_key)
            notes.setdefault(persons.get(patient, patient), []).append(note)
        judged: list[Judged] = []
        for person_key, of_person in notes.items():
            statements = [(note, one) for note in of_person for one in self._statements(note)]
            verdicts = settle(person_key, [one for _, one in statements], gap=self._gap)
            judged += [Judged(note, one, verdicts[one.place]) for note, one in statements]
        return sorted(judged, key=lambda one: (one.statement.moment, one.statement.place))

    def _statements(self, note: Extraction) -> list[Statement]:
        concepts = {mention.mention_id: mention.concept for mention in note.mentions}
        return [
            Statement(
                place=Place(note.note_key, position),
                pair=Pair(concepts[relation.drug_id], concepts[relation.event_id]),
                assertion=relation.assertion,
                written_at=note.written_at,
                text=relation.evidence_text,
            )
            for position, relation in enumerate(note.relations)
            if relation.assertion in self._counted
        ]

    def _cases(self) -> dict[str, set[Pair]]:
        judged = self.evidence()
        return pairs_of(
            [one.statement for one in judged], {one.statement.place: one.verdict for one in judged}
        )

    def _note_down(self, before: dict[str, set[Pair]]) -> int | None:
        """Write what changed since then; the sequence of the entry, if there is one."""
        delta = change(before, self._cases())
        if not delta:
            return None
        self.ledger.append(LedgerEntry(len(self.ledger) + 1, delta, self._clock.now()))
        return len(self.ledger)

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
        named = naming.named(vocabulary, mention.type, mention.text, mention.expansion)
        mentions.append(
            replace(mention, concept=named.concept or mention.concept, coding=named.coding)
        )
    versions = replace(note.versions, vocabulary=vocabulary.version)
    return replace(note, mentions=tuple(mentions), versions=versions)


def _related(note: Extraction) -> list[Pair]:
    concepts = {mention.mention_id: mention.concept for mention in note.mentions}
    return [Pair(concepts[r.drug_id], concepts[r.event_id]) for r in note.relations]
