"""CDA under its usual names, and bodies of CDA that are no XML."""

from __future__ import annotations

import pytest

from services.core.errors import InvalidMessage
from services.ingest.attachments import Attachment, text_of_attachment
from tests.samples.hospital import CDA, HTML, RTF, TEXT, base64_of

LIMIT = 10_000
READ = "Discharge summary\nAllergies\n- Amoxicillin: rash\nPlan\nStop amoxicillin.\nTemp | 38.5"
PREFIXED = (
    '<?xml version="1.0"?><!-- a stylesheet --><n1:ClinicalDocument xmlns:n1="urn:hl7-org:v3">'
    "<n1:title>Discharge summary</n1:title></n1:ClinicalDocument>"
)


def text_of(media_type: str, data: str | bytes) -> str:
    raw = data.encode() if isinstance(data, str) else data
    return text_of_attachment(Attachment(media_type, raw), LIMIT)


def refusal(media_type: str, data: str | bytes) -> InvalidMessage:
    with pytest.raises(InvalidMessage) as caught:
        text_of(media_type, data)
    return caught.value


def with_body(content: str, attributes: str) -> str:
    return (
        '<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Letter</title><component><nonXMLBody>'
        f"<text {attributes}>{content}</text></nonXMLBody></component></ClinicalDocument>"
    )


@pytest.mark.parametrize(
    "media_type",
    ["application/hl7-v3+xml", "application/hl7-sda+xml", "Application/HL7-V3+XML; charset=utf-8",
     "application/cda+xml", "application/xml", "text/plain", "", "application/octet-stream"],
)  # fmt: skip
def test_cda_is_read_under_every_usual_name(media_type: str) -> None:
    assert text_of(media_type, CDA) == READ
    assert text_of(media_type, PREFIXED) == "Discharge summary"


def test_cda_behind_a_long_comment_or_in_utf_16_is_cda() -> None:
    long = PREFIXED.replace("a stylesheet", "licence " * 300)
    assert text_of("application/hl7-v3+xml", long) == "Discharge summary"
    wide = PREFIXED.replace("1.0", '1.0" encoding="UTF-16').encode("utf-16")
    assert text_of("application/hl7-v3+xml", wide) == "Discharge summary"


@pytest.mark.parametrize(
    ("media_type", "data"),
    [
        ("image/svg+xml", "<svg><text>rash</text></svg>"),
        ("application/fhir+xml", '<Patient xmlns="http://hl7.org/fhir"/>'),
        ("application/hl7-v3+xml", "<PRPA_IN201305UV02/>"),
    ],
)
def test_other_xml_is_not_taken_for_a_document(media_type: str, data: str) -> None:
    error = refusal(media_type, data)
    assert (error.reason, error.detail) == ("unsupported-attachment", f"{media_type} is not read")


def test_a_package_is_never_read_as_plain_text() -> None:
    data = "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x\n\nrash\n--x--"
    for media_type in ("", "text/plain", "multipart/related"):
        assert refusal(media_type, data).reason == "unsupported-attachment"


@pytest.mark.parametrize(
    ("content", "attributes", "expected"),
    [
        (TEXT, "", TEXT),
        (TEXT, 'mediaType="text/plain; charset=utf-8"', TEXT),
        ("Übelkeit", 'mediaType="text/plain"', "Übelkeit"),
        (base64_of(TEXT), 'mediaType="text/plain" representation="B64"', TEXT),
        (base64_of("Übel".encode("latin-1")),
         'mediaType="text/plain; charset=iso-8859-1" representation="B64"', "Übel"),
        (base64_of(HTML), 'mediaType="text/html" representation="B64"', "- stop amoxicillin"),
        (RTF, 'mediaType="text/rtf"', "rash after amoxicillin, 38.5°C."),
        (base64_of(RTF), 'mediaType="application/rtf" representation="B64"', "after amoxicillin"),
        (base64_of(RTF), 'mediaType="text/plain" representation="B64"', "after amoxicillin"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_xml_is_read_as_an_attachment(
    content: str, attributes: str, expected: str
) -> None:
    text = text_of("text/xml", with_body(content, attributes))
    assert text.startswith("Letter\n")
    assert expected in text
    assert "rtf1" not in text


@pytest.mark.parametrize(
    ("content", "attributes", "reason"),
    [
        (base64_of("%PDF-1"), 'mediaType="application/pdf" representation="B64"',
         "unsupported-attachment"),
        (base64_of("%PDF-1"), 'mediaType="text/plain" representation="B64"',
         "unsupported-attachment"),
        ("%%%", 'representation="B64"', "invalid-attachment"),
        (base64_of(b"\xff"), 'representation="B64"', "wrong-charset"),
        (base64_of("x"), 'representation="B64" compression="DF"', "unsupported-attachment"),
        ('<reference value="letter.pdf"/>', 'mediaType="application/pdf"',
         "unsupported-attachment"),
        ('<reference value="letter.txt"/>', "", "unsupported-attachment"),
        (base64_of(with_body("rash", "")), 'mediaType="text/xml" representation="B64"',
         "unsupported-attachment"),
        (base64_of(with_body("rash", "")), 'mediaType="text/plain" representation="B64"',
         "unsupported-attachment"),
    ],
)  # fmt: skip
def test_other_bodies_say_why_they_are_not_read(content: str, attributes: str, reason: str) -> None:
    error = refusal("text/xml", with_body(content, attributes))
    assert error.reason == reason
    assert not [known for known in ("rash", "letter") if known in str(error)]
