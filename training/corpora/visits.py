"""Relations in the notes of ACI-BENCH, visits that were played and written up by clinicians.

The repository holds offsets only (`visits/annotations.jsonl`), as of dictations; the texts (Yim et
al., Scientific Data 2023; CC BY 4.0) lie in the data folder. No model learns from them: the notes
of their own training and validation parts are to choose on (versions, weights and threshold), those
of the tests to measure on.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from training.corpora.documents import Document
from training.corpora.offsets import EVENTS_ALONE, read_offsets
from training.errors import CorpusError
from training.train.splits import Parts

CORPUS = "visits"

ANNOTATIONS = Path(__file__).parent / "visits" / "annotations.jsonl"

TO_CHOOSE_ON = ("train", "valid")
TO_MEASURE_ON = ("clinicalnlp_taskB_test1", "clinicalnlp_taskC_test2", "clef_taskC_test3")

LAST_TO_CHOOSE_ON = 87
"""Of the numbers of the encounters ("D2N087")."""


def read_notes(folder: Path, annotations: Path = ANNOTATIONS) -> list[Document]:
    """One document per note; only the drugs that are blamed are marked.

    Args:
        folder: of the CSV files with `encounter_id` and `note`.
        annotations: see `read_offsets`.

    Raises:
        CorpusError: a file is missing or malformed, or a text is not the one that was annotated.
    """
    texts: dict[str, str] = {}
    for name in (*TO_CHOOSE_ON, *TO_MEASURE_ON):
        texts |= _notes(folder / f"{name}.csv")
    return [
        replace(one, complete=EVENTS_ALONE)
        for one in read_offsets(annotations, texts, corpus=CORPUS)
    ]


def split_notes(notes: Sequence[Document]) -> Parts:
    """By the parts that the notes come in."""
    parts = Parts([], [], [])
    for note in notes:
        chosen_on = int(note.doc_id[-3:]) <= LAST_TO_CHOOSE_ON
        (parts.dev if chosen_on else parts.test).append(note)
    return parts


def _notes(path: Path) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {
                f"aci-{row['encounter_id']}": row["note"].replace("\r\n", "\n").rstrip()
                for row in csv.DictReader(file, strict=True)
            }
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error, KeyError, AttributeError) as error:
        # The row is the text of a note, and so may be the message of the error.
        raise CorpusError(f"{path} is no file of notes: {type(error).__name__}") from None
