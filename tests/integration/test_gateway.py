"""The gateway as a process before a real broker: what it has acknowledged is not lost."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from hl7 import parse
from hl7.client import CR, EB, SB, MLLPClient

from deploy.local.kafka import Kafka
from deploy.local.ports import free_port
from deploy.local.processes import ManagedProcess
from services.adapters import wire
from services.config import DEVELOPMENT_TOKEN
from services.core.contracts import Note
from tests.integration.topics_seen import eventually, read_topic
from tests.samples.hospital import TEXT, attachment, document, hl7

pytestmark = pytest.mark.stack

TOPIC = "gateway.notes"
TOKEN = DEVELOPMENT_TOKEN.split(":", 1)[1]
ACCEPTED, COME_AGAIN = {"AA", "201"}, {"AE", "503"}


class Hospital:
    """Two senders, one by MLLP and one by FHIR, each with one note after another.

    A note's text ends with its name.
    """

    def __init__(self, mllp_port: int, fhir_port: int) -> None:
        self.ports = mllp_port, fhir_port
        self._fhir_url = f"http://127.0.0.1:{fhir_port}/fhir/DocumentReference"
        self.acknowledged: set[str] = set()
        self.answers: Counter[str] = Counter()
        self._leaving = False

    async def stay(self) -> None:
        """Send until told to leave."""
        await asyncio.gather(self._by_mllp(), self._by_fhir())

    def leave(self) -> None:
        self._leaving = True

    async def answered(self, *answers: str, more_than: Counter[str]) -> None:
        """Wait for one more of each of the answers than there were."""
        await eventually(
            f"answers {answers}",
            lambda: all(self.answers[one] > more_than[one] for one in answers),
        )

    def _heard(self, answer: str, note: str) -> None:
        self.answers[answer] += 1
        if answer in ACCEPTED:
            self.acknowledged.add(note)

    async def _by_mllp(self) -> None:
        number = 0
        while not self._leaving:
            number += 1
            name = f"mllp-{number}"
            text = f"OBX|1|TX|18842-5^Discharge summary^LN||{TEXT} {name}||||||F"
            message = hl7(number=f"{name}^EHR", observations=text)
            answer = await asyncio.to_thread(self._exchange, message)
            self._heard(str(parse(answer)["MSA.F1"]), name)

    def _exchange(self, message: str) -> str:
        with MLLPClient("127.0.0.1", self.ports[0]) as client:
            client.socket.settimeout(120)
            answer: bytes = client.send_message(message)
        return answer.removeprefix(SB).removesuffix(EB + CR).decode()

    async def _by_fhir(self) -> None:
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/fhir+json"}
        number = 0
        async with httpx.AsyncClient(headers=headers, timeout=120, trust_env=False) as client:
            while not self._leaving:
                number += 1
                name = f"fhir-{number}"
                content = [{"attachment": attachment(f"{TEXT} {name}")}]
                resource = document(id=name, content=content)
                answer = await client.post(self._fhir_url, json=resource)
                self._heard(str(answer.status_code), name)


@pytest.fixture
def gateway(kafka_stack: Kafka, stack_directory: Path, tmp_path: Path) -> Iterator[Hospital]:
    kafka_stack.start()
    mllp_port, fhir_port = free_port(), free_port()
    environment = {
        **os.environ,
        "ADEWATCH_KAFKA_BOOTSTRAP": kafka_stack.bootstrap,
        "ADEWATCH_TOPIC_NOTES": TOPIC,
        "ADEWATCH_GATEWAY_MLLP_PORT": str(mllp_port),
        "ADEWATCH_GATEWAY_FHIR_PORT": str(fhir_port),
        "ADEWATCH_GATEWAY_MESSAGE_SECONDS": "5",
    }
    program = [sys.executable, "-c", "from services.cli import main; main()", "gateway"]
    with (tmp_path / "gateway.log").open("wb") as log:
        process = subprocess.Popen(program, env=environment, stdout=log, stderr=log)
    # By this it is ended if this process has no time to.
    ManagedProcess(name="gateway", run_directory=stack_directory / "run").adopt(process.pid)
    yield Hospital(mllp_port, fhir_port)
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 0, (tmp_path / "gateway.log").read_text()
    kafka_stack.start()


@pytest.fixture
async def hospital(gateway: Hospital) -> AsyncIterator[Hospital]:
    async def listens() -> bool:
        with suppress(OSError):
            for port in gateway.ports:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
            return True
        return False

    await eventually("the gateway listens", listens)
    yield gateway
    gateway.leave()


async def test_nothing_acknowledged_is_lost_when_the_broker_is_killed(
    hospital: Hospital, kafka_stack: Kafka
) -> None:
    staying = asyncio.create_task(hospital.stay())
    await hospital.answered("AA", "201", more_than=Counter())

    kafka_stack.kill()
    await hospital.answered("AE", "503", more_than=Counter())

    before = Counter(hospital.answers)
    await asyncio.to_thread(kafka_stack.start)
    await hospital.answered("AA", "201", more_than=before)

    hospital.leave()
    await staying
    assert set(hospital.answers) <= ACCEPTED | COME_AGAIN
    records = await read_topic(kafka_stack.bootstrap, TOPIC)
    kept = {wire.decode(Note, record.value).text.split()[-1] for record in records}
    assert hospital.acknowledged - kept == set()
