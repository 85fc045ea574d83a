"""Of each message one dead letter is shown and replayed, and none is taken for another."""

from __future__ import annotations

from dataclasses import replace

from services.adapters.dead_letters import DeadLetter
from services.commands.dead_letters import of_each_message_one
from services.core.ports import Message
from tests.fakes.clock import START

ORIGIN = Message("ehr.notes", 1, 7, START, None, b"value", {})
LETTER = DeadLetter(
    partition=0, offset=0, stage="extract", reason="no-text", detail="", origin=ORIGIN
)


def test_two_letters_of_one_message_are_one() -> None:
    again = replace(LETTER, offset=1)
    other = replace(LETTER, offset=2, origin=replace(ORIGIN, offset=8))
    assert of_each_message_one([LETTER, again, other]) == [again, other]


def test_letters_of_the_gateway_are_messages_of_their_own() -> None:
    nowhere = replace(ORIGIN, partition=-1, offset=-1)
    letters = [replace(LETTER, offset=number, origin=nowhere) for number in range(3)]
    assert of_each_message_one(letters) == letters
