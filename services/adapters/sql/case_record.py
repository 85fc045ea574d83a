"""The record of notes, evidence and cases in SQL (`services.core.counting_ports.CaseRecord`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta

from sqlalchemy import Connection, Engine, delete, insert
from sqlmodel import col, select

from services.adapters.sql import case_counts, ledger, persons, remapping, settling
from services.adapters.sql.engine import reading, writing
from services.adapters.sql.rows import evidence_rows, note_row, pair_key
from services.adapters.sql.standing_notes import Stored, stored, winners
from services.adapters.sql.tables import EvidenceRow, FormerConceptRow, NoteRow
from services.core.contracts import Assertion, Extraction, Pair, PatientMerge, Versions
from services.core.copies import Place
from services.core.counting_ports import Applied, LedgerEntry, Remapped, Resettled
from services.core.counts import COUNTED, CountDelta, combine
from services.core.ports import Clock, Vocabulary
from services.core.settlement import Moment, change, pairs_of


class SqlCaseRecord:
    """One transaction per batch; writers queue on the single row of `ledger_head`.

    Because every writer holds that row until it has committed, ledger sequences have no gaps and
    become visible in order: a reader that saw entry n will never find a new one below n.

    Args:
        engine: a migrated database, from `make_engine`.
        clock: gives the time of recording.
        counted: assertions that make a relation count, for notes recorded from now on.
        episode_gap: the longest time between two reports of one case; None for no end. Another
            gap than before holds for what is written from now on, until `resettle`.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Clock,
        counted: AbstractSet[Assertion] = COUNTED,
        episode_gap: timedelta | None = None,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._counted = frozenset(counted)
        self._gap = episode_gap

    def ledger_id(self) -> str:
        """Identity of this ledger, made with the record."""
        with reading(self._engine) as connection:
            return ledger.head(connection).ledger_id

    def head(self) -> int:
        """Sequence of the newest ledger entry, 0 if there is none."""
        with reading(self._engine) as connection:
            return ledger.head(connection).sequence

    def published(self) -> int:
        """Sequence up to which the ledger was published."""
        with reading(self._engine) as connection:
            return ledger.head(connection).published

    def mark_published(self, sequence: int) -> None:
        """Advance `published`; never moves back."""
        with writing(self._engine) as connection:
            ledger.mark_published(connection, sequence)

    def entries(self, after: int, limit: int) -> list[LedgerEntry]:
        """At most `limit` ledger entries with a greater sequence, in order."""
        with reading(self._engine) as connection:
            return ledger.entries(connection, after, limit)

    def apply(self, extractions: Sequence[Extraction]) -> Applied:
        """Record the winners of a batch; see the protocol. About ten statements per batch."""
        offered = winners(extractions)
        with writing(self._engine) as connection:
            head = ledger.head(connection, lock=True).sequence
            known = stored(connection, offered)
            accepted = [
                extraction
                for key, extraction in offered.items()
                if key not in known or known[key].precedence < extraction.precedence
            ]
            if accepted:
                replaced = [known[e.note_key] for e in accepted if e.note_key in known]
                self._append(connection, head, self._replace(connection, accepted, replaced))
        return Applied(applied=len(accepted), ignored=len(extractions) - len(accepted))

    def merge(self, merges: Sequence[PatientMerge]) -> Applied:
        """Make pseudonyms one patient in one transaction; see the protocol."""
        with reading(self._engine) as connection:
            # While pseudonyms have two keys every note comes with its merge: most are known, and
            # no writer has to wait for them.
            new = persons.unknown(connection, merges)
        if new:
            with writing(self._engine) as connection:
                head = ledger.head(connection, lock=True).sequence
                new = persons.unknown(connection, new)
                if new:
                    self._append(connection, head, self._join(connection, new))
        return Applied(applied=len(new), ignored=len(merges) - len(new))

    def resettle(self) -> Resettled:
        """Divide all evidence into cases anew in one transaction; see the protocol."""
        read, moved, delta, last = 0, 0, CountDelta(), ""
        with writing(self._engine) as connection:
            head = ledger.head(connection, lock=True).sequence
            while keys := settling.persons_after(connection, last):
                evidence = settling.load(connection, dict.fromkeys(keys))
                changed, after = settling.settle_all(connection, evidence, gap=self._gap)
                delta = combine([delta, change(settling.cases(evidence), after)])
                read, moved, last = read + len(evidence), moved + changed, keys[-1]
            sequence = self._append(connection, head, delta)
        return Resettled(read=read, moved=moved, sequence=sequence)

    def remap(self, vocabulary: Vocabulary) -> Remapped:
        """Name the whole evidence anew in one transaction; see the protocol."""
        with writing(self._engine) as connection:
            head = ledger.head(connection, lock=True).sequence
            plan = remapping.plan(connection, vocabulary)
            affected = dict.fromkeys(plan.persons)
            before = settling.cases(settling.load(connection, affected))
            remapping.rename(connection, plan)
            # Of other pairs, what was a copy may have lost its source, and the other way round.
            evidence = settling.load(connection, affected)
            _, after = settling.settle_all(connection, evidence, gap=self._gap)
            sequence = self._append(connection, head, change(before, after))
            remapping.note_down(connection, plan, sequence=sequence, at=self._clock.now())
        every = before.keys() | after.keys()
        return Remapped(
            read=plan.read,
            renamed=plan.renamed,
            cases=sum(before.get(case) != after.get(case) for case in every),
            sequence=sequence,
        )

    def counts(self) -> tuple[int, CountDelta]:
        """All counts derived anew from the evidence, with the ledger sequence they belong to."""
        with reading(self._engine) as connection:
            return ledger.head(connection).sequence, case_counts.counts(connection)

    def versions_of(self, pair: Pair) -> tuple[Versions, ...]:
        """Distinct versions behind the counted evidence of a pair, in a fixed order."""
        columns = (
            col(EvidenceRow.ner_version),
            col(EvidenceRow.relation_version),
            col(EvidenceRow.rules_version),
            col(EvidenceRow.vocabulary_version),
        )
        query = (
            select(*columns)
            .where(col(EvidenceRow.pair_key) == pair_key(pair), col(EvidenceRow.counted).is_(True))
            .distinct()
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return tuple(
            Versions(ner=ner, relation=relation, rules=rules, vocabulary=vocabulary)
            # Sorted here: databases differ in collation.
            for ner, relation, rules, vocabulary in sorted(tuple(row) for row in rows)
        )

    def _replace(
        self,
        connection: Connection,
        accepted: Sequence[Extraction],
        replaced: Sequence[Stored],
    ) -> CountDelta:
        """Put the accepted extractions in the place of what their notes had."""
        recorded_at = self._clock.now()
        notes = [note_row(extraction, recorded_at=recorded_at) for extraction in accepted]
        keys = {row["note_key"] for row in notes}
        person_of = persons.persons(
            connection, {row["case_key"] for row in notes} | {one.patient for one in replaced}
        )
        evidence = [
            row
            for extraction, note in zip(accepted, notes, strict=True)
            for row in evidence_rows(
                extraction, person_key=person_of[note["case_key"]], counted=self._counted
            )
        ]
        since = _earliest(
            [
                (row["person_key"], (row["written_at"], row["note_key"]))
                for row in evidence
                if row["counted"]
            ]
            + [(person_of[one.patient], one.moment) for one in replaced]
        )
        before = settling.load(connection, since)
        kept = [one for one in before if one.place.note_key not in keys]
        standing = kept + [settling.standing(row) for row in evidence if row["counted"]]
        verdicts = settling.decide(standing, since, gap=self._gap)
        for row in evidence:
            if row["counted"]:
                row.update(settling.cells(verdicts[Place(row["note_key"], row["position"])]))
        _remove(connection, keys)
        connection.execute(insert(NoteRow), notes)
        if evidence:
            connection.execute(insert(EvidenceRow), evidence)
        settling.write(connection, kept, verdicts)
        after = pairs_of([one.statement for one in standing], verdicts)
        return change(settling.cases(before), after)

    def _join(self, connection: Connection, merges: Sequence[PatientMerge]) -> CountDelta:
        """Record merges, and settle the patients that they make."""
        moved = persons.join(connection, merges, at=self._clock.now())
        if not moved:
            return CountDelta()
        before = settling.load(connection, dict.fromkeys([*moved, *moved.values()]))
        persons.move(connection, moved)
        together = settling.load(connection, dict.fromkeys(moved.values()))
        _, after = settling.settle_all(connection, together, gap=self._gap)
        return change(settling.cases(before), after)

    def _append(self, connection: Connection, head: int, delta: CountDelta) -> int | None:
        """Write the entry after `head`; its sequence, or None if no count changed."""
        if not delta:
            return None
        ledger.append(connection, head + 1, delta, at=self._clock.now())
        return head + 1


def _remove(connection: Connection, note_keys: Iterable[str]) -> None:
    for chunk in settling.chunks(note_keys):
        connection.execute(
            delete(FormerConceptRow).where(col(FormerConceptRow.note_key).in_(chunk))
        )
        connection.execute(delete(EvidenceRow).where(col(EvidenceRow.note_key).in_(chunk)))
        connection.execute(delete(NoteRow).where(col(NoteRow.note_key).in_(chunk)))


def _earliest(moments: Iterable[tuple[str, Moment]]) -> dict[str, Moment | None]:
    """Per patient, the first moment of which something changes."""
    earliest: dict[str, Moment] = {}
    for person_key, moment in moments:
        earliest[person_key] = min(moment, earliest.get(person_key, moment))
    return dict(earliest)
