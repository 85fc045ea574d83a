"""The project's own JSON note: bytes to Note.

    {"schema_version": 1, "source": "st-marien", "note_id": "dm-0001", "version": 1,
     "patient_key": "p001", "written_at": "2026-03-02T10:15:00Z", "text": "...",
     "status": "current", "sex": "female", "age_years": 67, "note_type": "discharge summary"}

`source`, `note_id`, `patient_key` and `written_at` are required, and `text` of a current note; all
others may be absent or null. Fields that are not known are ignored; of a name that occurs twice the
last one holds.

Offsets of everything read from a note count the characters of `Note.text`, which is the JSON string
as it was sent, character for character: line ends and control characters stay. The one exception is
NUL, which databases refuse: a space takes its place, so that no offset shifts. The text of a
retracted note is dropped.

    reason          the message ...
    too-large       or its text is longer than the limit
    not-utf8        is not UTF-8
    not-json        is not JSON, nested too deeply, or holds NaN, infinity or half a surrogate pair
    not-an-object   is JSON, but not an object
    schema-too-new  was written for a later version of this service
    missing-field   lacks a required field
    missing-text    is current and lacks its text
    wrong-type      has a field of the wrong type
    invalid-value   has a field out of range, such as a time without an offset

No detail contains a value: it names fields and kinds of errors.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError, from_json

from services.core.contracts import NOTE_SCHEMA, Note, NoteStatus, Sex
from services.core.errors import InvalidMessage
from services.ingest.intake import MAX_TEXT_BYTES

_ENVELOPE_BYTES = 64 * 1024
_ESCAPED = 6  # a character of one byte is six bytes long when written as \u0041
_MAX_ERRORS_NAMED = 10

_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d[T ]")


def _is_iso(value: object) -> object:
    """Refuse numbers, which pydantic reads as seconds since 1970 even in a string ("20260302")."""
    if not isinstance(value, str):
        raise PydanticCustomError("datetime_type", "not a string")
    if not _ISO_DATE.match(value):
        raise PydanticCustomError("datetime_parsing", "not a date and time of ISO 8601")
    return value


_Time = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_is_iso)]
_Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class _JsonNote(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    source: _Name
    note_id: _Name
    patient_key: _Name
    written_at: _Time
    schema_version: Annotated[int, Field(ge=1)] = NOTE_SCHEMA
    version: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    text: str | None = None
    status: NoteStatus | None = None
    sex: Sex | None = None
    age_years: Annotated[int, Field(ge=0, le=150)] | None = None
    note_type: _Name | None = None


def parse_json_note(value: bytes, *, max_text_bytes: int = MAX_TEXT_BYTES) -> Note:
    """Read one JSON note.

    Args:
        value: the message, UTF-8, with or without a byte order mark.
        max_text_bytes: longest text accepted, in bytes of UTF-8.

    Raises:
        InvalidMessage: see the reasons at the top of this module.
    """
    if len(value) > max_text_bytes * _ESCAPED + _ENVELOPE_BYTES:
        raise InvalidMessage("too-large", f"the message has {len(value)} bytes")
    data = value.removeprefix(codecs.BOM_UTF8)
    _check_shape(data)
    return _note(_validated(data), max_text_bytes)


def _check_shape(data: bytes) -> None:
    """Pass for a JSON object of a known schema version."""
    reason, detail = "", ""
    payload: object = None
    try:
        data.decode("utf-8")
        payload = from_json(data, allow_inf_nan=False)
    except UnicodeDecodeError as error:
        reason, detail = "not-utf8", f"at byte {error.start}"
    except ValueError as error:
        reason, detail = "not-json", str(error)  # position and kind, never the input
    # Raised here and not in the handlers: the errors caught there hold the text.
    if reason:
        raise InvalidMessage(reason, detail)
    if not isinstance(payload, dict):
        raise InvalidMessage("not-an-object", f"found {type(payload).__name__}")
    version = payload.get("schema_version")
    if type(version) is int and version > NOTE_SCHEMA:
        raise InvalidMessage("schema-too-new", f"known up to schema version {NOTE_SCHEMA}")


def _validated(data: bytes) -> _JsonNote:
    try:
        return _JsonNote.model_validate_json(data)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
    raise InvalidMessage(_reason(problems), ", ".join(map(_named, problems[:_MAX_ERRORS_NAMED])))


def _reason(problems: Sequence[ErrorDetails]) -> str:
    """The gravest kind among the errors."""
    kinds = {problem["type"] for problem in problems}
    if "missing" in kinds:
        return "missing-field"
    # pydantic's names: "string_type", "int_type", "datetime_type"; other errors are of values.
    return "wrong-type" if any(kind.endswith("_type") for kind in kinds) else "invalid-value"


def _named(problem: ErrorDetails) -> str:
    return f"{problem['loc'][0] if problem['loc'] else 'message'}: {problem['type']}"


def _note(read: _JsonNote, max_text_bytes: int) -> Note:
    status = read.status or NoteStatus.CURRENT
    if status is NoteStatus.CURRENT and read.text is None:
        raise InvalidMessage("missing-text", "text: required while the note is current")
    text = (read.text or "") if status is NoteStatus.CURRENT else ""
    size = len(text.encode("utf-8"))
    if size > max_text_bytes:
        raise InvalidMessage("too-large", f"the text has {size} bytes, at most {max_text_bytes}")
    return Note(
        source=read.source,
        note_id=read.note_id,
        version=read.version or 1,
        patient_key=read.patient_key,
        written_at=_utc(read.written_at),
        text=text.replace("\x00", " "),
        status=status,
        sex=read.sex or Sex.UNKNOWN,
        age_years=read.age_years,
        note_type=read.note_type,
    )


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        pass
    raise InvalidMessage("invalid-value", "written_at: outside the calendar")
