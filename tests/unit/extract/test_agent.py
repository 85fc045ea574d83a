"""The extract stage: what a message holds goes on, what cannot be read is set aside."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from services.adapters import wire
from services.core.contracts import Extraction, Note, PatientMerge
from services.core.errors import InvalidMessage
from services.core.ports import Message
from services.core.reading import Reading, Refusal
from services.extract.agent import ExtractStage
from tests.fakes.clock import START
from tests.fakes.episodes import merge
from tests.fakes.extractions import extraction
from tests.fakes.publisher import MemoryPublisher

NOTE = Note(
    source="ehr",
    note_id="a",
    version=1,
    patient_key="p",
    written_at=datetime(2026, 1, 1, tzinfo=UTC),
    text="Nothing.",
)


class Reader:
    """Finds nothing in any note."""

    async def extract(self, notes: Sequence[Note]) -> list[Extraction]:
        return [extraction(note.note_id, patient=note.patient_key) for note in notes]


def parse(value: bytes, headers: Mapping[str, bytes]) -> Reading:
    """A note, with a merge and with an unreadable part where the value says so."""
    if value == b"bad":
        raise InvalidMessage("not-json", "")
    merges = (merge("old", "p"),) if b"merge" in value else ()
    refused = [Refusal(1, "no-text", "part")] if b"part" in value else []
    refused += [Refusal(0, "no-text", "beside", partly=True)] if b"beside" in value else []
    return Reading((NOTE,), merges, tuple(refused))


class World:
    def __init__(self) -> None:
        self.publisher = MemoryPublisher()
        self.prepared = 0
        self.stage = ExtractStage(
            Reader(),
            self.publisher,
            parse=parse,
            encode=wire.encode,
            topic="ade.extractions",
            merges_topic="ehr.merges",
            prepare=self.prepare,
        )

    async def prepare(self) -> None:
        self.prepared += 1


def messages(*values: bytes | None) -> list[Message]:
    return [
        Message("ehr.notes", 0, offset, START, None, value, {})
        for offset, value in enumerate(values)
    ]


async def test_before_the_first_note_everything_it_needs_is_read() -> None:
    world = World()
    await world.stage.recover()
    assert world.prepared == 1
    assert world.publisher.sent == []


async def test_merges_and_extractions_go_to_their_topics_keyed_by_patient() -> None:
    world = World()
    assert await world.stage.process(messages(b"note", b"merge")) == []
    assert [(topic, key) for topic, key, _ in world.publisher.sent] == [
        ("ehr.merges", "p"),
        ("ade.extractions", "p"),
        ("ade.extractions", "p"),
    ]
    told = wire.decode(PatientMerge, world.publisher.sent[0][2])
    assert (told.retired, told.surviving) == ("old", "p")
    assert json.loads(world.publisher.sent[1][2])["note_id"] == "a"


async def test_a_message_read_in_part_goes_on_and_is_a_dead_letter_too() -> None:
    world = World()
    rejected = await world.stage.process(messages(b"bad", b"part", None))
    assert [(one.message.offset, one.reason) for one in rejected] == [
        (0, "not-json"),
        (1, "no-text"),
    ]
    assert len(world.publisher.sent) == 2


async def test_only_what_stands_beside_texts_is_a_letter_of_a_message_that_was_processed() -> None:
    rejected = await World().stage.process(messages(b"bad", b"part", b"beside", b"part beside"))
    assert [one.partly for one in rejected] == [False, False, True, False]
