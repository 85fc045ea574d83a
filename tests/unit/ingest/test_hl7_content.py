"""Documents in OBX: beside text, in MIME packages, and escaped as HL7 has it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.core.errors import InvalidMessage
from services.core.reading import Reading
from services.ingest.hl7_v2 import parse_hl7
from tests.growth import assert_linear
from tests.samples.hospital import CDA, HTML, INTAKE, RTF, TEXT, base64_of, hl7, oru, package

PDF = f"^application^PDF^Base64^{base64_of('%PDF-1.4')}"
ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "~": "\\R\\", "&": "\\T\\", "\n": "\\.br\\"}


def read(observations: list[str], event: str = "MDM^T02") -> Reading:
    return parse_hl7(hl7(event, observations="\r".join(observations)).encode(), INTAKE)


def refusal(observations: list[str]) -> InvalidMessage:
    with pytest.raises(InvalidMessage) as caught:
        read(observations)
    return caught.value


def obx(value: str, kind: str = "TX", name: str = "N^Note", status: str = "F") -> str:
    return f"OBX|1|{kind}|{name}||{value}||||||{status}"


def ed(text: str, subtype: str, name: str = "N^Note") -> str:
    return obx(f"^TEXT^{subtype}^Base64^{base64_of(text)}", "ED", name)


def escaped(text: str) -> str:
    return "".join(ESCAPES.get(character, character) for character in text)


def part(media_type: str, body: str) -> str:
    """A part of a package."""
    return f"Content-Type: {media_type}\n\n{body}"


def packed(*parts: str, subtype: str = "related", declared: str = "multipart^related") -> str:
    return obx(f"^{declared}^A^{escaped(package(*parts, subtype=subtype))}", "ED")


def test_readable_documents_are_appended_in_their_order() -> None:
    reading = read([ed("first", "PLAIN"), obx("see attached"), ed(RTF, "RTF"), ed(HTML, "HTML")])
    (note,) = reading.notes
    assert note.text.split("\n")[:3] == ["first", "see attached", "Assessment:"]
    assert note.text.index("38.5°C") < note.text.index("- stop amoxicillin")
    assert reading.refused == ()


def test_documents_of_other_names_have_headings_as_text_has() -> None:
    (note,) = read([obx("clear", name="F^Findings"), ed("rash", "PLAIN", "L^Letter")]).notes
    assert note.text == "Findings:\nclear\nLetter:\nrash"


@pytest.mark.parametrize(
    ("value", "kind", "reason"),
    [
        (PDF, "ED", "unsupported-attachment"),
        ("^TEXT^PLAIN^Base64^%%%", "ED", "invalid-attachment"),
        ("^TEXT^PLAIN^Base64^/w==", "ED", "wrong-charset"),
        ("JVBERi0xLjQ=", "ED", "invalid-attachment"),
        ("^JVBERi0xLjQ=", "ED", "invalid-attachment"),
        ("/share/doc.pdf", "RP", "unsupported-attachment"),
    ],
)
def test_an_unreadable_document_beside_text_is_refused_and_the_text_read(
    value: str, kind: str, reason: str
) -> None:
    reading = read([obx("See attached report.", "ST"), obx(value, kind, "P^Scan of the report")])
    assert [note.text for note in reading.notes] == ["See attached report."]
    (refused,) = reading.refused
    assert (refused.position, refused.reason, refused.partly) == (0, reason, True)
    assert refused.detail.startswith("OBX 2: ")
    assert reading.complaint is not None
    assert not [known for known in ("share", "See", "Scan") if known in str(reading.complaint)]


def test_a_pdf_beside_a_readable_document_is_not_dropped() -> None:
    reading = read([obx(PDF, "ED"), ed(RTF, "RTF")])
    assert "rash after amoxicillin" in reading.notes[0].text
    assert [item.reason for item in reading.refused] == ["unsupported-attachment"]


def test_withdrawn_and_empty_documents_leave_nothing_behind() -> None:
    withdrawn, empty = (
        obx(PDF, "ED", status="W"),
        [obx("", "ED"), obx('""', "ED"), obx("^TEXT^PLAIN^A^", "ED")],
    )
    reading = read([obx("rash"), withdrawn, *empty])
    assert ([note.text for note in reading.notes], reading.refused) == (["rash"], ())
    assert [note.text for note in read(empty).notes] == [""]


def test_a_document_that_no_longer_fits_is_refused_and_the_text_kept() -> None:
    small = replace(INTAKE, max_text_bytes=50)
    observations = [ed("a" * 30, "PLAIN"), obx("b" * 30), ed("c" * 10, "PLAIN")]
    message = hl7(observations="\r".join(observations)).encode()
    reading = parse_hl7(message, small)
    assert [note.text for note in reading.notes] == ["b" * 30]
    assert [(item.reason, item.detail[:5]) for item in reading.refused] == [
        ("too-large", "OBX 1"), ("too-large", "OBX 3"),
    ]  # fmt: skip


def test_a_refused_document_names_its_report() -> None:
    message = oru(("R1", obx("clear")), ("R2", "\r".join([obx("see PDF"), obx(PDF, "ED")])))
    reading = parse_hl7(message.encode(), INTAKE)
    assert [note.text for note in reading.notes] == ["clear", "see PDF"]
    assert [item.position for item in reading.refused] == [1]


@pytest.mark.parametrize(
    "declared", ["multipart^related", "multipart^x-hl7-cda-level-one", "TEXT^"]
)
@pytest.mark.parametrize("encoded", [False, True])
def test_a_package_is_unwrapped(declared: str, encoded: bool) -> None:
    head = "Content-Type: application/hl7-v3+xml"
    cda = CDA.replace("rash", "Übelkeit")
    part = f"{head}\nContent-Transfer-Encoding: base64\n\n{base64_of(cda)}" if encoded else (
        f"{head}\nContent-Transfer-Encoding: 8bit\n\n{cda}"
    )  # fmt: skip
    reading = read([packed(part, declared=declared)])
    (note,) = reading.notes
    assert note.text.startswith("Discharge summary\nAllergies\n- Amoxicillin: Übelkeit\nPlan")
    assert reading.refused == ()


def test_text_of_the_message_is_not_decoded_twice() -> None:
    latin = CDA.replace("UTF-8", "ISO-8859-1").replace("rash", "Übelkeit")
    values = [
        f"^TEXT^XML^A^{escaped(latin)}",
        f"^multipart^related^A^{escaped(package(part('text/xml', latin)))}",
        f"^TEXT^RTF^A^{escaped(RTF.replace('rash', 'Übelkeit'))}",
    ]
    for value in values:
        assert "Übelkeit" in read([obx(value, "ED")]).notes[0].text


def test_what_a_package_holds_beside_its_text_is_refused() -> None:
    picture = f"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n{base64_of('x')}"
    reading = read([packed(part("text/xml", CDA), picture, subtype="mixed")])
    assert "Amoxicillin: rash" in reading.notes[0].text
    assert [(item.reason, item.partly) for item in reading.refused] == [
        ("unsupported-attachment", True)
    ]
    assert refusal([packed(picture)]).reason == "unsupported-attachment"


UNSUPPORTED = "unsupported-attachment"
CODED = "Content-Transfer-Encoding: base64"
NESTED = "".join(f"Content-Type: multipart/mixed; boundary=e{n}\n\n--e{n}\n" for n in range(50))
UNBOUNDED = "MIME-Version: 1.0\nContent-Type: multipart/mixed\n\nrash"


def within(text: str) -> str:
    return obx(f"^multipart^related^A^{escaped(text)}", "ED")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (packed(part("text/plain", "rash"), subtype="alternative"), UNSUPPORTED),
        (within("no package but rash"), UNSUPPORTED),
        (within(UNBOUNDED), UNSUPPORTED),
        (packed(f"{CODED}\n\n%"), "invalid-attachment"),
        (packed("Content-Transfer-Encoding: uuencode\n\nrash"), UNSUPPORTED),
        (packed("\n\nrash\n--edge" * 2000), "too-large"),
        (within(f"MIME-Version: 1.0\n{NESTED}"), "too-large"),
        (packed(part("text/plain", "x\n" * 400_000)), "too-large"),
        (packed(f"{CODED}\n\n{base64_of(package(part('text/plain', 'rash')))}"), UNSUPPORTED),
    ],
)
def test_other_packages_say_why_they_are_not_read(value: str, reason: str) -> None:
    error = refusal([value])
    assert error.reason == reason
    assert "rash" not in str(error)


@pytest.mark.parametrize("junk", [";", "\n;", '"', "a=b;", "X: y\n"])
def test_a_package_with_an_endless_header_takes_linear_time(junk: str) -> None:
    def unwrap(size: int) -> None:
        head = f"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=edge{junk * size}"
        with_junk = obx(f"^multipart^related^Base64^{base64_of(head)}", "ED")
        read([obx("rash"), with_junk])

    assert_linear(unwrap, size=20_000)


@pytest.mark.parametrize("between", ["\\.br\\", "\\X0D\\", "\\X0D0A\\", "\r\n", " "])
def test_base64_may_be_cut_into_lines_as_hl7_escapes_them(between: str) -> None:
    whole = base64_of(TEXT)
    cut = between.join(whole[at : at + 20] for at in range(0, len(whole), 20))
    assert read([obx(f"^TEXT^PLAIN^Base64^{cut}", "ED")]).notes[0].text == TEXT
