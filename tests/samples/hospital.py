"""Messages in the likeness of public examples of FHIR R4 and HL7 v2, written for the tests.

Names, numbers and notes are invented.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC

from services.core.pseudonyms import Pseudonymiser, parse_keys
from services.ingest.intake import Intake

TEXT = "The patient developed a rash on the arms after she was given amoxicillin for otitis."
KEY = "k1:a-secret-of-the-tests-only"
INTAKE = Intake(Pseudonymiser(parse_keys(KEY)), max_text_bytes=2_000_000, zone=UTC)

RTF = (
    r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}}\f0\fs20 "
    r"\b Assessment:\b0\par The patient developed a rash after amoxicillin, 38.5\'b0C.\par}"
)
HTML = (
    "<html><head><title>x</title><style>p {color: red}</style></head><body><h2>Assessment</h2>"
    "<p>The patient developed a <b>rash</b> &amp; fever<br>after amoxicillin.</p>"
    "<ul><li>stop amoxicillin</li><li>see the nurse</li></ul>"
    "<table><tr><td>Temp</td><td>38.5</td></tr></table><script>alert(1)</script></body></html>"
)
CDA = (
    '<?xml version="1.0" encoding="UTF-8"?><ClinicalDocument xmlns="urn:hl7-org:v3">'
    "<title>Discharge summary</title><recordTarget><patientRole><id extension='123'/>"
    "<patient><name>Secret Name</name></patient></patientRole></recordTarget>"
    "<component><structuredBody><component><section><title>Allergies</title><text><list>"
    "<item>Amoxicillin: rash</item></list></text></section></component><component><section>"
    "<title>Plan</title><text><paragraph>Stop <content>amoxicillin</content>.</paragraph>"
    "<table><tbody><tr><th>Temp</th><td>38.5</td></tr></tbody></table></text></section>"
    "</component></structuredBody></component></ClinicalDocument>"
)


def base64_of(text: str | bytes) -> str:
    """The text in base64."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


CDA_OF_RTF = (
    '<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Letter</title><component><nonXMLBody>'
    f'<text mediaType="text/rtf" representation="B64">{base64_of(RTF)}</text></nonXMLBody>'
    "</component></ClinicalDocument>"
)


def package(*parts: str, subtype: str = "related") -> str:
    """A MIME package of parts that begin with their headers."""
    lines = "".join(f"--edge\n{part}\n" for part in parts)
    head = f'MIME-Version: 1.0\nContent-Type: multipart/{subtype}; boundary="edge"'
    return f"{head}\n\n{lines}--edge--\n"


def hl7(
    event: str = "MDM^T02^MDM_T02",
    *,
    observations: str = f"OBX|1|TX|18842-5^Discharge summary^LN||{TEXT}||||||F",
    at: str = "20260302101500",
    evn: str = "",
    number: str = "DOC1^EHR",
    parent: str = "",
    available: str = "AV",
    charset: str = "",
    patient: str = "4711^^^HOSP^MR",
) -> str:
    """An MDM message; segments end with carriage returns."""
    return "\r".join(
        [
            f"MSH|^~\\&|EHR|ST-MARIEN|ADEWATCH|PV|{at}||{event}|MSG0001|P|2.5.1||||||{charset}",
            f"EVN|{event.split('^')[1]}|{evn or at}",
            f"PID|1||{patient}||DOE^JANE^Q||19590314|F|||12 Elm St^^Springfield||555-0101",
            "PV1|1|I|W7^701^A|||1234^SMITH^ADAM^^^DR",
            f"TXA|1|DS^Discharge summary|TX|20260302093000|1234^SMITH|||||||{number}|{parent}"
            f"||||AU||{available}",
            observations,
            "ZDS|1|local|segment",
            "",
        ]
    )


def packed(text: str) -> bytes:
    """An MDM message with a CDA document in a package with HTML, beside a text and a PDF."""
    whole = package(f"Content-Type: text/xml\n\n{text}", f"Content-Type: text/html\n\n{HTML}")
    observations = [
        "OBX|1|ST|N^Note||See attached.",
        f"OBX|2|ED|N^Note||^multipart^related^Base64^{base64_of(whole)}||||||F",
        f"OBX|3|ED|N^Note||^application^PDF^Base64^{base64_of('%PDF-1.4')}||||||F",
    ]
    return hl7("MDM^T08", observations="\r".join(observations)).encode()


