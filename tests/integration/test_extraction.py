"""Notes of every size through the real models on a real Triton."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.local.layout import REPOSITORY
from deploy.local.triton import Triton
from services.adapters import wire
from services.adapters.triton import TritonServer
from services.bootstrap.components import Components
from services.config import Settings
from services.core.contracts import Extraction, Note
from services.core.errors import DependencyUnavailable
from services.ingest.json_note import parse_json_note

pytestmark = pytest.mark.stack

PATIENCE_SECONDS = 600
CAUSAL = "She developed lisinopril-induced angioedema and lisinopril was stopped.\n"
GERMAN = (
    "Die Patientin entwickelte nach der Gabe von Amoxicillin einen Ausschlag und wurde entlassen."
)


def settings(triton: Triton) -> Settings:
    return Settings(
        triton_grpc=triton.grpc,
        triton_timeout_seconds=PATIENCE_SECONDS,
        model_repository=REPOSITORY / "model_repository",
    )


def note(note_id: str, text: str) -> Note:
    return parse_json_note(
        json.dumps(
            {
                "source": "test",
                "note_id": note_id,
                "patient_key": note_id,
                "written_at": "2026-05-01T08:00:00Z",
                "text": text,
            }
        ).encode()
    )


async def extract(triton: Triton, *notes: Note) -> list[Extraction]:
    components = Components(settings(triton))
    try:
        return await components.extractor.extract(notes)
    finally:
        await components.close()


async def test_an_empty_note_has_an_empty_extraction(triton_server: Triton) -> None:
    (extraction,) = await extract(triton_server, note("empty", ""))
    assert extraction.mentions == ()
    assert extraction.relations == ()


async def test_a_plain_statement_is_found_with_exact_offsets(triton_server: Triton) -> None:
    (extraction,) = await extract(triton_server, note("plain", "Seen today.\n\n" + CAUSAL))
    mentions = {mention.mention_id: mention for mention in extraction.mentions}
    found = {
        (mentions[r.drug_id].concept, mentions[r.event_id].concept) for r in extraction.relations
    }
    assert ("lisinopril", "angioedema") in found
    wire.decode(Extraction, wire.encode(extraction))  # checks every offset against its text
    assert extraction.versions.ner
    assert extraction.versions.relation


async def test_a_note_of_a_megabyte_is_read_to_its_end(triton_server: Triton) -> None:
    # Five hundred different sentences: windows that are equal are read once, so that the models
    # have no more to read than in a note of a quarter of the length.
    days = (f"On day {i % 500} the patient walked along and slept well. " for i in range(19_500))
    text = CAUSAL + "".join(days) + "\n" + CAUSAL
    assert len(text) > 1_000_000
    (extraction,) = await extract(triton_server, note("long", text))
    starts = [mention.start for mention in extraction.mentions if mention.concept == "lisinopril"]
    assert min(starts) < len(CAUSAL)
    assert max(starts) > len(text) - len(CAUSAL)
    wire.decode(Extraction, wire.encode(extraction))


async def test_a_single_sentence_longer_than_the_window_is_read_to_its_end(
    triton_server: Triton,
) -> None:
    text = "tired and " * 400 + CAUSAL
    (extraction,) = await extract(triton_server, note("run-on", text))
    assert any(mention.start > len(text) - len(CAUSAL) for mention in extraction.mentions)


async def test_a_triton_that_is_away_is_a_dependency_that_is_away(triton_server: Triton) -> None:
    away = TritonServer("127.0.0.1:9", timeout_seconds=2)
    model = away.model("ner")
    import numpy as np

    with pytest.raises(DependencyUnavailable):
        await model.infer(np.ones((1, 3), np.int64), np.ones((1, 3), np.int64))
    await away.close()


def test_a_file_becomes_a_file_and_bad_lines_are_kept(
    triton_server: Triton, tmp_path: Path
) -> None:
    notes, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    lines = [json.dumps({"id": f"n{i}", "text": CAUSAL}) for i in range(40)]
    foreign = json.dumps({"id": "foreign", "text": GERMAN})
    mixed = json.dumps({"id": "mixed", "text": f"{CAUSAL}\n{GERMAN}"})
    notes.write_text("\n".join([*lines[:20], "{broken", *lines[20:], foreign, mixed]))
    environment: Mapping[str, str] = {
        **os.environ,
        "ADEWATCH_TRITON_GRPC": triton_server.grpc,
        "ADEWATCH_TRITON_TIMEOUT_SECONDS": str(PATIENCE_SECONDS),
        "ADEWATCH_MODEL_REPOSITORY": str(REPOSITORY / "model_repository"),
    }
    command = [
        sys.executable,
        "-m",
        "services.cli",
        "extract",
        "--notes",
        str(notes),
        "--out",
        str(out),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=1200, check=False)
    assert done.returncode == 3
    extractions = [wire.decode(Extraction, line) for line in out.read_bytes().splitlines()]
    read = [*(f"n{i}" for i in range(40)), "mixed"]
    assert [extraction.note_id for extraction in extractions] == read
    assert all(extraction.relations for extraction in extractions)
    kept = (tmp_path / "out.jsonl.dead-letters.jsonl").read_text().splitlines()
    broken, *others = [json.loads(line) for line in kept]
    assert (broken["original"], broken["line"]) == ("{broken", 21)
    assert [(one["original"], one["line"]) for one in others] == [(foreign, 42), (mixed, 43)]
    assert {one["reason"] for one in others} == {"unsupported-language"}
