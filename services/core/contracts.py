"""The messages between the stages, as values: notes, what is read from them, and changed pairs.

Every type is frozen and carries the version of its shape. A reader accepts every older version
(`services.adapters.wire` upgrades it) and ignores fields it does not know. Offsets are half-open
character offsets [start, end) into `Note.text`. Times are aware and in UTC. Signals and alerts are
in `services.core.signal_contracts`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from services.core import identity

NOTE_SCHEMA = 1
EXTRACTION_SCHEMA = 3
PAIR_DELTA_SCHEMA = 1
MERGE_SCHEMA = 1


class NoteStatus(StrEnum):
    """Whether the source still stands by this version of the note."""

    CURRENT = "current"
    RETRACTED = "retracted"


class MentionType(StrEnum):
    """What a mention names."""

    DRUG = "DRUG"
    ADE = "ADE"


class Assertion(StrEnum):
    """What the writer of the note says of a relation."""

    AFFIRMED = "affirmed"
    HISTORICAL = "historical"
    UNCERTAIN = "uncertain"
    NEGATED = "negated"
    HYPOTHETICAL = "hypothetical"
    FAMILY = "family"


class Sex(StrEnum):
    """Stratum of administrative sex."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One version of one clinical document.

    `patient_key` is a pseudonym. A higher `version` replaces a lower one; a retraction outranks
    every version up to its own. `text` may be empty (and is, in a retraction).
    """

    source: str
    note_id: str
    version: int
    patient_key: str
    written_at: datetime
    text: str = field(repr=False)  # a traceback with the note in it must not show a patient
    status: NoteStatus = NoteStatus.CURRENT
    sex: Sex = Sex.UNKNOWN
    age_years: int | None = None
    note_type: str | None = None
    schema_version: int = NOTE_SCHEMA

    @property
    def key(self) -> str:
        """Identity of the document over all its versions."""
        return identity.note_key(self.source, self.note_id)


@dataclass(frozen=True, slots=True)
class Coding:
    """Where a concept comes from: a code of a version of a vocabulary.

    `score` says how sure the match is, 1 for a name of the concept as the vocabulary has it.
    """

    system: str
    code: str
    version: str
    score: float


@dataclass(frozen=True, slots=True)
class Named:
    """The name a mention is counted under, and its coding if a vocabulary knows it."""

    concept: str
    coding: Coding | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientMerge:
    """The source says that two pseudonyms are one patient: `retired` goes on as `surviving`.

    It comes from a merge in the hospital's index of patients, or from a new key of the pseudonyms
    (the same patient under the older and the current key). Applying it twice changes nothing.
    """

    source: str
    surviving: str
    retired: str
    occurred_at: datetime
    schema_version: int = MERGE_SCHEMA

    @property
    def merge_id(self) -> str:
        """Identity of the merge, whoever tells of it and however often."""
        return identity.identity("merge", self.surviving, self.retired)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A span [start, end) of the note that names a drug or an event.

    `mention_id` is unique in its extraction. `probability` is the mean probability of the tags of
    its words. `expansion` is what the note itself says an abbreviation means, "" if nothing.
    `concept` is the normalised name under which the mention is counted; `coding` is its place in
    a vocabulary, or None when no vocabulary has it.
    """

    mention_id: str
    type: MentionType
    start: int
    end: int
    text: str = field(repr=False)
    probability: float
    concept: str
    coding: Coding | None = None
    expansion: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """*This drug mention caused this event mention*, as the note has it.

    `drug_id` and `event_id` are mention ids of the same extraction. `probability` is the one that
    both are mentions and related, whatever the status (`services.core.confidence`).
    `evidence_start` and `evidence_end` span the window that was read; `evidence_text` is that text
    (patient text: it goes to the record, never to a log, a metric or a webhook). `section` is the
    name of the part of the note that the event stands in (`services.core.section_rules`); None
    before any heading.
    """

    relation_id: str
    drug_id: str
    event_id: str
    probability: float
    assertion: Assertion
    evidence_start: int
    evidence_end: int
    evidence_text: str = field(repr=False)
    section: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """What produced an extraction, so that it can be reproduced."""

    ner: str
    relation: str
    rules: str
    vocabulary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """Everything read from one version of a note. A retracted note has no mentions."""

    source: str
    note_id: str
    version: int
    status: NoteStatus
    patient_key: str
    written_at: datetime
    sex: Sex
    age_years: int | None
    note_type: str | None
    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]
    versions: Versions
    schema_version: int = EXTRACTION_SCHEMA

    @property
    def note_key(self) -> str:
        """Identity of the document over all its versions."""
        return identity.note_key(self.source, self.note_id)

    @property
    def retracted(self) -> bool:
        """Whether the note was taken back."""
        return self.status is NoteStatus.RETRACTED

    @property
    def extraction_id(self) -> str:
        """Identity of this extraction; the same note read again gets the same one."""
        return identity.extraction_id(self.source, self.note_id, self.version, self.retracted)

    @property
    def precedence(self) -> tuple[int, bool]:
        """Of two extractions of one note the greater wins, in whatever order they arrive."""
        return (self.version, self.retracted)


class Pair(NamedTuple):
    """A drug concept and an event concept."""

    drug: str
    event: str


class Table(NamedTuple):
    """The margins of a pair's 2×2 table, in cases: n11, n1. (drug), n.1 (event), n.. (all).

    `event` leaves out the cases that have the drug and the event but not this relation between
    them, so that n11, drug - n11, event - n11 and the rest partition the cases.
    """

    n11: int
    drug: int
    event: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairDelta:
    """The number of cases of a pair changed by `delta` in ledger entry `sequence`.

    Readers must not add deltas up: they are delivered at least once and say which pair to look
    at again. The counts themselves are in the hot counts and in the record.
    """

    sequence: int
    drug: str
    event: str
    delta: int
    recorded_at: datetime
    schema_version: int = PAIR_DELTA_SCHEMA

    @property
    def pair(self) -> Pair:
        """The pair whose count changed."""
        return Pair(self.drug, self.event)
