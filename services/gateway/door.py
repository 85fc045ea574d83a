"""What the gateway does with a message, whichever protocol brought it.

A message is read at once, so that the sender learns what is wrong with it; what goes to Kafka are
notes under pseudonyms. What cannot be read is kept as a dead letter with its original bytes, and
the sender is told. `take` returns only when Kafka has acknowledged all of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.core.contracts import Note, PatientMerge
from services.core.errors import DependencyUnavailable, InvalidMessage
from services.core.ports import Clock, DeadLetters, Message, Publisher, Rejected
from services.core.reading import Reading, Refusal

Parse = Callable[[bytes, Mapping[str, bytes]], Reading]
Encode = Callable[[Note | PatientMerge], bytes]

STAGE = "gateway"
_NOWHERE = -1  # the message never lay in a topic


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message, all of it durable.

    Attributes:
        notes: how many notes were written.
        merges: how many merges of patients were written.
        refused: the parts kept as a dead letter.
        rejected: whether nothing of the message was of use.
    """

    notes: int
    merges: int
    refused: tuple[Refusal, ...] = ()
    rejected: bool = False


class Door:
    """Takes messages.

    Args:
        publisher: acknowledges messages that are durable.
        dead_letters: keeps what cannot be read.
        parse: a message and its headers to what it holds.
        encode: a note or a merge as bytes.
        topic: of notes; merges_topic: of merges.
        clock: the time of dead letters.
        max_in_flight: messages read and written at a time; others wait.
        timeout_seconds: longest time from waiting to the acknowledgement.
        observe: told the protocol and "accepted", "refused" or "unavailable" of each message.
    """

    def __init__(
        self,
        publisher: Publisher,
        dead_letters: DeadLetters,
        *,
        parse: Parse,
        encode: Encode,
        topic: str,
        merges_topic: str,
        clock: Clock,
        max_in_flight: int,
        timeout_seconds: float,
        observe: Callable[[str, str], None] = lambda protocol, outcome: None,
    ) -> None:
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._parse = parse
        self._encode = encode
        self._topic = topic
        self._merges_topic = merges_topic
        self._clock = clock
        self._slots = asyncio.Semaphore(max_in_flight)
        self._timeout_seconds = timeout_seconds
        self._observe = observe

    async def take(self, protocol: str, value: bytes, headers: Mapping[str, bytes]) -> Receipt:
        """Bring a message to its end.

        Raises:
            DependencyUnavailable: Kafka did not acknowledge in time, or too many messages were
                before this one. Some of it may be written; sending it again does no harm.
        """
        try:
            async with asyncio.timeout(self._timeout_seconds), self._slots:
                receipt = await self._take(value, headers)
        except TimeoutError:
            self._observe(protocol, "unavailable")
            raise DependencyUnavailable("kafka", "no acknowledgement in time") from None
        except DependencyUnavailable:
            self._observe(protocol, "unavailable")
            raise
        self._observe(protocol, "refused" if receipt.rejected else "accepted")
        return receipt

    async def _take(self, value: bytes, headers: Mapping[str, bytes]) -> Receipt:
        try:
            reading = await asyncio.to_thread(self._parse, value, headers)
            await self._publish(reading)
        except InvalidMessage as error:
            return await self._reject(value, headers, error.reason, error.detail)
        if reading.complaint is not None:
            await self._keep(value, headers, *reading.complaint)
        return Receipt(len(reading.notes), len(reading.merges), reading.refused)

    async def _publish(self, reading: Reading) -> None:
        if reading.merges:
            await self._publisher.publish(
                self._merges_topic,
                [(merge.surviving, self._encode(merge)) for merge in reading.merges],
            )
        if reading.notes:
            await self._publisher.publish(
                self._topic, [(note.patient_key, self._encode(note)) for note in reading.notes]
            )

    async def _reject(
        self, value: bytes, headers: Mapping[str, bytes], reason: str, detail: str
    ) -> Receipt:
        await self._keep(value, headers, reason, detail)
        return Receipt(0, 0, (Refusal(0, reason, detail),), rejected=True)

    async def _keep(
        self, value: bytes, headers: Mapping[str, bytes], reason: str, detail: str
    ) -> None:
        message = Message(self._topic, _NOWHERE, _NOWHERE, self._clock.now(), None, value, headers)
        await self._dead_letters.keep(STAGE, [Rejected(message, reason, detail)])
