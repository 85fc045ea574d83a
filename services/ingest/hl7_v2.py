"""HL7 v2 messages: MDM and ORU become notes, ADT becomes merges of patients.

    MDM^T02  original document                a note
    MDM^T04  status change with content       a new version of the note
    MDM^T06  addendum                         a note of its own beside its parent
    MDM^T08  edit                             a new version of the note
    MDM^T10  replacement                      a note, and the retraction of its parent (TXA-13)
    MDM^T11  cancel                           the retraction of the note
    ORU^R01  results                          a note per report (OBR)
    ADT^A40  merge, also A18 and A34          a merge of patients per PID and MRG

What a message replaces is outdated whether or not its own text can be read: a replacement, an edit
(T08) and a corrected report (OBR-25 is C) that are refused still retract it. A status change (T04)
retracts nothing then: the text that stands was not changed. What is refused beside a text is in
`Reading.refused` (decision 0031).

A document whose TXA-19 is CA (cancelled) or OB (obsolete), or whose OBX are all withdrawn, is
retracted. Events without content (T01, T03, T05, T07, T09) are refused: "unsupported-event".
Versions come from EVN-2 or MSH-7 (decision 0009).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from services.core.contracts import Note, NoteStatus, PatientMerge
from services.core.errors import InvalidMessage
from services.core.reading import Reading, Refusal
from services.ingest.content import reading_of, retraction_before
from services.ingest.hl7_content import all_withdrawn, content_of
from services.ingest.hl7_fields import (
    Sender,
    age,
    changed_at,
    document_id,
    first_time,
    patient,
    required,
    sender_of,
    source_of,
)
from services.ingest.hl7_message import Hl7Message, Segment, read_message
from services.ingest.intake import Intake, label, name, version_of

_RANKS = {"T02": 1, "T04": 2, "T06": 1, "T08": 3, "T10": 3, "T11": 4, "R01": 1}
"""Of two events of one moment the greater one is the later."""

_MERGES = frozenset(["A18", "A34", "A40"])
_GONE = frozenset(["CA", "OB"])
_REPLACING = "T10"
_CHANGING = frozenset(["T08", _REPLACING])


def parse_hl7(value: bytes, intake: Intake) -> Reading:
    """Read one HL7 v2 message.

    Raises:
        InvalidMessage: "not-hl7", "unsupported-event", "missing-field", "invalid-value",
            "no-text", or a reason of the character sets and attachments.
    """
    message = read_message(value)
    kind, event = _event(message)
    if kind == "MDM" and event in _RANKS:
        return _document(message, event, intake)
    if kind == "ORU" and event in ("R01", ""):
        return _reports(message, intake)
    if kind == "ADT" and event in _MERGES:
        return Reading(merges=tuple(_merges(message, intake)))
    raise InvalidMessage("unsupported-event", "MSH-9 is not read; see services/ingest/hl7_v2.py")


def _event(message: Hl7Message) -> tuple[str, str]:
    header = message.header
    event = header.component(9, 2)
    if not event and (evn := message.first("EVN")) is not None:
        event = evn.component(1)
    return header.component(9, 1).upper(), event.upper()


def _document(message: Hl7Message, event: str, intake: Intake) -> Reading:
    about = required(message, "TXA")
    sender = sender_of(message, intake)
    observations = list(message.all("OBX"))
    gone = event == "T11" or about.component(19).upper() in _GONE or all_withdrawn(observations)
    moments = [about.component(number) for number in (4, 6, 7)]
    written_at = first_time(intake, *moments) or sender.changed_at
    note = Note(
        source=sender.source,
        note_id=name(document_id(about, 12), "TXA-12"),
        version=version_of(sender.changed_at, _RANKS[event]),
        patient_key=sender.patient.key,
        written_at=written_at,
        text="",
        status=NoteStatus.RETRACTED,
        sex=sender.sex,
        age_years=age(message, intake, written_at),
        note_type=label(about.component(2, 2) or about.component(2)),
    )
    replaced = _replaced(about, note) if event == _REPLACING else []
    if gone:
        reading = Reading((note, *replaced))
    else:
        outdated = replaced or ([retraction_before(note)] if event in _CHANGING else [])
        reading = reading_of(
            note, lambda: content_of(observations, intake.max_text_bytes), outdated
        )
    return replace(reading, merges=sender.patient.merges(sender.source, written_at))


def _replaced(about: Segment, note: Note) -> list[Note]:
    """The retraction of the parent, if it is another document."""
    parent = document_id(about, 13)
    if not parent or (number := name(parent, "TXA-13")) == note.note_id:
        return []
    return [replace(note, note_id=number, status=NoteStatus.RETRACTED, text="")]


def _reports(message: Hl7Message, intake: Intake) -> Reading:
    """A note per filler order number; parts of one report are one note."""
    sender = sender_of(message, intake)
    notes: list[Note] = []
    refused: list[Refusal] = []
    for position, (request, observations) in enumerate(_groups(message)):
        try:
            reading = _report(message, request, observations, position, sender, intake)
        except InvalidMessage as error:
            refused.append(Refusal(position, error.reason, error.detail))
        else:
            notes.extend(reading.notes)
            refused.extend(reading.refused)
    if not notes and refused:
        raise InvalidMessage(refused[0].reason, refused[0].detail)
    if not notes:
        raise InvalidMessage("missing-field", "OBR")
    merges = sender.patient.merges(sender.source, notes[0].written_at)
    return Reading(tuple(notes), merges, tuple(refused))


def _report(
    message: Hl7Message,
    request: Segment,
    observations: Sequence[Segment],
    position: int,
    sender: Sender,
    intake: Intake,
) -> Reading:
    moments = [request.component(7), *(item.component(14) for item in observations[:1])]
    written_at = first_time(intake, *moments) or sender.changed_at
    status = request.component(25).upper()
    note = Note(
        source=sender.source,
        note_id=name(document_id(request, 3) or document_id(request, 2), "OBR-3, OBR-2"),
        version=version_of(sender.changed_at, _RANKS["R01"]),
        patient_key=sender.patient.key,
        written_at=written_at,
        text="",
        status=NoteStatus.RETRACTED,
        sex=sender.sex,
        age_years=age(message, intake, written_at),
        note_type=label(request.component(4, 2) or request.component(4)),
    )
    if status in ("X", "D") or all_withdrawn(observations):
        return Reading((note,))
    outdated = [retraction_before(note)] if status == "C" else []
    return reading_of(
        note, lambda: content_of(observations, intake.max_text_bytes), outdated, position
    )


def _groups(message: Hl7Message) -> Iterator[tuple[Segment, Sequence[Segment]]]:
    """Each OBR with the OBX up to the next one; OBR of one number are one group."""
    groups: dict[str, tuple[Segment, list[Segment]]] = {}
    current: list[Segment] | None = None
    for position, segment in enumerate(message.segments):
        if segment.name == "OBR":
            number = document_id(segment, 3) or document_id(segment, 2) or f"\x00{position}"
            _, current = groups.setdefault(number, (segment, []))
        elif segment.name == "OBX" and current is not None:
            current.append(segment)
    yield from groups.values()


def _merges(message: Hl7Message, intake: Intake) -> Iterator[PatientMerge]:
    source, at = source_of(message, intake), changed_at(message, intake)
    surviving: Segment | None = None
    found = 0
    for segment in message.segments:
        if segment.name == "PID":
            surviving = segment
        elif segment.name == "MRG" and surviving is not None:
            found += 1
            kept = patient(surviving, 3, message, intake)
            gone = patient(segment, 1, message, intake)
            yield from kept.absorbing(gone, source, at)
    if not found:
        raise InvalidMessage("missing-field", "PID, MRG")
