"""Which dead letters are about one message."""

from __future__ import annotations

from services.adapters.dead_letters import DeadLetter
from services.commands.dead_letters import distinct
from services.core.ports import Message
from tests.fakes.clock import START


def letter(offset: int, *, of: int) -> DeadLetter:
    """The letter at an offset of its topic, about the message at offset `of` of its origin."""
    partition = min(0, of)
    origin = Message("ehr.notes", partition, of, START, None, b"bad %d" % offset, {})
    return DeadLetter(1, offset, "extract", "not-json", "", origin)


def test_of_two_letters_about_one_message_the_last_is_kept() -> None:
    first, again, other = letter(0, of=7), letter(1, of=7), letter(2, of=8)
    assert distinct([first, again, other]) == [again, other]


def test_what_the_gateway_refused_has_no_origin_and_is_kept_letter_by_letter() -> None:
    letters = [letter(offset, of=-1) for offset in range(3)]
    assert distinct(letters) == letters
