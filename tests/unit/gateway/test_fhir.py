"""The FHIR endpoint with httpx over TLS: what is answered, and what is kept."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
import trustme

from services.adapters import wire
from services.adapters.http_server import HttpServer
from services.core.contracts import Note
from services.core.reading import Refusal
from services.gateway.fhir import MEDIA_TYPE, FhirEndpoint
from services.gateway.outcome import batch_response
from services.gateway.tokens import parse_tokens
from services.ingest.intake import SOURCE_HEADER
from tests.fakes.gateway import MemoryKafka, door
from tests.samples.hospital import TEXT, attachment, bundle, document, encoded, patient

TOKEN = "0123456789abcdef"
LIMIT = 100_000


class Hospital:
    """The endpoint over TLS and a client."""

    def __init__(self, kafka: MemoryKafka, client: httpx.AsyncClient) -> None:
        self.kafka = kafka
        self.client = client

    async def send(
        self, path: str, body: dict[str, object] | bytes, *, method: str = "POST", **headers: str
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else encoded(body)
        given = {"content-type": MEDIA_TYPE, "authorization": f"Bearer {TOKEN}"} | headers
        return await self.client.request(method, path, content=content, headers=given)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Makes keys and certificates, which takes long."""
    return trustme.CA()


@pytest.fixture(scope="module")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


@pytest.fixture
async def hospital(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> AsyncIterator[Hospital]:
    kafka = MemoryKafka()
    endpoint = FhirEndpoint(
        door(kafka),
        parse_tokens(f"epic:{TOKEN}"),
        max_body_bytes=LIMIT,
        body_seconds=120.0,
        source_header=SOURCE_HEADER,
    )
    server = HttpServer(endpoint.app(), max_connections=8)
    port = await server.start("127.0.0.1", 0, server_tls)
    url = f"https://127.0.0.1:{port}"
    async with httpx.AsyncClient(
        base_url=url, verify=client_tls, timeout=120, trust_env=False
    ) as client:
        yield Hospital(kafka, client)
    await server.close()


def issues(answer: httpx.Response) -> list[tuple[str, str]]:
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert answer.headers["content-type"].startswith(MEDIA_TYPE)
    return [(item["severity"], item["code"]) for item in outcome["issue"]]


async def test_a_document_is_created_when_kafka_has_it(hospital: Hospital) -> None:
    answer = await hospital.send("/fhir/DocumentReference", document())
    assert answer.status_code == 201
    assert issues(answer) == [("information", "informational")]
    ((topic, _, value),) = hospital.kafka.messages
    note = wire.decode(Note, value)
    assert (topic, note.text, note.source) == ("ehr.notes", TEXT, "epic")


async def test_a_subscription_may_put_the_resource(hospital: Hospital) -> None:
    answer = await hospital.send("/fhir/DocumentReference/doc-1", document(), method="PUT")
    assert answer.status_code == 200
    assert len(hospital.kafka.messages) == 1


async def test_a_notification_bundle_is_read_and_a_heartbeat_is_welcome(hospital: Hospital) -> None:
    status: dict[str, object] = {"resourceType": "SubscriptionStatus", "id": "s"}
    answers = [
        await hospital.send("/fhir", bundle(status, *more, kind="subscription-notification"))
        for more in ((), (document(),))
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(hospital.kafka.messages) == 1


async def test_an_unreadable_part_of_a_bundle_is_a_warning_and_a_dead_letter(
    hospital: Hospital,
) -> None:
    pdf = document(id="doc-2", content=[{"attachment": attachment("%PDF-", "application/pdf")}])
    answer = await hospital.send("/fhir/Bundle", bundle(document(), pdf))
    assert answer.status_code == 200
    assert issues(answer) == [("information", "informational"), ("warning", "not-supported")]
    assert answer.json()["issue"][1]["expression"] == ["Bundle.entry[1]"]
    assert len(hospital.kafka.messages) == 1
    assert [letter.reason for letter in hospital.kafka.letters] == ["unsupported-attachment"]


async def test_a_batch_is_answered_entry_by_entry(hospital: Hospital) -> None:
    pdf = document(id="doc-2", content=[{"attachment": attachment("%PDF-", "application/pdf")}])
    answer = await hospital.send("/fhir", bundle(patient(), document(), pdf, kind="batch"))
    response = answer.json()
    assert (answer.status_code, response["type"]) == (200, "batch-response")
    assert [item["response"]["status"][:3] for item in response["entry"]] == ["201", "201", "422"]


async def test_a_batch_names_the_entry_in_another_language(hospital: Hospital) -> None:
    german = "Die Patientin entwickelte nach der Gabe von Amoxicillin einen Ausschlag und wurde"
    foreign = document(id="doc-2", content=[{"attachment": attachment(german)}])
    answer = await hospital.send("/fhir", bundle(patient(), foreign, document(), kind="batch"))
    statuses = [item["response"]["status"][:3] for item in answer.json()["entry"]]
    assert statuses == ["201", "422", "201"]
    assert [letter.reason for letter in hospital.kafka.letters] == ["unsupported-language"]


async def test_an_unreadable_successor_retracts_with_a_warning(hospital: Hospital) -> None:
    relation = {"code": "replaces", "target": {"reference": "DocumentReference/doc-0"}}
    pdf = [{"attachment": attachment("%PDF-", "application/pdf")}]
    answer = await hospital.send(
        "/fhir/DocumentReference", document(content=pdf, relatesTo=[relation])
    )
    assert answer.status_code == 201
    assert issues(answer) == [("information", "informational"), ("warning", "not-supported")]
    assert "expression" not in answer.json()["issue"][1]
    ((_, _, value),) = hospital.kafka.messages
    assert wire.decode(Note, value).status == "retracted"
    assert [letter.reason for letter in hospital.kafka.letters] == ["unsupported-attachment"]


def test_what_stands_beside_a_note_is_a_warning_of_its_entry_and_hides_no_refusal() -> None:
    beside = Refusal(0, "unsupported-attachment", "image/png is not read", partly=True)
    gone = Refusal(1, "no-text", "")
    response = batch_response("batch", 2, [gone, beside, replace(beside, position=1)])
    entries = [item["response"] for item in response["entry"]]  # type: ignore[attr-defined]
    assert [item["status"] for item in entries] == ["201 Created", "422"]
    assert [item["outcome"]["issue"][0]["severity"] for item in entries] == ["warning", "error"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "structure"),
        (b"", 400, "structure"),
        (encoded(document(subject=None)), 422, "required"),
        (encoded({"resourceType": "Observation", "valueString": "rash"}), 422, "not-supported"),
        (
            encoded(document(content=[{"attachment": attachment("%PDF-", "application/pdf")}])),
            422,
            "not-supported",
        ),
    ],
)
async def test_what_cannot_be_read_is_refused_and_kept(
    hospital: Hospital, body: bytes, status: int, code: str
) -> None:
    answer = await hospital.send("/fhir/DocumentReference", body)
    assert answer.status_code == status
    assert issues(answer) == [("error", code)]
    assert [letter.message.value for letter in hospital.kafka.letters] == [body]
    assert not [known for known in ("p-1", "rash", "4711") if known in answer.text]


