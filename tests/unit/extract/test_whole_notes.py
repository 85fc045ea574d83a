"""Whole notes that carry text forward, from their sentences to the counts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from services.core.contracts import Extraction, Note, Pair
from services.core.counts import CountDelta
from services.core.windows import Form
from services.extract.batching import BatchedModel
from services.extract.handler import Extractor
from services.extract.mentions import MentionFinder
from services.extract.relations import RelationFinder
from services.extract.tokens import NER_MAX_TOKENS, RELATION_MAX_TOKENS
from tests.fakes.case_record import MemoryCaseRecord
from tests.fakes.clock import FakeClock
from tests.fakes.copied_stream import DRUGS, EVENTS, GAP, Stream, copied_stream
from tests.fakes.vocabulary import WordVocabulary
from tests.fakes.word_models import NamesKnown, OneSentence, WordEncoder

VOCABULARY = WordVocabulary("1", {w: w.lower() for n in (*DRUGS, *EVENTS) for w in (n, n.upper())})
OPENINGS = (
    "Chief complaint: follow-up.\n\nHistory of present illness: ",
    "Seen at 8.15 a.m. by Dr. Miller, who knows the patient well. ",
    "PROGRESS NOTE\n\n",
    "",
)
JOINTS = (" ", "\n", "\n\nAssessment: ", " Vital signs were normal.  ")


def extractor() -> Extractor:
    """Reads as the service does, with models of a few words."""
    encoder = WordEncoder()
    names = NamesKnown(encoder, drugs=DRUGS, events=EVENTS)
    return Extractor(
        MentionFinder(
            encoder,
            BatchedModel(names, max_tokens=4096),
            max_tokens=NER_MAX_TOKENS,
            windows=True,
            vocabulary=lambda: VOCABULARY,
        ),
        RelationFinder(
            encoder,
            BatchedModel(OneSentence(encoder), max_tokens=4096),
            threshold=0.5,
            max_tokens=RELATION_MAX_TOKENS,
            form=Form.LEVITATED,
        ),
    )


def whole_notes(told: Sequence[Extraction], seed: int) -> list[Note]:
    """Notes whose texts hold what the extractions are to find, between other text."""
    notes = []
    for number, one in enumerate(told):
        draw = random.Random(1000 * seed + number)
        text = draw.choice(OPENINGS)
        for relation in one.relations:
            text += f"{relation.evidence_text}.{draw.choice(JOINTS)}"
        notes.append(
            Note(
                source=one.source,
                note_id=one.note_id,
                version=one.version,
                patient_key=one.patient_key,
                written_at=one.written_at,
                text=f"{text}Return in two weeks.",
            )
        )
    return notes


def pairs_of(one: Extraction) -> list[Pair]:
    """The pairs of the relations, in the order of the text."""
    concepts = {mention.mention_id: mention.concept for mention in one.mentions}
    return [Pair(concepts[r.drug_id], concepts[r.event_id]) for r in one.relations]


async def counted(told: Sequence[Extraction], seed: int) -> tuple[CountDelta, int]:
    """The counts after reading whole notes, and the relations that only repeat others."""
    found = await extractor().extract(whole_notes(told, seed))
    assert [sorted(pairs_of(one)) for one in found] == [sorted(pairs_of(one)) for one in told]
    record = MemoryCaseRecord(clock=FakeClock(), episode_gap=GAP)
    record.apply(found)
    copies = sum(one.verdict.copy_of is not None for one in record.evidence())
    return record.counts()[1], copies


def forwarded(stream: Stream) -> int:
    """How many statements were carried forward."""
    both = zip(stream.copied, stream.plain, strict=True)
    return sum(len(one.relations) - len(other.relations) for one, other in both)


@pytest.mark.parametrize("seed", range(2))
async def test_whole_notes_that_carry_text_forward_count_as_those_without_it(seed: int) -> None:
    stream = copied_stream(seed, notes=200, patients=15)
    expected, own = await counted(stream.plain, seed)
    assert own == 0
    assert await counted(stream.copied, seed) == (expected, forwarded(stream))
    assert forwarded(stream) > 40
    # Told in other words, the same statements would have made a difference.
    assert (await counted(stream.retold, seed))[0] != expected


def long_note(text: str) -> Note:
    return Note(
        source="ehr",
        note_id="long",
        version=1,
        patient_key="p",
        written_at=datetime(2026, 1, 1, tzinfo=UTC),
        text=text,
    )


async def test_a_megabyte_of_different_sentences_is_read_to_its_end() -> None:
    told = f"This day {DRUGS[0]} caused {EVENTS[0]}."
    days = [f"On day {day} the patient walked along and slept well." for day in range(20_000)]
    days[::1000] = [told] * 20
    text = " ".join([*days, told])
    assert len(text) > 1_000_000
    (found,) = await extractor().extract([long_note(text)])
    assert [text[m.start : m.end] for m in found.mentions] == [DRUGS[0], EVENTS[0]] * 21
    assert [relation.evidence_text for relation in found.relations] == [told] * 21
    assert found.relations[-1].evidence_end == len(text)


async def test_a_megabyte_without_a_stop_is_searched_to_its_end_and_nothing_in_it_related() -> None:
    # Drugs times events would be 10⁸ pairs, each with a megabyte around it.
    text = f"{DRUGS[0]} {EVENTS[0]} and {'so on and on ' * 6}" * 11_000
    assert len(text) > 1_000_000
    (found,) = await extractor().extract([long_note(text)])
    assert len(found.mentions) == 22_000
    assert found.relations == ()
