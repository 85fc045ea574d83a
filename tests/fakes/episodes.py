"""Three reports of one rash that nobody would take for each other, times, merges and counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.core.contracts import PatientMerge
from services.core.counting_ports import CaseRecord
from services.core.counts import CountDelta, combine

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
ARMS = "A rash spread over both arms soon after the first tablets of amoxicillin were taken."
SPOTS = "Itching red spots were seen by the nurse; amoxicillin was blamed and stopped at once."
CHEST = "Skin eruption of the chest, the general practitioner suspects the antibiotic in this."


def day(number: int) -> datetime:
    """A day counted from the first one of the year."""
    return NEW_YEAR + timedelta(days=number)


def merge(retired: str, surviving: str) -> PatientMerge:
    """That two pseudonyms are one patient."""
    return PatientMerge(source="adt", surviving=surviving, retired=retired, occurred_at=NEW_YEAR)


def counts(record: CaseRecord) -> CountDelta:
    """The derived counts, which the ledger must add up to without a gap."""
    sequence, derived = record.counts()
    entries = record.entries(0, 10_000)
    assert [entry.sequence for entry in entries] == list(range(1, sequence + 1))
    assert combine(entry.delta for entry in entries) == derived
    return derived
