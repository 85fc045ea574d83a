"""The cases behind the counts in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from services.core.contracts import Assertion, Pair, Sex
from services.core.statistics_ports import Case, CaseBook, PairCase
from tests.fakes.case_record import Judged, MemoryCaseRecord


class MemoryCaseBook(CaseBook):
    """Reads the standing evidence of a record in memory."""

    def __init__(self, record: MemoryCaseRecord) -> None:
        self._record = record

    def cases(self) -> Iterator[Case]:
        for key, told in self._by_case(self._record.evidence()).items():
            pairs: dict[Pair, datetime] = {}
            for one in told:
                pairs.setdefault(one.statement.pair, one.note.written_at)
            first = told[0].note
            yield Case(key=key, sex=first.sex, age_years=first.age_years, pairs=pairs)

    def pair_cases(self, pair: Pair) -> list[PairCase]:
        originals = [
            one
            for one in self._record.evidence()
            if one.statement.pair == pair and one.verdict.copy_of is None
        ]
        return [
            PairCase(
                key=key,
                first_at=told[0].note.written_at,
                sources=frozenset(one.note.source for one in told),
                sex=any(one.note.sex is not Sex.UNKNOWN for one in told),
                age_years=any(one.note.age_years is not None for one in told),
                note_type=any(one.note.note_type is not None for one in told),
                texts=tuple(dict.fromkeys(one.statement.text for one in told)),
            )
            for key, told in self._by_case(originals).items()
        ]

    def historical_only(self, pairs: Sequence[Pair]) -> dict[Pair, int]:
        said: dict[Pair, dict[str, set[Assertion]]] = {pair: {} for pair in pairs}
        for one in self._record.evidence():
            if one.statement.pair in said and one.verdict.copy_of is None:
                of_pair = said[one.statement.pair]
                of_pair.setdefault(one.verdict.case_key, set()).add(one.statement.assertion)
        return {
            pair: list(cases.values()).count({Assertion.HISTORICAL}) for pair, cases in said.items()
        }

    @staticmethod
    def _by_case(evidence: list[Judged]) -> dict[str, list[Judged]]:
        cases: dict[str, list[Judged]] = {}
        for one in evidence:
            cases.setdefault(one.verdict.case_key, []).append(one)
        return dict(sorted(cases.items()))
