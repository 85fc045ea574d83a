"""FHIR Patients that come with their documents: under which names a patient is one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.adapters import wire
from services.core.contracts import PatientMerge
from services.core.errors import InvalidMessage
from services.core.pseudonyms import Pseudonymiser, parse_keys
from services.core.reading import Reading
from services.ingest.fhir import parse_fhir
from services.ingest.intake import Intake
from services.ingest.recognise import parse
from tests.samples.hospital import INTAKE, KEY, attachment, bundle, document, encoded, patient

Resource = dict[str, object]

CLINIC = replace(INTAKE, source="clinic")
JOINING = replace(CLINIC, authorities={"urn:hosp": "HOSP"})
ROTATED = Pseudonymiser(parse_keys(f"k2:{'n' * 16} {KEY}"))


def read(resource: Resource, intake: Intake = CLINIC) -> Reading:
    return parse_fhir(encoded(resource), intake)


def joined(merges: tuple[PatientMerge, ...]) -> list[tuple[str, str]]:
    """(retired, surviving) of each."""
    return [(merge.retired, merge.surviving) for merge in merges]


def key(namespace: str, identifier: str) -> str:
    return INTAKE.pseudonyms.pseudonym(namespace, identifier).key


def number(
    value: str | None = "4711", system: str | None = "urn:hosp", code: str = "MR"
) -> Resource:
    given = {"system": system, "value": value, "type": {"coding": [{"code": code}]}}
    return {name: part for name, part in given.items() if part is not None}


def with_numbers(*numbers: Resource) -> Resource:
    return bundle(patient(identifier=list(numbers)), document())


SERVER = key("clinic/Patient", "p-1")


def test_the_id_on_the_server_goes_on_as_the_record_number() -> None:
    reading = read(bundle(patient(), document()))
    assert joined(reading.merges) == [(SERVER, key("urn:hosp", "4711"))]
    (note,), (merge,) = reading.notes, reading.merges
    assert (note.patient_key, merge.occurred_at) == (SERVER, note.written_at)
    assert (merge.source, read(bundle(patient(), document())).merges) == ("clinic", (merge,))


def test_nothing_of_the_identifiers_is_in_the_merge() -> None:
    shown = "".join(
        repr(merge) + wire.encode(merge).decode()
        for merge in read(with_numbers(number("MRN4711")), JOINING).merges
    )
    assert "clinic" in shown
    assert not [known for known in ("MRN4711", "p-1", "urn:hosp", "HOSP") if known in shown]


@pytest.mark.parametrize(
    "given",
    [
        number(code="NI"),
        {"system": "urn:hosp", "value": "4711"},
        {"system": "urn:hosp", "value": "4711", "type": {"text": "MR"}},
        number(system=None),
        number(system=" "),
        number(value=None),
        number(value=" "),
    ],
)
def test_only_record_numbers_that_say_whose_they_are_join(given: Resource) -> None:
    assert read(with_numbers(given), JOINING).merges == ()


def test_all_record_numbers_of_a_patient_are_this_patient() -> None:
    reading = read(with_numbers(number("1"), number("2", "urn:clinic")))
    assert joined(reading.merges) == [
        (SERVER, key("urn:hosp", "1")),
        (SERVER, key("urn:clinic", "2")),
    ]


def test_the_reference_may_bring_the_record_number() -> None:
    subject = {"reference": "Patient/p-1", "identifier": number()}
    assert joined(read(document(subject=subject)).merges) == [(SERVER, key("urn:hosp", "4711"))]


def test_a_patient_beside_documents_of_others_joins_nothing() -> None:
    assert read(bundle(patient(id="p-2"), document())).merges == ()
    assert read(patient()) == Reading()


def test_many_documents_of_a_patient_tell_it_once() -> None:
    documents = [document(id=f"doc-{day}", date=f"2026-03-0{day}") for day in (1, 2, 3)]
    reading = read(bundle(patient(), *documents))
    assert (len(reading.notes), len(reading.merges)) == (3, 1)


def test_an_id_that_a_server_is_yet_to_give_joins_nothing() -> None:
    def sent(method: str) -> tuple[PatientMerge, ...]:
        entries = [
            {"fullUrl": "Patient/p-1", "resource": patient(), "request": {"method": method}},
            {"resource": document(), "request": {"method": "POST"}},
        ]
        return read({"resourceType": "Bundle", "type": "transaction", "entry": entries}).merges

    assert sent("POST") == ()
    assert joined(sent("PUT")) == [(SERVER, key("urn:hosp", "4711"))]


def test_a_known_authority_names_the_number_as_hl7_does_and_keeps_its_former_name() -> None:
    former, known = key("urn:hosp", "4711"), key("HOSP", "4711")
    assert joined(read(with_numbers(number()), JOINING).merges) == [
        (SERVER, known),
        (former, known),
    ]
    contained = document(subject={"reference": "#p"}, contained=[patient(id="p")])
    reading = read(contained, JOINING)
    assert [note.patient_key for note in reading.notes] == [known]
    assert joined(reading.merges) == [(former, known)]


@pytest.mark.parametrize("given", [number(code="NI"), {"system": "urn:hosp", "value": "4711"}])
def test_an_authority_is_for_record_numbers(given: Resource) -> None:
    contained = document(
        subject={"reference": "#p"}, contained=[patient(id="p", identifier=[given])]
    )
    reading = read(contained, JOINING)
    assert [note.patient_key for note in reading.notes] == [key("urn:hosp", "4711")]
    assert reading.merges == ()


def test_an_authority_that_is_called_as_its_system_changes_nothing() -> None:
    same = replace(CLINIC, authorities={"urn:hosp": "urn:hosp"})
    assert read(with_numbers(number()), same) == read(with_numbers(number()))


def test_names_under_an_older_key_are_joined_too() -> None:
    rotated = replace(JOINING, pseudonyms=ROTATED)
    merges = read(with_numbers(number()), rotated).merges
    names = {
        space: ROTATED.pseudonym(space, value)
        for space, value in (("clinic/Patient", "p-1"), ("HOSP", "4711"), ("urn:hosp", "4711"))
    }
    everything = {one for name in names.values() for one in (name.key, *name.older)}
    gone = {merge.retired for merge in merges if merge.surviving == names["HOSP"].key}
    assert len(everything) == 6
    assert gone == everything - {names["HOSP"].key}


def test_a_document_that_is_refused_stays_refused() -> None:
    german = "Die Patientin entwickelte nach der Gabe von Amoxicillin einen Ausschlag und wurde"
    note = document(content=[{"attachment": attachment(german)}])
    with pytest.raises(InvalidMessage) as caught:
        parse(encoded(bundle(patient(), note)), CLINIC)
    assert caught.value.reason == "unsupported-language"
