"""Faust's Kafka transport, committing only what is finished.

Faust's own book-keeping can commit past a message that nobody finished; if the process dies then,
a note is lost. Found in faust-streaming 0.15.3, each with a test in
tests/unit/adapters/test_transport.py:

- A message of an earlier generation that is still queued after a rebalance is skipped *and*
  acknowledged, although it is about to be fetched again.
- The check for a gap below the first acknowledged offset tolerates a gap of one, and is left out
  while the committed offset is 0 or unknown.
- A gap between fetched offsets is recorded including the message after the gap, which then counts
  as finished.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from faust.transport.drivers import aiokafka as driver
from faust.types import TP, Message
from mode.utils.futures import notify

from services.adapters.patient_client import make_patient
from services.core.offsets import OffsetTracker


class PatientThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """The thread of a consumer whose client waits for a broker."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        make_patient(consumer._client)
        return consumer


class ContiguousConsumer(driver.Consumer):  # type: ignore[misc]
    """Commits the contiguous prefix of finished messages of the current assignment."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._trackers: defaultdict[TP, OffsetTracker] = defaultdict(OffsetTracker)
        super().__init__(*args, **kwargs)

    def ack(self, message: Message) -> bool:
        """Count a message as finished, unless the assignment it was read in has ended."""
        if message.acked:
            return False
        message.acked = True
        self._unacked_messages.discard(message)
        if message.generation_id != self.app.consumer_generation_id:
            return False
        self._trackers[message.tp].finished(message.offset)
        self._acked[message.tp]  # makes the partition known to `commit`
        self._n_acked += 1
        notify(self._waiting_for_ack)
        return True

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Forget the assignment that ends."""
        for tp in revoked:
            self._trackers.pop(tp, None)
        await super().on_partitions_revoked(revoked)

    def _new_consumer_thread(self) -> PatientThread:
        return PatientThread(self, loop=self.loop, beacon=self.beacon)

    def _to_message(self, tp: TP, record: Any) -> Any:
        self._trackers[tp].fetched(record.offset)
        return super()._to_message(tp, record)

    def _new_offset(self, tp: TP) -> int | None:
        return self._trackers[tp].advance()

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Gaps need no book: the tracker waits for fetched messages only."""


class ContiguousTransport(driver.Transport):  # type: ignore[misc]
    """The transport with that consumer."""

    Consumer = ContiguousConsumer
