"""The gateway as wired from settings, with real certificates: who is let in, and who is not."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from functools import cached_property
from pathlib import Path
from typing import cast

import httpx
import pytest
import trustme
from cryptography.hazmat.primitives import serialization  # with which trustme makes keys
from hl7.mllp import open_hl7_connection
from prometheus_client import CollectorRegistry

from services.adapters import wire
from services.adapters.kafka import KafkaPublisher
from services.bootstrap.components import Components
from services.bootstrap.gateway import Gateway
from services.config import load_settings
from services.core.contracts import Note
from services.core.errors import ConfigurationError
from services.gateway.fhir import MEDIA_TYPE
from tests.fakes.gateway import MemoryKafka
from tests.samples.hospital import TEXT, document, encoded, hl7

TOKEN = "0123456789abcdef"
PATIENCE_SECONDS = 120

Started = tuple[int, int, MemoryKafka]


class WithMemoryKafka(Components):
    """All that the settings make, but for the broker."""

    def __init__(self) -> None:
        super().__init__(load_settings())
        self.kafka = MemoryKafka()

    @cached_property
    def publisher(self) -> KafkaPublisher:
        return cast(KafkaPublisher, self.kafka)


class Certificates:
    """Files of the gateway's own certificates and keys, and who signed them."""

    def __init__(self, folder: Path) -> None:
        self.hospital, self.stranger = trustme.CA(), trustme.CA()
        ours, another = (self.hospital.issue_cert("127.0.0.1") for _ in range(2))
        files = {
            "certificate": ours.cert_chain_pems[0].bytes(),
            "key": ours.private_key_pem.bytes(),
            "both": ours.private_key_and_cert_chain_pem.bytes(),
            "key-of-another": another.private_key_pem.bytes(),
            "encrypted-key": _encrypted(ours.private_key_pem.bytes()),
            "client-ca": self.hospital.cert_pem.bytes(),
            "no-pem": b"no PEM",
        }
        for name, content in files.items():
            (folder / name).write_bytes(content)
        self.folder = folder

    def client(self, *, trusting: trustme.CA, known_by: trustme.CA | None = None) -> ssl.SSLContext:
        """A sender that trusts one authority and has a certificate of another, or none."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.configure_trust(context)
        if known_by is not None:
            known_by.issue_cert("ehr.example").configure_cert(context)
        return context


def _encrypted(key: bytes) -> bytes:
    return serialization.load_pem_private_key(key, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"word"),
    )


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Makes keys and certificates, which takes long."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(autouse=True)
def _tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADEWATCH_GATEWAY_TOKENS", f"epic:{TOKEN}")


def configure(
    monkeypatch: pytest.MonkeyPatch, certificates: Certificates, **files: str | None
) -> None:
    """Point settings to files: tls_certificate, tls_key, client_ca."""
    for setting, name in files.items():
        if name is not None:
            path = certificates.folder / name
            monkeypatch.setenv(f"ADEWATCH_GATEWAY_{setting.upper()}", str(path))


@pytest.fixture(params=["client-ca", None], ids=["client-certificates", "any-client"])
async def started(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, certificates: Certificates
) -> AsyncIterator[Started]:
    """The ports of MLLP and FHIR, and what reached Kafka."""
    configure(
        monkeypatch,
        certificates,
        tls_certificate="certificate",
        tls_key="key",
        client_ca=request.param,
    )
    components = WithMemoryKafka()
    gateway = Gateway(components, registry=CollectorRegistry())
    mllp, fhir = await gateway.start(mllp_port=0, fhir_port=0)
    yield mllp, fhir, components.kafka
    await gateway.close()
    await components.close()


requires_client_certificates = pytest.mark.parametrize("started", ["client-ca"], indirect=True)
requires_none = pytest.mark.parametrize("started", [None], indirect=True)


async def by_mllp(port: int, tls: ssl.SSLContext | None) -> str:
    """The code of the answer to a document."""
    reader, writer = await open_hl7_connection("127.0.0.1", port, encoding="utf-8", ssl=tls)
    try:
        writer.writeblock(hl7().encode())
        await writer.drain()
        answer = await asyncio.wait_for(reader.readmessage(), PATIENCE_SECONDS)
        return str(answer["MSA.F1"])
    finally:
        writer.close()


async def by_fhir(port: int, tls: ssl.SSLContext, *, scheme: str = "https") -> int:
    """The status of the answer to a document."""
    headers = {"content-type": MEDIA_TYPE, "authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(verify=tls, timeout=PATIENCE_SECONDS, trust_env=False) as client:
        url = f"{scheme}://127.0.0.1:{port}/fhir/DocumentReference"
        answer = await client.post(url, content=encoded(document()), headers=headers)
        return answer.status_code


async def test_a_known_sender_is_heard_by_both_ways(
    started: Started, certificates: Certificates
) -> None:
    mllp, fhir, kafka = started
    known = certificates.client(trusting=certificates.hospital, known_by=certificates.hospital)
    assert await by_mllp(mllp, known) == "AA"
    assert await by_fhir(fhir, known) == 201
    notes = [wire.decode(Note, value) for _, _, value in kafka.messages]
    assert [(note.source, note.text) for note in notes] == [
        ("ST-MARIEN/EHR", TEXT),
        ("epic", TEXT),
    ]


async def test_a_sender_that_does_not_trust_our_authority_sends_nothing(
    started: Started, certificates: Certificates
) -> None:
    mllp, fhir, kafka = started
    other = certificates.client(trusting=certificates.stranger, known_by=certificates.hospital)
    with pytest.raises(ssl.SSLCertVerificationError):
        await by_mllp(mllp, other)
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        await by_fhir(fhir, other)
    assert kafka.messages == []


async def test_without_tls_nobody_is_heard(started: Started, certificates: Certificates) -> None:
    mllp, fhir, kafka = started
    with pytest.raises((OSError, EOFError)):
        await by_mllp(mllp, None)
    with pytest.raises(httpx.TransportError):
        await by_fhir(fhir, certificates.client(trusting=certificates.hospital), scheme="http")
    assert kafka.messages == []


@requires_client_certificates
@pytest.mark.parametrize("signed", [False, True], ids=["no-certificate", "of-a-stranger"])
async def test_mllp_hears_holders_of_the_hospitals_certificates_only(
    started: Started, certificates: Certificates, signed: bool
) -> None:
    mllp, fhir, kafka = started
    unknown = certificates.client(
        trusting=certificates.hospital, known_by=certificates.stranger if signed else None
    )
    with pytest.raises((OSError, EOFError)):
        await by_mllp(mllp, unknown)
    assert kafka.messages == []
    assert await by_fhir(fhir, unknown) == 201  # its senders are known by their tokens


@requires_none
async def test_without_an_authority_of_clients_mllp_asks_for_no_certificate(
    started: Started, certificates: Certificates
) -> None:
    mllp, _, _ = started
    assert await by_mllp(mllp, certificates.client(trusting=certificates.hospital)) == "AA"


async def refusal(
    monkeypatch: pytest.MonkeyPatch, certificates: Certificates, **files: str | None
) -> str:
    """What the gateway says instead of starting, by either way."""
    configure(monkeypatch, certificates, **files)
    said = []
    for ports in ({"mllp_port": 0, "fhir_port": None}, {"mllp_port": None, "fhir_port": 0}):
        components = WithMemoryKafka()
        gateway = Gateway(components, registry=CollectorRegistry())
        try:
            await gateway.start(**ports)
        except ConfigurationError as error:
            said.append(str(error))
        finally:
            await gateway.close()
            await components.close()
    return "\n".join(said)


@pytest.mark.parametrize(
    ("certificate", "key", "fault"),
    [
        ("certificate", "missing", "FileNotFoundError"),
        ("missing", "key", "FileNotFoundError"),
        ("certificate", "key-of-another", "KEY_VALUES_MISMATCH"),
        ("certificate", "encrypted-key", "not PEM, or encrypted"),
        ("certificate", "no-pem", "not PEM, or encrypted"),
        ("certificate", None, "not PEM, or encrypted"),
    ],
)
async def test_a_wrong_key_is_a_fault_of_the_settings_that_name_it(
    monkeypatch: pytest.MonkeyPatch,
    certificates: Certificates,
    certificate: str,
    key: str | None,
    fault: str,
) -> None:
    said = await refusal(monkeypatch, certificates, tls_certificate=certificate, tls_key=key)
    line = "ADEWATCH_GATEWAY_TLS_CERTIFICATE with ADEWATCH_GATEWAY_TLS_KEY cannot be used: " + fault
    assert said == f"{line}\n{line}"


@pytest.mark.parametrize(
    ("name", "fault"),
    [("missing", "FileNotFoundError"), ("no-pem", "NO_CERTIFICATE_OR_CRL_FOUND")],
)
async def test_a_wrong_authority_of_clients_keeps_mllp_closed(
    monkeypatch: pytest.MonkeyPatch, certificates: Certificates, name: str, fault: str
) -> None:
    said = await refusal(monkeypatch, certificates, tls_certificate="both", client_ca=name)
    assert said == f"ADEWATCH_GATEWAY_CLIENT_CA cannot be used: {fault}"


@pytest.mark.parametrize("setting", ["tls_key", "client_ca"])
async def test_what_belongs_to_a_certificate_never_means_to_listen_without_one(
    monkeypatch: pytest.MonkeyPatch, certificates: Certificates, setting: str
) -> None:
    said = await refusal(monkeypatch, certificates, **{setting: "key"})
    assert said.count("need ADEWATCH_GATEWAY_TLS_CERTIFICATE") == 2
