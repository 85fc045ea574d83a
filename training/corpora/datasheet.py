"""The datasheet of our own corpus: what was written by hand here, and numbers from the notes.

Its questions are those of Gebru et al., Datasheets for Datasets, CACM 2021;64(12):86-92.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.core.windows import MAX_SENTENCES
from training.corpora.statistics import Statistics

_TEXT = """\
# Datasheet: adewatch notes

The tables are written by `python -m training corpus datasheet`; do not edit them here.

## Motivation

No open corpus of annotated clinical notes exists for relations between drugs and adverse events:
those of hospitals may not be passed on. These notes may. They are made to train and measure models
that read notes for *this drug caused this event*, with what the writer asserts of it.

## Composition

An instance is one version of one clinical note in English with its gold: every drug name; an event
where it takes part in a relation; every relation with a status (affirmed, historical, uncertain,
negated, hypothetical, family); traps, phrases that look like the event of a drug and are none
(an indication, a bare allergy, a wanted effect, a coincidence, an effect of a disease, the reason
why a drug was stopped, a drug that did not work). What a mention, a relation and a status are
follows the guidelines of the corpus of transcribed notes that training also reads (see its
`GUIDELINES.md`). The format is that of `deploy/demo/README.md`.

There are discharge summaries, emergency, clinic, ICU, ward and telephone notes, letters, medication
and allergy lists, consent talks and consults; dictated, telegraphic, in capitals; American and
British.

No patient, doctor or hospital exists; names, ages and courses are invented. No sentence is copied.

{statistics}

## Collection

The notes were written by language models, one by one and not from templates, after reading how
published sample notes look and after guidelines for kinds of note, specialties, ages, drugs
(common and rare, of the US, the UK and the EU), wordings, statuses and traps. The annotation was
made while writing, with inline markup that a program turns into offsets and checks
(`python -m training corpus check`), and each file was read a second time.

{agreement}

Writer and annotator are the same kind of reader. Whatever such a reader takes for granted, both
do: take the agreement as an upper bound, and the corpus as silver.

## Splits

By patient: one of eight is test, 10% of the others dev, the rest training. The notes of the
demonstration (`deploy/demo/notes`) are always test. The rules of assertion were written with train
and dev in view, and never with test.

{splits}

## Uses

Training and measuring extraction in development, and demonstrations without patient data. Not for
estimating how often anything happens: the rates of drugs, events and errors are those of their
writers. Figures on these notes say less about a hospital's notes than figures on transcribed ones.

## Distribution and maintenance

Licence: Creative Commons Attribution 4.0 (CC BY 4.0); credit "adewatch notes". The corpus is part
of the repository and changes with it. Mistakes are mended in the notes files, checked by the
command above.
"""

_STATUSES = "| status | relations |\n|---|---|\n"
_KINDS = "| trap | phrases |\n|---|---|\n"
_DISTANCES = "| sentences that cover drug and event | relations |\n|---|---|\n"


def render(
    everything: Statistics,
    parts: Mapping[str, Statistics],
    agreement: Mapping[str, Any] | None,
    readings: str = "",
) -> str:
    """The datasheet as Markdown.

    Args:
        everything: of all notes, those of the demonstration included.
        parts: of train, dev and test.
        agreement: `Agreement.as_json`, None if nobody annotated a second time.
        readings: what is known of second readings, in words; in place of `agreement`.
    """
    return _TEXT.format(
        statistics=_statistics(everything),
        splits=_splits(parts),
        agreement=readings.strip() or _agreement(agreement),
    )


def _statistics(of: Statistics) -> str:
    relations, traps = sum(of.relations.values()), sum(of.traps.values())
    return "\n".join(
        [
            f"{of.documents:,} notes of {of.groups:,} patients, {of.without_relation:,} of them "
            f"without a relation; {of.words:,} words, {of.words_median} in the middle note; "
            f"{of.mentions.get('DRUG', 0):,} drug names, {of.mentions.get('ADE', 0):,} events, "
            f"{relations:,} relations, {traps:,} traps.",
            "",
            _STATUSES + _rows(of.relations),
            _KINDS + _rows(of.traps),
            _DISTANCES + _rows(of.distances),
            f"A relation that needs more than {MAX_SENTENCES} sentences is out of a model's reach.",
        ]
    )


def _rows(counts: Mapping[str, int]) -> str:
    return "".join(f"| {name} | {count:,} |\n" for name, count in counts.items())


def _splits(parts: Mapping[str, Statistics]) -> str:
    rows = [
        f"| {name} | {of.documents:,} | {sum(of.relations.values()):,} "
        f"| {sum(of.traps.values()):,} |"
        for name, of in parts.items()
    ]
    return "\n".join(["| part | notes | relations | traps |", "|---|---|---|---|", *rows])


def _agreement(figures: Mapping[str, Any] | None) -> str:
    if figures is None:
        return (
            "Agreement with a second, blind annotation was not measured yet "
            "(`python -m training corpus agreement A B` does)."
        )
    return (
        f"{figures['notes']} notes were annotated a second time, blind, from the bare text. "
        f"Relations (overlapping spans, any status) agree with F1 "
        f"{figures['relations_overlapping']['f1']:.3f}, drug names with F1 "
        f"{figures['drug_mentions_strict']['f1']:.3f} (exact) and "
        f"{figures['drug_mentions_overlapping']['f1']:.3f} (overlapping); of "
        f"{figures['relations_compared']} relations found twice "
        f"{figures['same_status_share']:.1%} have the same status."
    )
