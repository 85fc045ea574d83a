"""From a note on Kafka to a verified webhook, and nothing lost or counted twice on the way.

The tests share one service and run in this order; each compares the counts with an oracle over
all extractions so far, so that none depends on what another one left.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from deploy.demo.compile import NOTES_FOLDER, compile_notes, planted_pairs
from services.adapters.dead_letters import read_dead_letters
from services.adapters.kafka import Record
from services.core.contracts import MentionType, Pair
from services.core.normalise import concept
from tests.e2e.oracle import pairs_of, signals, standing
from tests.e2e.service import Note, Service, as_others, packaged_notes
from tests.integration.topics_seen import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.stack, pytest.mark.timeout(1800)]

LEAST_SHARE_OF_PLANTED = 0.7
"""Of the planted (pair, patient) combinations, the share that the first models must find."""

A_WHILE = 40
"""Notes that keep the service busy long enough for something to happen to it."""

A_FEW = 20
"""Notes that wait for something, or come among others."""


@pytest.fixture(scope="module")
def notes() -> list[Note]:
    return packaged_notes()


async def test_counts_equal_the_oracle(service: Service, notes: list[Note]) -> None:
    await service.send(notes)
    await service.settle()
    counts = await service.assert_counts_are_right()
    read = {(e["source"], e["note_id"], e["version"]) for e in await service.extractions()}
    assert read == {(n["source"], n["note_id"], n["version"]) for n in notes}
    assert counts.total > 50


async def test_signals_are_those_pairs_that_pass_the_rule(service: Service) -> None:
    expected = signals(await service.expected())
    assert expected

    async def as_expected() -> bool:
        return {tuple(pair) for pair in await service.active_signals()} == expected

    await eventually("signals follow the counts", as_expected)


async def test_planted_pairs_are_found_or_listed_as_missed(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    extractions = standing(await service.extractions())
    found = {(e["patient_key"], *pair) for e in extractions for pair in pairs_of(e)}
    planted = {
        (patient, *Pair(concept(MentionType.DRUG, drug), concept(MentionType.ADE, event)))
        for (drug, event), patients in planted_pairs(compile_notes(NOTES_FOLDER)).items()
        for patient in patients
    }
    missed = sorted(planted - found)
    share = 1 - len(missed) / len(planted)
    with capsys.disabled():
        print(f"\nplanted: {len(planted)}, found: {share:.1%}, missed: {missed}")
    assert share >= LEAST_SHARE_OF_PLANTED


async def test_every_transition_arrives_as_a_verified_webhook(service: Service) -> None:
    active = await service.active_signals()

    async def arrived() -> bool:
        told = {(w["body"]["data"]["drug"], w["body"]["data"]["event"]) for w in service.received()}
        return {tuple(pair) for pair in active} <= told

    await eventually("webhooks", arrived)
    assert all(webhook["verified"] for webhook in service.received())
    allowed = set(json.loads(_alert_schema())["properties"])
    for webhook in service.received():
        assert set(webhook["body"]["data"]) <= allowed


async def test_every_note_twice_and_shuffled_changes_no_count(
    service: Service, notes: list[Note]
) -> None:
    before = await service.assert_counts_are_right()
    again = [*notes, *notes[:A_FEW]]  # a second time, and some a third time near it
    random.Random(7).shuffle(again)
    await service.send(again)
    await service.settle()
    assert await service.assert_counts_are_right() == before


async def test_an_amendment_and_a_retraction_take_their_counts_back(service: Service) -> None:
    text = "He developed lisinopril-induced angioedema and lisinopril was stopped."
    first = _note("change-1", "change-patient-1", text)
    second = _note("change-2", "change-patient-2", text)
    before = await service.assert_counts_are_right()
    await service.send([first, second])
    await service.settle()
    with_both = await service.assert_counts_are_right()
    added = with_both.pairs - before.pairs
    assert added, "the models must find this one"
    assert set(added.values()) == {2}
    await service.send([{**first, "version": 2, "text": "Blood pressure is well controlled."}])
    await service.settle()
    amended = await service.assert_counts_are_right()
    assert set((amended.pairs - before.pairs).values()) == {1}
    await service.send([{**second, "version": 2, "text": "", "status": "retracted"}])
    await service.send([{**second, "text": text}])  # the older version, late
    await service.settle()
    assert await service.assert_counts_are_right() == before


@pytest.mark.parametrize("stage", ["extract", "aggregate", "detect", "alert"])
async def test_a_killed_worker_changes_no_count(
    service: Service, notes: list[Note], stage: str
) -> None:
    before = (await service.overview()).notes
    chosen = as_others(notes[:A_WHILE], f"killed-{stage}")
    documents = len({note["note_id"] for note in chosen})
    await service.send(chosen)

    async def in_the_middle() -> bool:
        return (await service.overview()).notes >= before + 10

    await eventually("some notes are through", in_the_middle)
    worker = service.stack.workers[stage]
    worker.kill()
    through = (await service.overview()).notes - before
    worker.start()
    assert through < documents, "killed too late to show anything"
    await service.settle()
    await service.assert_counts_are_right()
    assert (await service.overview()).notes == before + documents
    expected = signals(await service.expected())

    async def as_expected() -> bool:
        return {tuple(pair) for pair in await service.active_signals()} == expected

    await eventually("signals follow the counts", as_expected)


async def test_a_broker_that_restarts_in_mid_stream_changes_no_count(
    service: Service, notes: list[Note]
) -> None:
    before = (await service.overview()).notes
    chosen = as_others(notes[:A_WHILE], "broker")
    documents = len({note["note_id"] for note in chosen})
    await service.send(chosen)

    async def in_the_middle() -> bool:
        return (await service.overview()).notes >= before + 10

    await eventually("some notes are through", in_the_middle)
    service.stack.kafka.restart()
    await service.settle()
    await service.assert_counts_are_right()
    assert (await service.overview()).notes == before + documents


@pytest.mark.parametrize("name", ["triton", "redis"])
async def test_a_dependency_that_goes_away_changes_no_count(
    service: Service, notes: list[Note], name: str
) -> None:
    before = (await service.overview()).notes
    chosen = as_others(notes[:A_FEW], f"without-{name}")
    documents = len({note["note_id"] for note in chosen})
    dependency = service.stack.component(name)
    dependency.stop()
    await service.send(chosen)
    log = service.stack.workers["extract" if name == "triton" else "aggregate"].process
    await eventually("it is waited for", lambda: f'"dependency": "{name}"' in log.log_tail(50))
    dependency.start()
    await service.settle()
    await service.assert_counts_are_right()
    assert (await service.overview()).notes == before + documents


async def test_malformed_messages_end_as_dead_letters_while_good_notes_go_on(
    service: Service, notes: list[Note]
) -> None:
    before = (await service.overview()).notes
    good = as_others(notes[:A_FEW], "among-bad")
    records = [_record(note) for note in good]
    records += [Record(b"bad", bad) for bad in _malformed(200)]
    random.Random(8).shuffle(records)
    await service.send_raw(records)
    await service.settle()
    letters = await read_dead_letters(
        service.bootstrap, "ehr.notes", timeout_seconds=60, limit=1000
    )
    assert {letter.origin.value for letter in letters} == set(_malformed(200))
    assert len(letters) == 200
    assert all(letter.reason and letter.stage == "extract" for letter in letters)
    assert len({letter.reason for letter in letters}) >= 4
    documents = len({note["note_id"] for note in good})
    assert (await service.overview()).notes == before + documents
    await service.assert_counts_are_right()


async def test_dead_letters_are_shown_without_text_and_replayed_without_harm(
    service: Service,
) -> None:
    before = await service.assert_counts_are_right()
    shown = service.stack.run("dead-letters", "list", "ehr.notes", "--reason", "wrong-type")
    assert shown.count("wrong-type") == 20
    assert "text of a bad note" not in shown
    said = service.stack.run("dead-letters", "replay", "ehr.notes", "--reason", "wrong-type")
    assert said.startswith("20 messages")
    await service.settle()
    letters = await read_dead_letters(
        service.bootstrap, "ehr.notes", timeout_seconds=60, limit=1000
    )
    assert len(letters) == 220
    assert await service.assert_counts_are_right() == before


async def test_the_books_agree_and_can_be_rebuilt(service: Service) -> None:
    assert "agree" in service.stack.run("counts", "verify")
    service.stack.run("counts", "rebuild")
    assert "agree" in service.stack.run("counts", "verify")
    await service.assert_counts_are_right()


async def test_no_text_of_any_note_reaches_logs_or_webhooks(
    service: Service, notes: list[Note]
) -> None:
    said = [process.process.log_path.read_text() for process in service.stack.services]
    said.append(service.stack.received.read_text())
    pieces = {note["text"][start : start + 30] for note in notes for start in (0, 60, 120)}
    long_pieces = {piece for piece in pieces if len(piece.strip()) > 20}
    assert len(long_pieces) > 300
    assert [piece for piece in long_pieces for text in said if piece in text] == []


def _note(note_id: str, patient: str, text: str) -> Note:
    return {
        "source": "e2e",
        "note_id": note_id,
        "version": 1,
        "patient_key": patient,
        "written_at": "2026-05-01T08:00:00Z",
        "text": text,
    }


def _record(note: Note) -> Record:
    return Record(note["patient_key"].encode(), json.dumps(note).encode())


def _malformed(number: int) -> list[bytes]:
    """Different each, of ten kinds."""
    whole = json.dumps(_note("bad", "bad", "text")).encode()
    kinds = (
        lambda i: whole[: 10 + i // 10],
        lambda i: b"\xff\xfe" + bytes([i % 256, i // 256]) + whole,
        lambda i: b"[%d]" % i,
        lambda i: b'"just text %d"' % i,
        lambda i: json.dumps({"note_id": str(i)}).encode(),
        lambda i: json.dumps({**_note(f"bad-{i}", "bad", "x"), "version": 0}).encode(),
        lambda i: json.dumps({**_note(f"bad-{i}", "bad", "x"), "written_at": "today"}).encode(),
        lambda i: json.dumps({**_note(f"bad-{i}", "text of a bad note", "x"), "text": 17}).encode(),
        lambda i: b"MSH|^~\\&|EHR|A|B|C|202601011200||MDM^T02|%d|P|2.5" % i,
        lambda i: json.dumps({"resourceType": "Bundle", "id": str(i)}).encode(),
    )
    return [kinds[i % len(kinds)](i) for i in range(number)]


def _alert_schema() -> str:
    folder = Path(__file__).parents[2] / "services" / "adapters" / "schemas"
    (path,) = [path for path in folder.glob("*.json") if "alert" in path.name.lower()]
    return path.read_text()
