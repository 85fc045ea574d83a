"""MLLP with the client of the hl7 package: what is answered, and that nothing stays unbounded."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator

import hl7
import pytest
import trustme
from hl7.mllp import open_hl7_connection

from services.adapters import wire
from services.core.contracts import Note
from services.gateway.mllp import MllpListener
from tests.fakes.gateway import FixedClock, MemoryKafka, door
from tests.samples.hospital import TEXT, base64_of, merge
from tests.samples.hospital import hl7 as message

LIMIT = 1_000_000


class Hospital:
    """A listener and the clients that talk to it."""

    def __init__(self) -> None:
        self.kafka = MemoryKafka()
        self.observed: list[tuple[str, str]] = []
        self.listener = MllpListener(
            door(self.kafka, self.observed),
            clock=FixedClock(),
            control_id=lambda: "C1",
            max_message_bytes=LIMIT,
            max_connections=2,
            idle_seconds=20.0,
            message_seconds=20.0,
        )
        self.port = 0

    async def send(self, *texts: str, tls: ssl.SSLContext | None = None) -> list[hl7.Message]:
        reader, writer = await open_hl7_connection(
            "127.0.0.1", self.port, encoding="utf-8", ssl=tls
        )
        answers = []
        try:
            for text in texts:
                writer.writeblock(text.encode())
                await writer.drain()
                answers.append(await asyncio.wait_for(reader.readmessage(), 300))
        finally:
            writer.close()
        return answers


@pytest.fixture
async def hospital() -> AsyncIterator[Hospital]:
    made = Hospital()
    made.port = await made.listener.start("127.0.0.1", 0, None)
    yield made
    await made.listener.close()


async def test_a_document_is_accepted_when_kafka_has_it(hospital: Hospital) -> None:
    (answer,) = await hospital.send(message())
    assert str(answer["MSA.F1"]) == "AA"
    assert str(answer["MSA.F2"]) == "MSG0001"
    assert str(answer.segment("MSH")(9)) == "ACK^T02^ACK"
    assert [str(answer[f"MSH.F{n}"]) for n in (3, 4, 5, 6)] == [
        "ADEWATCH", "PV", "EHR", "ST-MARIEN",
    ]  # fmt: skip
    ((topic, key, value),) = hospital.kafka.messages
    note = wire.decode(Note, value)
    assert (topic, key, note.text) == ("ehr.notes", note.patient_key, TEXT)
    assert b"4711" not in value
    assert hospital.observed == [("mllp", "accepted")]


async def test_a_connection_carries_one_message_after_another(hospital: Hospital) -> None:
    answers = await hospital.send(message(), merge(), message("MDM^T11"))
    assert [str(answer["MSA.F1"]) for answer in answers] == ["AA"] * 3
    assert [topic for topic, _, _ in hospital.kafka.messages] == [
        "ehr.notes", "ehr.merges", "ehr.notes",
    ]  # fmt: skip


async def test_what_cannot_be_read_is_rejected_with_a_reason_and_kept(hospital: Hospital) -> None:
    pdf = message(observations="OBX|1|ED|N||^application^PDF^Base64^" + base64_of("%PDF-1.4"))
    (answer,) = await hospital.send(pdf)
    assert str(answer["MSA.F1"]) == "AR"
    assert str(answer["MSA.F3"]) == "unsupported-attachment"
    assert "application/pdf is not read" in str(answer["ERR"])
    (letter,) = hospital.kafka.letters
    assert (letter.reason, letter.message.value) == ("unsupported-attachment", pdf.encode())
    assert letter.message.topic == "ehr.notes"
    assert hospital.observed == [("mllp", "refused")]


async def test_a_pdf_beside_a_text_is_accepted_with_a_warning_and_kept(hospital: Hospital) -> None:
    pdf = "OBX|2|ED|N||^application^PDF^Base64^" + base64_of("%PDF-1.4")
    value = message(observations=f"OBX|1|ST|N||See attached report.\r{pdf}")
    (answer,) = await hospital.send(value)
    assert str(answer["MSA.F1"]) == "AA"
    assert str(answer["ERR.F4"]) == "W"
    assert "OBX 2: application/pdf is not read" in str(answer["ERR"])
    assert len(hospital.kafka.messages) == 1
    (letter,) = hospital.kafka.letters
    assert (letter.reason, letter.message.value) == ("unsupported-attachment", value.encode())


async def test_an_answer_to_utf_16_names_the_message(hospital: Hospital) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hospital.port)
    writer.write(b"\x0b" + message(charset="UNICODE UTF-16").encode("utf-16") + b"\x1c\r")
    answer = await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 300)
    writer.close()
    assert b"MSA|AA|MSG0001" in answer


async def test_while_kafka_is_away_the_sender_is_told_to_come_again(hospital: Hospital) -> None:
    hospital.kafka.away = True
    first = await hospital.send(message(), "no HL7")
    assert [str(answer["MSA.F1"]) for answer in first] == ["AE", "AE"]
    hospital.kafka.away = False
    (second,) = await hospital.send(message())
    assert str(second["MSA.F1"]) == "AA"
    assert len(hospital.kafka.messages) == 1


async def test_an_answer_quotes_nothing_of_the_patient(hospital: Hospital) -> None:
    answers = await hospital.send(message(patient=""), message("ADT^A01"), "DOE 4711")
    for answer in answers:
        assert str(answer["MSA.F1"]) == "AR"
        assert not [known for known in ("4711", "DOE", "rash") if known in str(answer)]


async def test_a_message_that_is_too_long_is_rejected(hospital: Hospital) -> None:
    (answer,) = await hospital.send("MSH|^~\\&|" + "x" * (3 * LIMIT))
    assert str(answer["MSA.F1"]) == "AR"
    assert hospital.kafka.messages == []


async def test_what_is_no_frame_is_rejected(hospital: Hospital) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hospital.port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 300)
    writer.close()
    assert b"MSA|AR" in answer


async def test_more_connections_than_allowed_are_closed(hospital: Hospital) -> None:
    held = [await asyncio.open_connection("127.0.0.1", hospital.port) for _ in range(2)]
    for reader, writer in held:
        writer.write(b"\x0b" + message().encode() + b"\x1c\r")
        await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 300)
    reader, writer = await asyncio.open_connection("127.0.0.1", hospital.port)
    assert await asyncio.wait_for(reader.read(), 300) == b""
    for _, other in [*held, (reader, writer)]:
        other.close()


async def test_with_client_certificates_only_their_holders_are_heard() -> None:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(server)
    server.verify_mode = ssl.CERT_REQUIRED
    known, unknown = ssl.create_default_context(), ssl.create_default_context()
    for client in (known, unknown):
        authority.configure_trust(client)
    authority.issue_cert("ehr.example").configure_cert(known)
    hospital = Hospital()
    hospital.port = await hospital.listener.start("127.0.0.1", 0, server)
    try:
        (answer,) = await hospital.send(message(), tls=known)
        assert str(answer["MSA.F1"]) == "AA"
        with pytest.raises((OSError, EOFError)):
            await hospital.send(message(), tls=unknown)
    finally:
        await hospital.listener.close()
    assert len(hospital.kafka.messages) == 1
