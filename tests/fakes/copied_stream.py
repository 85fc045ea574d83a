"""A stream of notes in which many repeat earlier text of their patient."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.core.contracts import Extraction, Pair
from tests.fakes.extractions import telling

START = datetime(2024, 1, 1, 8, tzinfo=UTC)
GAP = timedelta(days=60)

DRUGS = ("amoxicillin", "lisinopril", "warfarin", "metformin", "sertraline")
EVENTS = ("rash", "cough", "bleeding", "nausea", "insomnia")
_DETAILS = (
    "diffuse", "mild", "severe", "pruritic", "nocturnal", "intermittent", "worsening", "bilateral",
    "transient", "persistent", "painful", "disabling", "sudden", "gradual", "unilateral", "recent",
)  # fmt: skip


def reworded(text: str) -> str:
    """A statement with one word of it changed, where no exact windows cover what is left."""
    return text.replace(" since, complained ", " hitherto, complained ")


_HANDS: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: text.upper(),
    lambda text: "  ".join(text.split(" ")).replace(",", " ,\n"),
    lambda text: f"As noted before: {text}",
    reworded,
)
"""How text is carried forward: as it is, by another system, behind words of one's own, edited."""


@dataclass(frozen=True)
class Stream:
    """Notes in the order of writing.

    Attributes:
        plain: what their writers had to say.
        copied: the same notes, three in ten with earlier text of their patient in addition.
        retold: as `copied`, the additional text in words of its own.
    """

    plain: list[Extraction]
    copied: list[Extraction]
    retold: list[Extraction]


def copied_stream(seed: int, *, notes: int, patients: int, share: float = 0.3) -> Stream:
    """Draw a stream over two years."""
    draw = random.Random(seed)
    stream = Stream([], [], [])
    said: dict[str, list[tuple[Pair, str]]] = {}
    days = sorted(draw.uniform(0, 730) for _ in range(notes))
    repeating = set(draw.sample(range(notes), round(share * notes)))
    for number, day in enumerate(days):
        patient = f"p{draw.randrange(patients)}"
        own = [_statement(draw) for _ in range(draw.randrange(3))]
        known = said.setdefault(patient, [])
        again = draw.sample(known, min(len(known), 2)) if number in repeating else []
        forward = [(pair, draw.choice(_HANDS)(text)) for pair, text in again]
        anew = [(pair, _sentence(draw, pair)) for pair, _ in again]
        at = START + timedelta(days=day)
        source = draw.choice(("ehr", "ward"))
        for notes_of, told in (
            (stream.plain, own),
            (stream.copied, own + forward),
            (stream.retold, own + anew),
        ):
            notes_of.append(
                telling(f"n{number}", *told, patient=patient, written_at=at, source=source)
            )
        known += own
    return stream


def _statement(draw: random.Random) -> tuple[Pair, str]:
    pair = Pair(draw.choice(DRUGS), draw.choice(EVENTS))
    return pair, _sentence(draw, pair)


def _sentence(draw: random.Random, pair: Pair) -> str:
    first, second, third, fourth = draw.sample(_DETAILS, 4)
    return (
        f"On {draw.choice(('Monday', 'Friday'))} the patient, {first} and {second} since, "
        f"complained of {third} {pair.event} after {draw.randrange(5, 900)} mg of {pair.drug}, "
        f"which was {fourth} at bedside"
    )
