"""What reviewers say of the evidence, and how that becomes labelled data for training.

A verdict is about a drug and an event at their places in a wording, not about a version of a
note: if the note is read again and the words are the same, it holds; if the words change, it is
silent. Verdicts carry no text of any note; `labelled` is the only thing here that does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from services.core import identity
from services.core.contracts import Assertion, MentionType, Pair
from services.core.copies import Place
from services.core.spans import Span


class Judgement(StrEnum):
    """Whether the text says that the drug caused the event, whatever it asserts of that."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceItem:
    """A relation of the standing version of a note, as a reviewer sees it.

    Attributes:
        note_key: identity of the note.
        position: of the relation among those of the note.
        drug: span in the note; `event` and `window` (what was read) likewise.
        assertion: what was extracted.
        text: of the window: patient text.
        section: part of the note that the event stands in; None before any heading.
        copy_of: the relation of an earlier note that this one repeats; None for an original, and
            for what does not count.
    """

    note_key: str
    position: int
    drug: Span
    event: Span
    window: Span
    assertion: Assertion
    text: str
    section: str | None = None
    copy_of: Place | None = None

    @property
    def place(self) -> Place:
        """Where the relation stands."""
        return Place(self.note_key, self.position)

    @property
    def key(self) -> str:
        """Identity of both places in this wording."""
        return evidence_key(self.note_key, self.drug, self.event, self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a person said of evidence.

    Attributes:
        evidence_key: see `EvidenceItem.key`.
        note_key: identity of the note.
        revision: counts the verdicts on this evidence from 1; the last one holds.
        judgement: what was said.
        status: what the text asserts of the relation, where the extraction is wrong in that.
        by: who.
        at: when.
    """

    evidence_key: str
    note_key: str
    revision: int
    judgement: Judgement
    status: Assertion | None
    by: str
    at: datetime


class VerdictRecord(Protocol):
    """The record of verdicts. Its calls block; failures as in `services.core.ports`."""

    def evidence(self, pair: Pair) -> list[EvidenceItem]:
        """The standing evidence of a pair, counted or not, in a fixed order."""
        ...

    def judge(
        self,
        note_key: str,
        evidence_key: str,
        judgement: Judgement,
        *,
        by: str,
        status: Assertion | None = None,
    ) -> Verdict | None:
        """Write down a verdict; None if no standing note has this evidence (any more)."""
        ...

    def verdicts(self) -> list[Verdict]:
        """All of them, by time."""
        ...

    def judged(self) -> Iterator[tuple[EvidenceItem, Verdict]]:
        """Standing evidence with the last verdict on it, by note."""
        ...


def evidence_key(note_key: str, drug: Span, event: Span, text: str) -> str:
    """Identity of a drug and an event in a wording of a note; tells nothing of the text."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return identity.identity("evidence", note_key, *drug, *event, digest)


def labelled(item: EvidenceItem, verdict: Verdict) -> dict[str, Any] | None:
    """A verdict as a labelled document, in the form of notes that training reads (JSON Lines).

    The document is the window with the two mentions: a relation if it was confirmed, none if it
    was refuted. Nothing else in it is annotated.

    Returns:
        None if the verdict is no label (unclear), or a mention lies beyond the window.
    """
    if verdict.judgement is Judgement.UNCLEAR:
        return None
    start, length = item.window.start, len(item.text)
    spans = [Span(span.start - start, span.end - start) for span in (item.drug, item.event)]
    if any(not 0 <= span.start < span.end <= length for span in spans):
        return None
    confirmed = verdict.judgement is Judgement.CONFIRMED
    status = verdict.status or item.assertion
    return {
        "note_id": item.key,
        "group": item.note_key,
        "text": item.text,
        "mentions": [
            {"id": name, "type": type_.value, "start": span.start, "end": span.end}
            for name, type_, span in zip(
                ("T1", "T2"), (MentionType.DRUG, MentionType.ADE), spans, strict=True
            )
        ],
        "relations": [{"drug": "T1", "event": "T2", "status": status.value}] if confirmed else [],
    }
