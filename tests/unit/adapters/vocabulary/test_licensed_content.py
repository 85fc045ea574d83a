"""What of MedDRA and RxNorm names anything: in files in their form, with content of our own."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.adapters.vocabulary import licensed, vocabularies
from services.core.contracts import MentionType
from services.core.errors import ConfigurationError
from services.core.vocabulary.lexicon import Entries, Lexicon

DRUG, EVENT = MentionType.DRUG, MentionType.ADE
HIERARCHY = [
    "1$11$21$31$Influenza$Viral$Infections NEC$Infections$Infec$$31$Y$",
    "1$12$22$32$Influenza$Airway$Airway infections$Respiratory$Resp$$31$N$",
    "1$11$23$33$Influenza$Viral$Fevers$General$Genrl$$31$N$",
    "2$13$22$32$Sjögren’s cough$Coughs$Airway infections$Respiratory$Resp$$32$Y$",
]
TERMS = [
    "1$Influenza$1$$$$$$$Y$$",
    "4$Flu$1$$$$$$$Y$$",
    "5$Grippe NOS$1$$$$$$$N$$",
    "2$Sjögren’s cough$2$$$$$$$Y$$",
]


def meddra(
    folder: Path,
    *,
    hierarchy: list[str] = HIERARCHY,
    terms: list[str] = TERMS,
    encoding: str = "cp1252",
) -> Entries:
    """MedDRA with the lines of a file of Windows."""
    files = {
        "pt.asc": ["1$Influenza$$31$$$$$$$$", "2$Sjögren’s cough$$32$$$$$$$$"],
        "mdhier.asc": hierarchy,
        "llt.asc": terms,
    }
    for name, lines in files.items():
        (folder / name).write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
    return licensed.meddra(folder, "27.0")


def found(entries: Entries, kind: MentionType, surface: str) -> str | None:
    """The name of the concept of a surface, if a name is exactly that."""
    of_surface = Lexicon("v", {kind: entries}).find(kind, surface)
    return of_surface[0].name if of_surface and of_surface[1] == 1.0 else None


def test_a_preferred_term_has_one_primary_class_and_the_groups_on_the_path_to_it(
    tmp_path: Path,
) -> None:
    influenza = meddra(tmp_path).concepts[0]
    assert {one for one in influenza.broader if " " not in one[0]} == {
        ("HLT", "Viral"),
        ("HLGT", "Infections NEC"),
        ("SOC", "Infections"),
    }
    # The HLT of its primary path is no secondary one, whichever classes it is in besides.
    assert {one for one in influenza.broader if " " in one[0]} == {
        ("HLT secondary", "Airway"),
        ("HLGT secondary", "Airway infections"),
        ("HLGT secondary", "Fevers"),
        ("SOC secondary", "Respiratory"),
        ("SOC secondary", "General"),
    }


@pytest.mark.parametrize("primary", ["NNN", "YYN", "YNY"])
def test_a_term_without_one_primary_path_is_an_error(tmp_path: Path, primary: str) -> None:
    flagged = [
        line.removesuffix(line[-2:]) + f"{flag}$"
        for line, flag in zip(HIERARCHY, primary + "Y", strict=True)
    ]
    with pytest.raises(ConfigurationError, match=r"mdhier\.asc .* one primary path for the term 1"):
        meddra(tmp_path, hierarchy=flagged)


def test_lines_without_a_last_separator_are_read(tmp_path: Path) -> None:
    cut = [line.removesuffix("$") for line in HIERARCHY]
    terms = [line.removesuffix("$$") for line in TERMS]
    assert meddra(tmp_path, hierarchy=cut, terms=terms) == meddra(tmp_path)


def test_terms_that_are_not_current_name_nothing(tmp_path: Path) -> None:
    entries = meddra(tmp_path)
    assert found(entries, EVENT, "flu") == "influenza"
    assert found(entries, EVENT, "Grippe NOS") is None


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_term_is_the_same_in_either_encoding(tmp_path: Path, encoding: str) -> None:
    entries = meddra(tmp_path, encoding=encoding)
    assert entries.concepts[1].name == "sjögren cough"
    assert found(entries, EVENT, "Sjögren's cough") == "sjögren cough"


def test_the_version_says_the_release_and_how_it_was_read(tmp_path: Path) -> None:
    meddra(tmp_path)
    lexicon = vocabularies.of_hospital(
        rxnorm_folder=None, rxnorm_version="", meddra_folder=tmp_path, meddra_version="MedDRA-27.0"
    )
    assert lexicon.version.endswith(f"+MedDRA-27.0+{licensed.READING}")


NAMES = [
    # The product goes first in the file, so that it would take the names of what is in it.
    ("1", "RXNORM", "SCD", "amlodipine besylate 5 MG / benazepril 10 MG Oral Capsule", "N"),
    ("1", "RXNORM", "SY", "ASA 5 MG / benazepril 10 MG", "N"),
    ("1", "RXNORM", "SCDF", "amlodipine / benazepril Oral Capsule", "N"),
    ("2", "RXNORM", "PIN", "amlodipine besylate", "N"),
    ("3", "RXNORM", "IN", "amlodipine", "N"),
    ("4", "RXNORM", "IN", "benazepril", ""),
    ("5", "RXNORM", "SCD", "Norvex 5 MG Oral Tablet", "N"),
    ("6", "RXNORM", "BN", "Norvex", "N"),
    ("7", "RXNORM", "IN", "Inert Ingredients", "N"),
    ("8", "RXNORM", "BPCK", "{21 (amlodipine 5 MG) / 7 (inert 1 MG) } Pack [Amlopack]", "N"),
    ("8", "RXNORM", "SY", "Amlopack", "N"),
    ("9", "RXNORM", "SCD", "inert ingredients Oral Tablet", "N"),
    ("10", "RXNORM", "BN", "Editedol", "E"),
    ("11", "RXNORM", "BN", "Oldine", "O"),
    ("12", "RXNORM", "BN", "Inverted", "Y"),
    ("13", "RXNORM", "BN", "Newol", "N"),
    ("14", "RXNORM", "IN", "lactose", "N"),
    ("15", "RXNORM", "IN", "withdrawnine", "O"),
    ("16", "RXNORM", "BN", "Withdrawnol", "N"),
    ("17", "RXNORM", "BN", "Métaphène®", "N"),
]
RELATIONS = [
    ("3", "has_ingredient", "1", "RXNORM", ""),
    ("4", "has_ingredient", "1", "RXNORM", ""),
    ("3", "form_of", "2", "RXNORM", ""),
    ("4", "has_ingredient", "5", "RXNORM", ""),
    ("3", "tradename_of", "6", "RXNORM", ""),
    ("3", "contains", "8", "RXNORM", ""),
    ("9", "contains", "8", "RXNORM", ""),
    ("7", "has_ingredient", "9", "RXNORM", ""),
    ("3", "tradename_of", "10", "RXNORM", ""),
    ("3", "tradename_of", "11", "RXNORM", ""),
    ("3", "tradename_of", "12", "RXNORM", ""),
    ("3", "tradename_of", "13", "RXNORM", ""),
    ("4", "tradename_of", "13", "RXNORM", "O"),
    ("14", "has_ingredient", "13", "MTHSPL", ""),
    ("14", "has_inactive_ingredient", "13", "RXNORM", ""),
    ("4", "reformulation_of", "13", "RXNORM", ""),
    ("15", "tradename_of", "16", "RXNORM", ""),
    ("4", "tradename_of", "17", "RXNORM", "N"),
]
"""First concept, RELA, second concept, source, whether suppressed: the second has the first."""


@pytest.fixture
def drugs(tmp_path: Path) -> Entries:
    names = [
        f"{code}|ENG||||||{code}|||{code}|{source}|{kind}|{code}|{name}||{suppressed}|4096|"
        for code, source, kind, name, suppressed in NAMES
    ]
    relations = [
        f"{one}||CUI|RO|{other}||CUI|{relation}|||{source}||||{suppressed}||"
        for one, relation, other, source, suppressed in RELATIONS
    ]
    (tmp_path / "RXNCONSO.RRF").write_text("\n".join(names) + "\n", encoding="utf-8")
    (tmp_path / "RXNREL.RRF").write_text("\n".join(relations) + "\n", encoding="utf-8")
    return licensed.rxnorm(tmp_path, "v")


@pytest.mark.parametrize(
    ("surface", "drug"),
    [
        # A product's strengths cut off all but its first ingredient.
        ("amlodipine besylate", "amlodipine"),
        ("ASA", None),
        ("amlodipine / benazepril", "amlodipine + benazepril"),
        ("Norvex", "amlodipine"),
        ("Amlopack", "amlodipine"),
        ("inert ingredients", "inert ingredient"),
        ("Newol", "amlodipine"),
        ("Métaphène", "benazepril"),
    ],
)
def test_names_of_rxnorm_are_those_of_their_ingredients(
    drugs: Entries, surface: str, drug: str | None
) -> None:
    assert found(drugs, DRUG, surface) == drug


@pytest.mark.parametrize(
    "surface", ["Editedol", "Oldine", "Inverted", "withdrawnine", "Withdrawnol"]
)
def test_suppressed_names_and_what_leads_to_suppressed_ingredients_alone_are_none(
    drugs: Entries, surface: str
) -> None:
    assert found(drugs, DRUG, surface) is None