def oru(*reports: tuple[str, str], at: str = "20260302101500", status: str = "F") -> str:
    """An ORU^R01 message with (filler number, OBX segments) per report."""
    lines = [
        f"MSH|^~\\&|RAD|ST-MARIEN|ADEWATCH|PV|{at}||ORU^R01^ORU_R01|MSG0002|P|2.5.1",
        "PID|1||4711^^^HOSP^MR||DOE^JANE||19590314|F",
    ]
    for position, (number, observations) in enumerate(reports, start=1):
        lines.append(
            f"OBR|{position}||{number}^RAD|71046^Chest X-ray^C4|||20260301120000{'|' * 18}{status}"
        )
        lines.append(observations)
    return "\r".join([*lines, ""])


def merge(surviving: str = "4711^^^HOSP^MR", retired: str = "0815^^^HOSP^MR") -> str:
    """An ADT^A40 message."""
    return "\r".join(
        [
            "MSH|^~\\&|ADT|ST-MARIEN|ADEWATCH|PV|20260303080000||ADT^A40^ADT_A39|MSG3|P|2.5.1",
            "EVN|A40|20260303075900",
            f"PID|1||{surviving}||DOE^JANE||19590314|F",
            f"MRG|{retired}",
            "",
        ]
    )


def attachment(data: str | bytes = TEXT, content_type: str | None = "text/plain") -> dict[str, str]:
    """A FHIR Attachment with its document in base64."""
    typed = {"contentType": content_type} if content_type else {}
    return {**typed, "data": base64_of(data)}


def document(**changes: object) -> dict[str, object]:
    """A FHIR R4 DocumentReference; a change to None leaves the element out."""
    resource: dict[str, object] = {
        "resourceType": "DocumentReference",
        "id": "doc-1",
        "meta": {"versionId": "1", "lastUpdated": "2026-03-02T10:15:00Z"},
        "text": {"status": "generated", "div": "<div>generated</div>"},
        "status": "current",
        "docStatus": "final",
        "type": {"coding": [{"system": "http://loinc.org", "code": "18842-5",
                             "display": "Discharge summary"}]},
        "subject": {"reference": "Patient/p-1"},
        "date": "2026-03-02T10:30:00+01:00",
        "author": [{"reference": "Practitioner/x"}],
        "content": [{"attachment": attachment()}],
        "context": {"encounter": [{"reference": "Encounter/e-1"}]},
    } | changes  # fmt: skip
    return {name: value for name, value in resource.items() if value is not None}


def patient(**changes: object) -> dict[str, object]:
    """A FHIR R4 Patient."""
    return {
        "resourceType": "Patient",
        "id": "p-1",
        "meta": {"lastUpdated": "2026-03-02T10:00:00Z"},
        "identifier": [
            {"system": "urn:insurer", "value": "A123"},
            {"system": "urn:hosp", "value": "4711", "type": {"coding": [{"code": "MR"}]}},
        ],
        "name": [{"family": "Doe", "given": ["Jane"]}],
        "gender": "female",
        "birthDate": "1959-03-14",
    } | changes


def encounter(**changes: object) -> dict[str, object]:
    """A FHIR R4 Encounter."""
    return {
        "resourceType": "Encounter",
        "id": "e-1",
        "status": "finished",
        "class": {"code": "IMP"},
        "period": {"start": "2026-02-27T08:00:00+01:00"},
    } | changes


def bundle(*resources: dict[str, object], kind: str = "collection") -> dict[str, object]:
    """A FHIR R4 Bundle."""
    return {
        "resourceType": "Bundle",
        "type": kind,
        "timestamp": "2026-03-02T11:00:00Z",
        "entry": [
            {"fullUrl": f"http://ehr/fhir/{item['resourceType']}/{item['id']}", "resource": item}
            for item in resources
        ],
    }


def encoded(resource: dict[str, object]) -> bytes:
    """The resource as JSON."""
    return json.dumps(resource).encode()
