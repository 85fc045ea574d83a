"""RxNorm and MedDRA from files in their form, with content of our own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from services.adapters.vocabulary import licensed
from services.adapters.vocabulary.vocabularies import layered
from services.core.contracts import MentionType
from services.core.errors import ConfigurationError
from services.core.vocabulary.lexicon import Concept, Entries, Lexicon

DRUG, EVENT = MentionType.DRUG, MentionType.ADE

NAMES = [
    ("1", "ENG", "RXNORM", "IN", "lisinopril", "N"),
    ("2", "ENG", "RXNORM", "IN", "hydrochlorothiazide", "N"),
    ("3", "ENG", "RXNORM", "BN", "Zestoretic", "N"),
    ("4", "ENG", "RXNORM", "SCDC", "lisinopril 10 MG", "N"),
    ("5", "ENG", "RXNORM", "SBD", "lisinopril 10 MG Oral Tablet [Zestril]", "N"),
    ("6", "ENG", "RXNORM", "BN", "Zestril", "N"),
    ("1", "ENG", "MTHSPL", "SU", "lisinopril anhydrous", "N"),
    ("1", "SPA", "MSHSPA", "PT", "lisinoprilo", "N"),
    ("1", "ENG", "VANDF", "AB", "retired name", "O"),
    ("7", "ENG", "RXNORM", "DF", "Oral Tablet", "N"),
    ("8", "ENG", "RXNORM", "PIN", "lisinopril dihydrate", "N"),
    ("10", "ENG", "RXNORM", "IN", "amoxicillin", "N"),
    ("11", "ENG", "RXNORM", "IN", "clarithromycin", "N"),
    ("12", "ENG", "RXNORM", "IN", "lansoprazole", "N"),
    ("13", "ENG", "RXNORM", "SCD", "amoxicillin 500 MG Oral Capsule", "N"),
    ("14", "ENG", "RXNORM", "SCDC", "amoxicillin 500 MG", "N"),
    ("15", "ENG", "RXNORM", "SCD", "clarithromycin 500 MG Oral Tablet", "N"),
    ("16", "ENG", "RXNORM", "SCDC", "clarithromycin 500 MG", "N"),
    ("17", "ENG", "RXNORM", "SBD", "lansoprazole 30 MG Oral Capsule [Prevacid]", "N"),
    ("18", "ENG", "RXNORM", "SBDC", "lansoprazole 30 MG [Prevacid]", "N"),
    ("19", "ENG", "RXNORM", "SCDC", "lansoprazole 30 MG", "N"),
    ("20", "ENG", "RXNORM", "BPCK", "Prevpac", "N"),
    ("21", "ENG", "RXNORM", "GPCK", "Duopac", "N"),
    ("22", "ENG", "RXNORM", "MIN", "the two of them together", "N"),
]
RELATIONS = [
    ("1", "tradename_of", "6"),
    ("4", "consists_of", "5"),
    ("1", "has_ingredient", "4"),
    ("1", "tradename_of", "3"),
    ("2", "tradename_of", "3"),
    ("1", "form_of", "8"),
    ("13", "contains", "20"),
    ("15", "contains", "20"),
    ("17", "contains", "20"),
    ("20", "contained_in", "13"),
    ("13", "contains", "21"),
    ("15", "contains", "21"),
    ("14", "consists_of", "13"),
    ("10", "has_ingredient", "14"),
    ("16", "consists_of", "15"),
    ("11", "has_ingredient", "16"),
    ("18", "consists_of", "17"),
    ("19", "tradename_of", "18"),
    ("12", "has_ingredient", "19"),
    ("10", "has_part", "22"),
    ("11", "has_part", "22"),
]
"""First concept, RELA, second concept: the second one "contains" the first one."""


@pytest.fixture
def rxnorm_folder(tmp_path: Path) -> Path:
    conso = []
    for code, language, source, term_type, name, suppressed in NAMES:
        cells = [""] * 18
        cells[0], cells[1], cells[11], cells[12] = code, language, source, term_type
        cells[14], cells[16] = name, suppressed
        conso.append("|".join(cells))
    rel = []
    for one, relation, other in RELATIONS:
        cells = [""] * 16
        cells[0], cells[4], cells[7], cells[10] = one, other, relation, "RXNORM"
        rel.append("|".join(cells))
    (tmp_path / "RXNCONSO.RRF").write_text("\n".join(conso) + "\n")
    (tmp_path / "RXNREL.RRF").write_text("\n".join(rel) + "\n")
    return tmp_path


def write(folder: Path, files: Mapping[str, list[str]]) -> None:
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n")


@pytest.fixture
def meddra_folder(tmp_path: Path) -> Path:
    write(
        tmp_path,
        {
            "pt.asc": ["10037844$Rash$$10040785$$$$$$$$", "10037087$Pruritus$$10040785$$$$$$$$"],
            "llt.asc": [
                "10037844$Rash$10037844$$$$$$$Y$$",
                "10040913$Skin rash$10037844$$$$$$$Y$$",
                "10021654$Itching$10037087$$$$$$$Y$$",
                "10000000$Orphan$19999999$$$$$$$Y$$",
            ],
            "mdhier.asc": [
                "10037844$11$22$33$Rash$Rashes NEC$Skin conditions$Skin disorders$Skin$$1$Y$",
                "10037844$12$23$34$Rash$Signs NEC$General signs$General disorders$Genrl$$1$N$",
            ],
            "smq_list.asc": ["20000020$Severe cutaneous reactions$1$d$s$n$26.0$A$N$"],
            "smq_content.asc": [
                "20000020$10037844$4$2$A$1$A$26.0$26.0$",
                "20000020$10037844$5$2$A$1$A$26.0$26.0$",
                "20000020$10037087$4$2$A$1$I$26.0$26.0$",
            ],
        },
    )
    return tmp_path


def named(entries: Entries, kind: MentionType, surface: str) -> Concept | None:
    found = Lexicon("v", {kind: entries}).find(kind, surface)
    return None if found is None else found[0]


@pytest.mark.parametrize(
    ("surface", "concept", "code"),
    [
        ("lisinopril", "lisinopril", "1"),
        ("Zestril", "lisinopril", "1"),
        ("Lisinopril anhydrous", "lisinopril", "1"),
        ("lisinopril dihydrate", "lisinopril", "1"),
        ("Zestoretic", "hydrochlorothiazide + lisinopril", "2+1"),
        ("Prevpac", "amoxicillin + clarithromycin + lansoprazole", "10+11+12"),
        ("Duopac", "amoxicillin + clarithromycin", "10+11"),
        ("the two of them together", "amoxicillin + clarithromycin", "10+11"),
        ("amoxicillin 500 MG Oral Capsule", "amoxicillin", "10"),
    ],
)
def test_names_of_rxnorm_lead_to_ingredients(
    rxnorm_folder: Path, surface: str, concept: str, code: str
) -> None:
    found = named(licensed.rxnorm(rxnorm_folder, "RxNorm-2026-11"), DRUG, surface)
    assert found is not None
    assert (found.name, found.system, found.code) == (concept, "RxNorm", code)
    assert found.version == "RxNorm-2026-11"
    assert [group for level, group in found.broader if level == "ingredient"] == concept.split(
        " + "
    )


def test_what_rxnorm_suppresses_or_says_in_other_languages_is_no_name(rxnorm_folder: Path) -> None:
    entries = licensed.rxnorm(rxnorm_folder, "v")
    assert not {"retired name", "lisinoprilo", "oral tablet"} & set(entries.names)


@pytest.mark.parametrize("surface", ["rash", "Skin rash", "rashes"])
def test_lowest_level_terms_of_meddra_lead_to_preferred_terms(
    meddra_folder: Path, surface: str
) -> None:
    found = named(licensed.meddra(meddra_folder, "MedDRA-26.0"), EVENT, surface)
    assert found is not None
    assert (found.name, found.code, found.version) == ("rash", "10037844", "MedDRA-26.0")


def test_a_preferred_term_keeps_every_group_above_it(meddra_folder: Path) -> None:
    entries = licensed.meddra(meddra_folder, "v")
    rash, itching = named(entries, EVENT, "rash"), named(entries, EVENT, "itching")
    assert rash is not None
    assert set(rash.broader) == {
        ("HLT", "Rashes NEC"),
        ("HLT secondary", "Signs NEC"),
        ("HLGT", "Skin conditions"),
        ("HLGT secondary", "General signs"),
        ("SOC", "Skin disorders"),
        ("SOC secondary", "General disorders"),
        ("SMQ", "Severe cutaneous reactions"),
    }
    # An inactive member of a query is none.
    assert itching is not None
    assert itching.broader == ()


QUERIES = {
    "smq_list.asc": [
        "1$Hypersensitivity$1$d$s$n$26.0$A$N$",
        "2$Skin hypersensitivity$2$d$s$n$26.0$A$N$",
        "3$Severe skin hypersensitivity$3$d$s$n$26.0$A$N$",
        "4$Withdrawn$2$d$s$n$26.0$I$N$",
    ],
    "smq_content.asc": [
        # Query, term, level (4 PT, 5 LLT, 0 child), scope (2 narrow, 1 broad, 0 child), …, status
        "1$2$0$0$S$0$A$26.0$26.0$",
        "2$3$0$0$S$0$A$26.0$26.0$",
        "3$1$0$0$S$0$A$26.0$26.0$",
        "1$4$0$0$S$0$A$26.0$26.0$",
        "4$10037844$4$2$A$0$A$26.0$26.0$",
        "2$10037087$4$1$A$0$A$26.0$26.0$",
    ],
}
"""Each query is the child of the one above it, and the first one, by mistake, of the last one."""


def queries(folder: Path, *content: str) -> dict[str, set[tuple[str, str]]]:
    """The queries of each term, when the content has those lines in addition."""
    write(folder, QUERIES | {"smq_content.asc": [*QUERIES["smq_content.asc"], *content]})
    concepts = licensed.meddra(folder, "v").concepts
    return {c.name: {one for one in c.broader if one[0].startswith("SMQ")} for c in concepts}


def test_a_query_has_the_terms_of_the_queries_below_it(meddra_folder: Path) -> None:
    found = queries(meddra_folder, "3$10037844$4$2$A$0$A$26.0$26.0$")["rash"]
    assert found == {
        ("SMQ", "Hypersensitivity"),
        ("SMQ", "Skin hypersensitivity"),
        ("SMQ", "Severe skin hypersensitivity"),
    }


def test_what_only_a_broad_search_has_is_kept_apart(meddra_folder: Path) -> None:
    assert {level for level, _ in queries(meddra_folder)["pruritus"]} == {"SMQ broad"}


def test_a_term_that_is_narrow_anywhere_below_a_query_is_narrow_in_it(meddra_folder: Path) -> None:
    found = queries(meddra_folder, "3$10037087$4$2$A$0$A$26.0$26.0$")["pruritus"]
    assert found == {
        ("SMQ", "Hypersensitivity"),
        ("SMQ", "Skin hypersensitivity"),
        ("SMQ", "Severe skin hypersensitivity"),
    }


def test_an_inactive_query_has_no_terms(meddra_folder: Path) -> None:
    assert queries(meddra_folder)["rash"] == set()


def test_meddra_without_queries_is_read(meddra_folder: Path) -> None:
    (meddra_folder / "smq_list.asc").unlink()
    found = named(licensed.meddra(meddra_folder, "v"), EVENT, "rash")
    assert found is not None
    assert not [level for level, _ in found.broader if level == "SMQ"]


def test_missing_and_short_files_are_named(meddra_folder: Path, rxnorm_folder: Path) -> None:
    (meddra_folder / "llt.asc").write_text("10037844$Rash\n")
    with pytest.raises(ConfigurationError, match=r"llt\.asc, line 1"):
        licensed.meddra(meddra_folder, "v")
    (rxnorm_folder / "RXNREL.RRF").unlink()
    with pytest.raises(ConfigurationError, match=r"RXNREL\.RRF is not in"):
        licensed.rxnorm(rxnorm_folder, "v")


def test_names_that_only_the_shipped_lexicon_has_lead_to_the_licensed_concept(
    meddra_folder: Path,
) -> None:
    own = [
        Concept(type=EVENT, name="pruritus", system="MeSH", code="D1", version="1"),
        Concept(type=EVENT, name="cough", system="MeSH", code="D2", version="1"),
    ]
    below = {EVENT: Entries(own, {"pruritus": 0, "itchy skin": 0, "cough": 1, "rash": 1})}
    above = {EVENT: licensed.meddra(meddra_folder, "v")}
    lexicon = Lexicon("v", layered(above, below))
    assert lexicon.name(EVENT, "itchy skin").concept == "pruritus"
    coding = lexicon.name(EVENT, "itchy skin").coding
    assert coding is not None
    assert coding.system == "MedDRA"
    assert lexicon.name(EVENT, "rash").concept == "rash"
    unlicensed = lexicon.name(EVENT, "cough").coding
    assert unlicensed is not None
    assert unlicensed.system == "MeSH"


def test_a_licensed_concept_gets_the_groups_that_only_the_shipped_lexicon_has(
    rxnorm_folder: Path,
) -> None:
    own = Concept(
        type=DRUG, name="lisinopril", system="MeSH", code="D1", version="1",
        broader=(("class", "ACE inhibitor"), ("ingredient", "something else")),
    )  # fmt: skip
    below = {DRUG: Entries([own], {"lisinopril": 0})}
    found = named(
        layered({DRUG: licensed.rxnorm(rxnorm_folder, "v")}, below)[DRUG], DRUG, "Zestril"
    )
    assert found is not None
    assert found.system == "RxNorm"
    assert set(found.broader) == {("ingredient", "lisinopril"), ("class", "ACE inhibitor")}
