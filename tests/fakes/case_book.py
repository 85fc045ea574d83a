"""The cases behind the counts in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from services.core import identity
from services.core.contracts import Extraction, Pair, Sex
from services.core.statistics_ports import Case, CaseBook, PairCase
from tests.fakes.case_record import MemoryCaseRecord


class MemoryCaseBook(CaseBook):
    """Reads the standing notes of a record in memory."""

    def __init__(self, record: MemoryCaseRecord) -> None:
        self._record = record

    def cases(self) -> Iterator[Case]:
        for key, notes in self._by_case().items():
            told = [note for note in notes if self._record.pairs_of(note)]
            if not told:
                continue
            pairs: dict[Pair, datetime] = {}
            for note in told:
                for pair in self._record.pairs_of(note):
                    pairs.setdefault(pair, note.written_at)
            yield Case(key=key, sex=told[0].sex, age_years=told[0].age_years, pairs=pairs)

    def pair_cases(self, pair: Pair) -> list[PairCase]:
        found = []
        for key, notes in self._by_case().items():
            told = [note for note in notes if pair in self._record.pairs_of(note)]
            if told:
                found.append(
                    PairCase(
                        key=key,
                        first_at=told[0].written_at,
                        sources=frozenset(note.source for note in told),
                        sex=any(note.sex is not Sex.UNKNOWN for note in told),
                        age_years=any(note.age_years is not None for note in told),
                        note_type=any(note.note_type is not None for note in told),
                        texts=tuple(
                            dict.fromkeys(
                                text for note in told for text in self._record.texts_of(note, pair)
                            )
                        ),
                    )
                )
        return found

    def _by_case(self) -> dict[str, list[Extraction]]:
        cases: dict[str, list[Extraction]] = {}
        for note in sorted(self._record.standing(), key=lambda n: (n.written_at, n.note_key)):
            cases.setdefault(identity.case_key(note.patient_key), []).append(note)
        return dict(sorted(cases.items()))
