"""What reading real notes costs beside extracting from them, in processor time.

    python -m tests.benchmarks.reading_cost [--notes 150] [--rounds 3]

The packaged notes, as FHIR DocumentReferences and as HL7 v2 documents, go through

- the doors: recognised, parsed, put into another message's words, their language looked at;
- extraction with the serving graphs in this process, one thread each, in which the time of
  sections, indications, assertion, abbreviations and names is counted apart;
- the search for copied text, each patient's relations in the order in which they were written.

Extraction is the two models with their tokenizers, sentences and windows. The last line is the
ratio of everything else to it, with the dearer of the two formats.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from unittest.mock import patch

import torch

from deploy.demo.compile import compile_notes, to_note_json
from services.adapters import model_files
from services.bootstrap.components import Components
from services.config import Settings
from services.core import assertion
from services.core.contracts import Extraction, Note
from services.core.copies import Place, Told
from services.extract import mentions, relations
from services.ingest.recognise import parse
from tests.samples import hospital
from training.publish.served_parity import LocalModel

Costs = defaultdict[str, float]


class Stopwatch:
    """Processor time by name."""

    def __init__(self) -> None:
        self.spent: Costs = defaultdict(float)

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.spent[name] += time.process_time() - began

    def around(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, its time counted."""

        @wraps(work)
        def timed(*arguments: Any, **named: Any) -> Any:
            with self.timing(name):
                return work(*arguments, **named)

        return timed


def notes(count: int) -> list[tuple[str, str, datetime]]:
    """(patient, text, date) of packaged notes."""
    found = [to_note_json(note) for note in compile_notes()[:count]]
    return [
        (
            str(one["patient_key"]),
            str(one["text"]),
            datetime.fromisoformat(str(one["written_at"])).astimezone(UTC),
        )
        for one in found
    ]


def as_fhir(number: int, patient: str, text: str, at: datetime) -> bytes:
    content = [{"attachment": hospital.attachment(text)}]
    subject = {"reference": f"Patient/{patient}"}
    return hospital.encoded(
        hospital.document(id=f"n-{number}", content=content, subject=subject, date=at.isoformat())
    )


def as_hl7(number: int, patient: str, text: str, at: datetime) -> bytes:
    escaped = text.replace("\\", "\\E\\").replace("|", "\\F\\").replace("^", "\\S\\")
    escaped = escaped.replace("&", "\\T\\").replace("~", "\\R\\").replace("\n", "\\.br\\")
    return hospital.hl7(
        number=f"N{number}^EHR",
        observations=f"OBX|1|TX|18842-5^Discharge summary^LN||{escaped}||||||F",
        patient=f"{patient}^^^HOSP^MR",
        at=f"{at:%Y%m%d%H%M%S}",
    ).encode()


async def round_of(messages: dict[str, list[bytes]]) -> Costs:
    """Processor seconds by name of one pass over all notes."""
    watch = Stopwatch()
    read: list[Note] = []
    for name, values in messages.items():
        with watch.timing(name):
            read = [note for value in values for note in parse(value, hospital.INTAKE).notes]
        if len(read) < len(values):
            raise SystemExit(f"{len(values) - len(read)} notes were not read as {name}")
    settings = Settings()
    components = Components(settings)
    pair = model_files.serving_pair(settings.model_repository)

    def local(model: str) -> LocalModel:
        return LocalModel(settings.model_repository / model / pair.of(model), model)

    extractor = components.extractor_of(local, pair)
    with ExitStack() as patches:
        for module, attribute, name in (
            (mentions, "named_mentions", "names"),
            (relations, "find_sections", "sections"),
            (relations, "is_indication", "indications"),
            (relations, "combine", "assertion"),
            (assertion, "assert_relation", "assertion"),
        ):
            timed = watch.around(name, getattr(module, attribute))
            patches.enter_context(patch.object(module, attribute, timed))
        with watch.timing("all of extraction"):
            extractions = await extractor.extract(read)
    await components.close()
    with watch.timing("copies"):
        search_copies(extractions)
    return watch.spent


def search_copies(extractions: Sequence[Extraction]) -> int:
    """How many relations repeat an earlier text of the same patient and pair."""
    told: defaultdict[tuple[str, str, str], Told] = defaultdict(Told)
    repeated = 0
    for extraction in sorted(extractions, key=lambda one: one.written_at):
        names = {mention.mention_id: mention.concept for mention in extraction.mentions}
        for position, relation in enumerate(extraction.relations):
            drug, event = names[relation.drug_id], names[relation.event_id]
            earlier = told[extraction.patient_key, drug, event]
            repeated += earlier.source_of(relation.evidence_text) is not None
            earlier.add(Place(extraction.note_id, position), relation.evidence_text)
    return repeated


def main() -> None:
    """Print processor time per note by part, and the ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--notes", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    packaged = notes(options.notes)
    messages = {
        "FHIR": [as_fhir(number, *one) for number, one in enumerate(packaged)],
        "HL7 v2": [as_hl7(number, *one) for number, one in enumerate(packaged)],
    }
    rounds = [asyncio.run(round_of(messages)) for _ in range(options.rounds)]
    ratios = []
    for spent in rounds:
        inside = ("names", "sections", "indications", "assertion")
        extraction = spent["all of extraction"] - sum(spent[name] for name in inside)
        doors = max(spent["FHIR"], spent["HL7 v2"])
        ratios.append((doors + sum(spent[n] for n in inside) + spent["copies"]) / extraction)
        parts = {n: v for n, v in spent.items() if n != "all of extraction"} | {
            "extraction": extraction
        }
        print(
            ", ".join(f"{n} {1e3 * v / len(packaged):.2f} ms" for n, v in parts.items())
            + f" per note; the rest in {ratios[-1]:.3f} times extraction",
            flush=True,
        )
    print(f"median ratio {statistics.median(ratios):.3f}, at most 0.2 is wanted")


if __name__ == "__main__":
    main()
