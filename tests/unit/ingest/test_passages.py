"""Of a note that is English in part the other languages are set aside, and nothing else is."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.compile import compile_notes, to_note_json
from services.ingest.language import other_language
from services.ingest.passages import blanked, foreign_passages
from tests.unit.ingest.test_language import ENGLISH
from training.corpora import adewatch

BEFORE = """DISCHARGE SUMMARY
The patient was admitted with melena while on warfarin for atrial fibrillation. INR was 6.1.
She had been given clarithromycin by her dentist a week before.

MEDICATIONS: ASA 81 mg qd, HCTZ 25 mg po qd."""
AFTER = """ALLERGIES: Peanut. Aspirin.

PLAN: Warfarin was stopped and she will be seen in the clinic. Rash on amoxicillin.
BP 120/80. HR 72."""

PASSAGES = {
    "es": "INSTRUCCIONES AL ALTA: Tome warfarina 5 mg cada noche. Evite el alcohol. Si presenta "
    "sangrado de las encías, acuda a urgencias. No tome aspirina sin consultar con su médico.",
    "de": "Anamnese: Seit drei Wochen trockener Reizhusten unter Ramipril.\nBefund: Lunge frei. "
    "Keine Ödeme.\nProcedere: Umstellung auf Candesartan 8 mg. Kontrolle in zwei Wochen.",
    "fr": "Le patient se plaint d'une toux sèche depuis l'introduction du ramipril. Évolution "
    "favorable.\nConseils de sortie : ne pas prendre d'ibuprofène.",
    "it": "La paziente è stata ricoverata per emorragia digestiva in corso di terapia con "
    "warfarin. Il farmaco è stato sospeso. Dimessa in buone condizioni generali.",
    "pt": "Orientações de alta: tomar losartana 50 mg uma vez ao dia. Não usar ibuprofeno. "
    "Procurar o pronto-socorro se houver sangramento.",
    "nl": "Patiënte werd opgenomen met een maagbloeding. De medicatie werd gestaakt. Zij herstelde "
    "goed. Ontslag naar huis met pantoprazol.",
    "pl": "Pacjentka została przyjęta z powodu krwawienia podczas leczenia warfaryną. Lek "
    "odstawiono. Stan ogólny dobry.",
    "sv": "Patienten inkom med blödning från magen och behandlades med omeprazol. Hon mår bra. "
    "Inga kända allergier.",
    "script": "Пациентка поступила с кровотечением на фоне приёма варфарина. Препарат отменён.",
}
"""A passage of each language; some of their sentences have no word that tells of it."""

SPANISH = "La paciente refiere náuseas desde que inició metformina. Se suspende el fármaco."


def read(text: str) -> str:
    """What is left to be read."""
    return blanked(text, foreign_passages(text))


def blank(text: str) -> str:
    """Spaces and line breaks in place of a text."""
    return "".join(" " if not one.isspace() else one for one in text)


@pytest.mark.parametrize("language", PASSAGES)
def test_a_paragraph_of_another_language_is_set_aside_and_the_english_around_it_read(
    language: str,
) -> None:
    passage = PASSAGES[language]
    text = f"{BEFORE}\n\n{passage}\n \n{AFTER}"
    assert other_language(text) is None
    (found,) = foreign_passages(text)
    assert (found.language, text[found.span.start : found.span.end]) == (language, passage)
    assert read(text) == f"{BEFORE}\n\n{blank(passage)}\n \n{AFTER}"


@pytest.mark.parametrize(("one", "other"), list(combinations(PASSAGES, 2)))
def test_two_languages_are_set_aside_and_the_english_between_them_read(
    one: str, other: str
) -> None:
    first, second = PASSAGES[one], PASSAGES[other]
    texts = [BEFORE, first, BEFORE, second, AFTER]
    left = [BEFORE, blank(first), BEFORE, blank(second), AFTER]
    assert read("\n\n".join(texts)) == "\n\n".join(left)


def test_sentences_are_set_aside_without_a_blank_line_around_them() -> None:
    text = f"{BEFORE}\n{SPANISH}\n{AFTER}"
    assert read(text) == f"{BEFORE}\n{blank(SPANISH)}\n{AFTER}"
    one_line = f"She was seen in the clinic. {SPANISH} It was her only complaint. BP 120/80."
    assert read(one_line) == one_line.replace(SPANISH, blank(SPANISH))


def test_a_foreign_line_without_a_function_word_goes_with_those_around_it() -> None:
    lines = "Refiere tos seca desde que toma enalapril.\nPlan: suspender.\nNo fuma y no bebe."
    assert read(f"{BEFORE}\n{lines}\n{AFTER}") == f"{BEFORE}\n{blank(lines)}\n{AFTER}"
    ends = "Antecedentes: diabetes.\n"
    assert read(f"{BEFORE}\n\n{ends}{lines}") == f"{BEFORE}\n\n{ends}{blank(lines)}"


def test_under_suspicion_one_telling_word_is_enough_and_without_it_is_not() -> None:
    hint = "Plan: losartán desde hoy."
    assert read(f"{BEFORE}\n\n{hint}\n\n{AFTER}") == f"{BEFORE}\n\n{hint}\n\n{AFTER}"
    assert hint not in read(f"{BEFORE}\n\n{hint}\n\n{SPANISH}\n\n{AFTER}")


def test_telegraphic_english_beside_a_foreign_paragraph_is_read() -> None:
    lines = "ASA 81 mg qd.\nRash on amoxicillin.\nA/P: d/c metoprolol (bradycardia)."
    assert read(f"{BEFORE}\n\n{SPANISH}\n\n{lines}").endswith(lines)


def test_a_foreign_note_with_english_headings_is_foreign_as_a_whole() -> None:
    text = (
        "HISTORY OF PRESENT ILLNESS: Paciente de 67 años que acude por tos seca tras el inicio de "
        "enalapril.\n\nMEDICATIONS AT HOME: enalapril 10 mg, metformin 850 mg.\n\nASSESSMENT AND "
        "PLAN: Tos por enalapril. Se suspende el fármaco y se inicia losartán sin incidencias."
    )
    assert other_language(text) == "es"


def test_a_passage_in_the_midst_of_a_note_of_a_megabyte_is_found() -> None:
    day = "The patient was seen on rounds and had no complaint of the treatment. "
    half = day * (500_000 // len(day))
    text = f"{half}\n\n{SPANISH}\n\n{half}"
    (found,) = foreign_passages(text)
    assert text[found.span.start : found.span.end] == SPANISH


@pytest.mark.parametrize("text", ENGLISH)
def test_english_is_left_alone(text: str) -> None:
    assert foreign_passages(text) == []


def test_notes_of_our_own_are_left_alone() -> None:
    written = [document.text for document in adewatch.read_notes()]
    packaged = [str(to_note_json(note)["text"]) for note in compile_notes()]
    assert len(written) > 2000
    assert len(packaged) > 100
    assert [text[:60] for text in (*written, *packaged) if foreign_passages(text)] == []


PARTS = st.sampled_from([*ENGLISH, BEFORE, AFTER, SPANISH, *PASSAGES.values()])


@given(st.lists(st.tuples(PARTS, st.sampled_from([" ", "\n", "\n\n", "\r\n"])), max_size=8))
def test_what_is_left_is_as_long_as_before_and_has_nothing_more_to_set_aside(
    parts: list[tuple[str, str]],
) -> None:
    text = "".join(part + joint for part, joint in parts)
    left = read(text)
    assert len(left) == len(text)
    assert all(a == b or (b == " " and not a.isspace()) for a, b in zip(text, left, strict=True))
    assert foreign_passages(left) == []
