"""HL7 v2: documents, reports and merges, their versions, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.core.contracts import Note, NoteStatus, Sex
from services.core.errors import InvalidMessage
from services.core.pseudonyms import Pseudonymiser, parse_keys
from services.core.reading import Reading
from services.ingest.hl7_v2 import parse_hl7
from tests.samples.hospital import HTML, INTAKE, KEY, RTF, TEXT, base64_of, hl7, merge, oru

OLD = "k0:an-older-secret-of-the-tests"


def read(message: str, charset: str = "utf-8") -> Reading:
    return parse_hl7(message.encode(charset), INTAKE)


def only(message: str) -> Note:
    (note,) = read(message).notes
    return note


def refusal(message: str | bytes) -> InvalidMessage:
    data = message if isinstance(message, bytes) else message.encode()
    with pytest.raises(InvalidMessage) as caught:
        parse_hl7(data, INTAKE)
    return caught.value


def obx(text: str, kind: str = "TX", name: str = "N^Note", status: str = "F") -> str:
    return f"OBX|1|{kind}|{name}||{text}||||||{status}"


def test_a_document_with_everything() -> None:
    note = only(hl7())
    assert note == Note(
        source="ST-MARIEN/EHR",
        note_id="DOC1@EHR",
        version=note.version,
        patient_key=INTAKE.pseudonyms.pseudonym("HOSP", "4711").key,
        written_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        text=TEXT,
        sex=Sex.FEMALE,
        age_years=66,
        note_type="Discharge summary",
    )


def test_nothing_of_the_patient_but_strata_is_kept() -> None:
    shown = repr(only(hl7()))
    assert not [known for known in ("4711", "DOE", "JANE", "1959", "Elm") if known in shown]


def test_every_later_event_has_a_higher_version_even_of_the_same_second() -> None:
    events = ["MDM^T02", "MDM^T04", "MDM^T08", "MDM^T11"]
    versions = [only(hl7(event)).version for event in events]
    assert versions == sorted(set(versions))
    assert only(hl7("MDM^T02", at="20260302101501")).version > versions[-1]


def test_a_change_millennia_ahead_is_refused() -> None:
    assert only(hl7(at="48001231235959")).version < 2**63
    error = refusal(hl7(at="60260302101500"))
    assert (error.reason, error.detail) == ("invalid-value", "a change in the year 6026")


def test_a_message_sent_again_later_keeps_its_version() -> None:
    again = hl7(at="20260401000000", evn="20260302101500")
    assert only(again).version == only(hl7()).version


def test_a_day_is_no_time_of_an_event() -> None:
    assert only(hl7(evn="20260301")).version == only(hl7()).version


def test_times_without_an_offset_are_in_the_hospitals_zone() -> None:
    berlin = replace(INTAKE, zone=ZoneInfo("Europe/Berlin"))
    (note,) = parse_hl7(hl7().encode(), berlin).notes
    assert note.written_at == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    assert note.age_years == 66


def test_an_offset_of_the_message_counts() -> None:
    note = only(hl7().replace("20260302093000", "20260302093000.25-0500"))
    assert note.written_at == datetime(2026, 3, 2, 14, 30, 0, 250_000, tzinfo=UTC)


def test_a_cancelled_document_is_retracted_and_needs_no_text() -> None:
    note = only(hl7("MDM^T11", observations=""))
    assert (note.status, note.text) == (NoteStatus.RETRACTED, "")


@pytest.mark.parametrize("available", ["CA", "OB"])
def test_an_unavailable_document_is_retracted(available: str) -> None:
    assert only(hl7("MDM^T04", available=available)).status is NoteStatus.RETRACTED


def test_a_replacement_retracts_its_parent() -> None:
    new, old = read(hl7("MDM^T10", number="DOC2^EHR", parent="DOC1^EHR")).notes
    assert (new.note_id, new.status, new.text) == ("DOC2@EHR", NoteStatus.CURRENT, TEXT)
    assert (old.note_id, old.status, old.text) == ("DOC1@EHR", NoteStatus.RETRACTED, "")
    assert old.version > only(hl7()).version
    assert old.patient_key == new.patient_key


def test_an_addendum_stands_beside_its_parent() -> None:
    note = only(hl7("MDM^T06", number="DOC2^EHR", parent="DOC1^EHR"))
    assert (note.note_id, note.status) == ("DOC2@EHR", NoteStatus.CURRENT)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"5\T\6 a\S\b c\F\d e\R\f g\E\h", "5&6 a^b c|d e~f g\\h"),
        (r"line\.br\next\.sp2\after", "line\nnext\n\nafter"),
        (r"\H\bold\N\ text \X41\\X42\ \XC3A4\ \ZABC\end", "bold text AB ä end"),
        (r"C:\temp\new is a path", r"C:\temp\new is a path"),
        (r"a\.sp999999999\b", "a" + "\n" * 20 + "b"),
        (r"\C2842\ and \X0D0A\.", "� and \n."),
        ("one~two", "one\ntwo"),
        ("S/P CABG & stent^2", "S/P CABG & stent^2"),
        ("", ""),
    ],
)
def test_escapes_and_repetitions(written: str, meant: str) -> None:
    assert only(hl7(observations=obx(written, "FT"))).text == meant


def test_line_ends_that_were_not_escaped_lose_no_text() -> None:
    text = "Seen today.\rPMH\rAST 40, rash.\r\rNSAID stopped.\rDone."
    assert only(hl7(observations=obx(text))).text == text.replace("\r", "\n")
    whole = base64_of(TEXT)
    broken = "\r".join(whole[at : at + 20] for at in range(0, len(whole), 20))
    document = obx(f"^TEXT^PLAIN^Base64^{broken}", "ED")
    assert only(hl7(observations=document)).text == TEXT
    # After an observation that is complete nothing is text.
    assert only(hl7(observations=f"{obx('wrong', status='D')}\rNTE")).status == "retracted"
    assert only(hl7().replace("\r", "\r\r")) == only(hl7())


def test_observations_of_one_name_are_lines_and_others_have_headings() -> None:
    same = only(hl7(observations=f"{obx('one')}\r{obx('two')}")).text
    assert same == "one\ntwo"
    parts = [obx("clear", name="F^Findings"), obx("lungs", name="F^Findings"),
             obx("normal", name="I^Impression")]  # fmt: skip
    assert only(hl7(observations="\r".join(parts))).text == (
        "Findings:\nclear\nlungs\nImpression:\nnormal"
    )


def test_withdrawn_observations_are_left_out_and_all_of_them_retract() -> None:
    kept = only(hl7(observations=f"{obx('wrong', status='W')}\r{obx('right')}"))
    assert kept.text == "right"
    assert only(hl7(observations=obx("wrong", status="D"))).status is NoteStatus.RETRACTED


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f"EHR^TEXT^PLAIN^Base64^{base64_of(TEXT)}", TEXT),
        (f"EHR^TEXT^HTML^Base64^{base64_of(HTML)}", "Assessment\nThe patient"),
        (f"EHR^application^rtf^Base64^{base64_of(RTF)}", "rash after amoxicillin, 38.5°C."),
        (f"^TEXT^^A^{TEXT}", TEXT),
        ("^TEXT^PLAIN^Hex^72617368", "rash"),
    ],
)
def test_encapsulated_documents_are_read(value: str, expected: str) -> None:
    assert expected in only(hl7(observations=obx(value, "ED"))).text


@pytest.mark.parametrize(
    "value",
    [
        "EHR^application^PDF^Base64^" + base64_of("%PDF-1.4"),
        "EHR^TEXT^^Base64^" + base64_of("%PDF-1.4"),
        "EHR^IM^TIFF^Base64^" + base64_of("II*"),
        "EHR^AU^BASIC^Base64^AAAA",
    ],
)
def test_a_pdf_and_an_image_say_that_they_are_not_read(value: str) -> None:
    error = refusal(hl7(observations=obx(value, "ED")))
    assert error.reason == "unsupported-attachment"


def test_text_beside_a_pdf_is_read_and_the_pdf_is_kept() -> None:
    pdf = obx("^application^PDF^Base64^" + base64_of("%PDF-1.4"), "ED")
    reading = read(hl7(observations=f"{pdf}\r{obx('rash')}"))
    assert [note.text for note in reading.notes] == ["rash"]
    assert [(item.position, item.reason, item.detail) for item in reading.refused] == [
        (0, "unsupported-attachment", "OBX 1: application/pdf is not read")
    ]


@pytest.mark.parametrize(
    ("declared", "charset"),
    [("", "utf-8"), ("UNICODE UTF-8", "utf-8"), ("8859/1", "latin-1"), ("8859/15", "iso8859-15"),
     ("8859/2", "iso8859-2"), ("ISO IR87", "iso2022_jp"), ("8859/1~UNICODE UTF-8", "latin-1"),
     ("ISO IR6", "utf-8"), ("ISO IR159", "iso2022_jp_1"), ("UNICODE", "utf-8"),
     ("UNICODE UTF-16", "utf-16"), ("UNICODE UTF-16", "utf-16-be"),
     ("UNICODE UTF-16~ASCII", "utf-16-le"), ("UNICODE UTF-32", "utf-32"),
     ("UNICODE UTF-32", "utf-32-be"), ("UNICODE UTF-32", "utf-32-le")],
)  # fmt: skip
def test_the_declared_character_set_holds(declared: str, charset: str) -> None:
    text = "Rash after amoxicillin, the skin burned" + (
        "。" if charset.startswith("iso2022") else " für Übel"
    )
    message = hl7(observations=obx(text), charset=declared)
    (note,) = read(message, charset).notes
    assert note.text == text


def test_bytes_of_another_character_set_are_refused_and_not_guessed() -> None:
    assert refusal(hl7(observations=obx("Übelkeit")).encode("latin-1")).reason == "wrong-charset"
    assert refusal(hl7(charset="KLINGON")).reason == "unsupported-charset"
    assert refusal(hl7(charset="UNICODE UTF-16")).reason == "wrong-charset"
    assert refusal(hl7().encode("utf-16")).reason == "wrong-charset"
    assert refusal(hl7(charset="UNICODE UTF-16").encode("utf-32")).reason == "wrong-charset"
    assert refusal(hl7(charset="UNICODE UTF-16").encode("utf-16") + b"x").reason == "wrong-charset"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_other_line_ends_are_accepted(end: str) -> None:
    assert only(hl7().replace("\r", end)) == only(hl7())


def test_the_frame_of_mllp_is_no_part_of_the_message() -> None:
    assert only(f"\x0b{hl7()}\x1c\r") == only(hl7())
    wide = hl7(charset="UNICODE UTF-16").encode("utf-16-le")
    assert parse_hl7(b"\x0b" + wide + b"\x1c\r", INTAKE).notes == (only(hl7()),)


def test_other_delimiters_are_read() -> None:
    message = hl7(observations=obx("rash")).replace("^", "*").replace("|", "#")
    assert only(message).note_id == "DOC1@EHR"


def test_each_report_of_a_result_is_a_note() -> None:
    reading = read(oru(("R1", obx("clear lungs")), ("R2", obx("no fracture"))))
    assert [(note.note_id, note.text) for note in reading.notes] == [
        ("R1@RAD", "clear lungs"),
        ("R2@RAD", "no fracture"),
    ]
    assert reading.notes[0].note_type == "Chest X-ray"
    assert reading.notes[0].written_at == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_parts_of_one_report_are_one_note() -> None:
    (note,) = read(oru(("R1", obx("clear lungs")), ("R1", obx("no fracture")))).notes
    assert note.text == "clear lungs\nno fracture"


def test_an_unreadable_report_does_not_stop_the_others() -> None:
    reading = read(oru(("R1", obx("7.2", "NM")), ("R2", obx("no fracture"))))
    assert [note.note_id for note in reading.notes] == ["R2@RAD"]
    assert [(item.position, item.reason) for item in reading.refused] == [(0, "no-text")]
    assert reading.complaint is not None
    assert "1 unreadable" in reading.complaint[1]


def test_a_cancelled_report_is_retracted() -> None:
    (note,) = read(oru(("R1", obx("clear")), status="X")).notes
    assert note.status is NoteStatus.RETRACTED


def test_a_merge_names_who_goes_on_and_who_is_retired() -> None:
    reading = read(merge())
    (found,) = reading.merges
    assert not reading.notes
    assert found.surviving == only(hl7()).patient_key
    assert found.retired == only(hl7(patient="0815^^^HOSP^MR")).patient_key
    assert found.occurred_at == datetime(2026, 3, 3, 7, 59, tzinfo=UTC)
    assert found.source == "ST-MARIEN/ADT"


def test_a_merge_of_a_patient_with_itself_is_none() -> None:
    assert read(merge(retired="4711^^^HOSP^MR")).merges == ()


def test_the_medical_record_number_names_the_patient_among_several() -> None:
    assert only(hl7(patient="A9^^^INS^HC~4711^^^HOSP^MR")).patient_key == only(hl7()).patient_key


def test_a_new_key_merges_the_older_pseudonym() -> None:
    rotated = replace(INTAKE, pseudonyms=Pseudonymiser(parse_keys(f"k2:{'n' * 16} {KEY}")))
    reading = parse_hl7(hl7().encode(), rotated)
    (found,) = reading.merges
    assert found.surviving == reading.notes[0].patient_key
    assert found.surviving.startswith("k2-")
    assert found.retired == only(hl7()).patient_key


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("", "not-hl7"),
        ("MSH", "not-hl7"),
        ("MSH|^~\\&|", "unsupported-event"),
        ("PID|1||4711", "not-hl7"),
        ("FHS|^~\\&|x\rMSH|^~\\&|", "unsupported-event"),
        ("MSHAAAAAAAA", "not-hl7"),
        ("MSH||||||||", "unsupported-event"),
        ("MSH|^^\\&|EHR", "not-hl7"),
        (hl7() + hl7(), "unsupported-event"),
        (hl7("ADT^A01"), "unsupported-event"),
        (hl7("MDM^T01"), "unsupported-event"),
        (hl7().replace("TXA|", "ZXA|"), "missing-field"),
        (hl7().replace("PID|", "ZID|"), "missing-field"),
        (hl7(patient=""), "missing-field"),
        (hl7(number=""), "missing-field"),
        (hl7(number="x" * 300), "invalid-value"),
        (hl7(at="yesterday"), "missing-field"),
        (hl7(observations=""), "no-text"),
        (hl7(observations=obx("7", "NM")), "no-text"),
        (hl7(observations=obx("^TEXT^PLAIN^Base64^%%%", "ED")), "invalid-attachment"),
        (hl7(observations=obx("/share/doc.pdf", "RP")), "unsupported-attachment"),
        (hl7(observations=obx("x" * 2_000_001)), "too-large"),
        (merge(retired=""), "missing-field"),
        (merge().replace("MRG|", "ZRG|"), "missing-field"),
        (oru(), "missing-field"),
    ],
)
def test_what_is_refused_says_why_without_the_content(message: str, reason: str) -> None:
    error = refusal(message)
    assert error.reason == reason
    assert not [known for known in ("4711", "DOE", "rash", "share") if known in str(error)]


def test_a_megabyte_of_lines_is_read() -> None:
    lines = "\r".join(obx("The patient is well and was seen on the ward.") for _ in range(20_000))
    assert len(only(hl7(observations=lines)).text) > 900_000


def test_more_segments_than_allowed_are_refused() -> None:
    assert refusal(hl7() + "\r" * 100_001 + "x").reason == "too-large"
