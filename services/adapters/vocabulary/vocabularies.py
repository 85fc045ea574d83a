"""The vocabularies of a hospital as one lexicon: licensed ones first, then the shipped one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from services.adapters.vocabulary import lexicon_file, licensed
from services.core.contracts import MentionType
from services.core.vocabulary import keys
from services.core.vocabulary.lexicon import Concept, Entries, Lexicon

_TELLING = 6
"""Shorter names are shared by chance, as abbreviations are."""


def of_hospital(
    *,
    rxnorm_folder: Path | None,
    rxnorm_version: str,
    meddra_folder: Path | None,
    meddra_version: str,
) -> Lexicon:
    """The shipped lexicon, below RxNorm for drugs and MedDRA for events where there are any.

    Raises:
        ConfigurationError: a file is missing or damaged.
    """
    shipped = lexicon_file.load()
    above: dict[MentionType, Entries] = {}
    version = shipped.version
    if rxnorm_folder is not None:
        above[MentionType.DRUG] = licensed.rxnorm(rxnorm_folder, rxnorm_version)
        version += f"+{rxnorm_version}"
    if meddra_folder is not None:
        above[MentionType.ADE] = licensed.meddra(meddra_folder, meddra_version)
        version += f"+{meddra_version}"
    if not above:
        return shipped
    return Lexicon(f"{version}+{licensed.READING}", layered(above, shipped.entries))


def layered(
    above: Mapping[MentionType, Entries], below: Mapping[MentionType, Entries]
) -> dict[MentionType, Entries]:
    """Entries in which those above win.

    A concept below that has a name in common with one above is the one above, so that its other
    names (abbreviations, lay words) lead there too, and its groups of levels that the one above
    has none of (classes of drugs) are groups of that one.
    """
    return {
        kind: _joined(above[kind], of_kind, kind) if kind in above else of_kind
        for kind, of_kind in below.items()
    }


def _joined(above: Entries, below: Entries, kind: MentionType) -> Entries:
    concepts: list[Concept] = list(above.concepts)
    names = dict(above.names)
    called: dict[int, list[str]] = {}
    for name, number in below.names.items():
        called.setdefault(number, []).append(name)
    for number, concept in enumerate(below.concepts):
        # The concept's own name says more than any other of its names.
        own = keys.key(kind, concept.name)
        others = called.get(number, [])
        telling = (name for name in sorted(others) if len(name) >= _TELLING)
        same = next((names[n] for n in (own, *telling) if n in above.names), None)
        if same is None:
            same = len(concepts)
            concepts.append(concept)
        elif same < len(above.concepts):
            known = {level for level, _ in above.concepts[same].broader}
            new = tuple(group for group in concept.broader if group[0] not in known)
            if new:
                broader = dict.fromkeys((*concepts[same].broader, *new))
                concepts[same] = replace(concepts[same], broader=tuple(broader))
        for name in others:
            names.setdefault(name, same)
    return Entries(tuple(concepts), names)