async def test_while_kafka_is_away_the_sender_is_told_to_come_again(hospital: Hospital) -> None:
    hospital.kafka.away = True
    answer = await hospital.send("/fhir/DocumentReference", document())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert issues(answer) == [("error", "transient")]


@pytest.mark.parametrize("authorization", ["", "Bearer wrong-wrong-wrong", f"Basic {TOKEN}"])
async def test_nobody_is_heard_without_a_token(hospital: Hospital, authorization: str) -> None:
    answer = await hospital.send("/fhir", document(), authorization=authorization)
    assert (answer.status_code, issues(answer)) == (401, [("error", "login")])
    assert (hospital.kafka.messages, hospital.kafka.letters) == ([], [])


async def test_other_requests_are_answered_without_being_read(hospital: Hospital) -> None:
    too_long = await hospital.send("/fhir/DocumentReference", b" " * (LIMIT + 1))
    other_type = await hospital.send("/fhir/Observation", document())
    xml = await hospital.send("/fhir", b"<x/>", **{"content-type": "application/fhir+xml"})
    packed = await hospital.send("/fhir", b"\x1f\x8b", **{"content-encoding": "gzip"})
    nowhere = await hospital.client.get("/elsewhere")
    assert [answer.status_code for answer in (too_long, other_type, xml, packed, nowhere)] == [
        413, 404, 415, 415, 404,
    ]  # fmt: skip
    assert (hospital.kafka.messages, hospital.kafka.letters) == ([], [])


async def test_a_body_without_a_length_is_bounded_too(hospital: Hospital) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 10_000

    headers = {"content-type": MEDIA_TYPE, "authorization": f"Bearer {TOKEN}"}
    answer = await hospital.client.post("/fhir", content=chunks(), headers=headers)
    assert answer.status_code == 413


async def test_the_capabilities_say_what_is_taken(hospital: Hospital) -> None:
    statement = (await hospital.client.get("/fhir/metadata")).json()
    types = [item["type"] for item in statement["rest"][0]["resource"]]
    assert types == ["Bundle", "DocumentReference", "Patient"]
    assert json.dumps(statement)
