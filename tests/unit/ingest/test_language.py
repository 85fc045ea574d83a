"""English is read, other languages are set aside, and telegraphic notes are English."""

from __future__ import annotations

import pytest

from services.ingest.language import other_language

FOREIGN = {
    "de": [
        "Die Patientin entwickelte nach der Gabe von Amoxicillin einen Hautausschlag am Stamm.",
        "Der Patient klagt über Übelkeit, seit er mit Metformin behandelt wird.",
        "Keine Allergien bekannt. Der Blutdruck ist unter Ramipril nicht gut eingestellt.",
        "Unter Therapie mit Enalapril trat ein trockener Husten auf, der nach Absetzen verschwand.",
    ],
    "fr": [
        "Le patient présente une éruption cutanée après la prise d'amoxicilline.",
        "La patiente a été hospitalisée pour une hémorragie sous anticoagulants.",
        "Pas d'allergie connue. Le traitement est bien toléré par la patiente depuis hier.",
        "Arrêt de la metformine en raison des nausées et des vomissements qui sont apparus.",
    ],
    "es": [
        "El paciente presenta una erupción cutánea tras la toma de amoxicilina.",
        "La paciente refiere náuseas desde que inició el tratamiento con metformina.",
        "Se suspende el enalapril por tos seca, que desaparece a los pocos días.",
        "No hay alergias conocidas y el dolor es más leve que en la visita anterior.",
    ],
    "it": [
        "Il paziente presenta un'eruzione cutanea dopo la somministrazione di amoxicillina.",
        "La paziente riferisce nausea da quando è stata iniziata la metformina.",
        "Si sospende il farmaco per la tosse, che non è più presente nella visita di oggi.",
        "Non sono note allergie e gli esami della funzione renale sono nella norma.",
    ],
    "nl": [
        "De patiënt heeft huiduitslag gekregen na het gebruik van amoxicilline.",
        "Mevrouw klaagt over misselijkheid sinds zij met metformine wordt behandeld.",
        "Er zijn geen allergieën bekend en het bloed is niet afwijkend.",
        "Enalapril werd gestaakt wegens hoest, die na een week niet meer aanwezig was.",
    ],
    "pl": [
        "Pacjent zgłasza wysypkę, która pojawiła się po podaniu amoksycyliny.",
        "U pacjentki nie stwierdzono alergii, a leczenie jest dobrze tolerowane przez chorą.",
        "Z powodu kaszlu odstawiono enalapryl i objawy nie powróciły do dnia wypisu.",
        "Chory był leczony metforminą, ale nudności nie ustąpiły po zmianie dawki.",
    ],
}
ENGLISH = [
    "",
    "Rash on amoxicillin.",
    "Pt c/o SOB, HTN, DM2. ASA 81 mg qd, HCTZ 25 mg po qd.",
    "BP 120/80, HR 72, RR 16, T 98.6, SpO2 97% RA.",
    "A/P: 1. CHF - d/c metoprolol (bradycardia). 2. AKI 2/2 vancomycin.",
    "He took the diet de novo; la Tourette, el Nino and Il-2 were discussed in the ICU.",
    "Dr. von der Heide saw the patient for a Guillain-Barré syndrome after the vaccine.",
    "Os: normal. Per os. In toto. Lues negative. Status post non-STEMI, no pain on exertion.",
    "Mr. de la Cruz del Rio, con artist, con: nausea, pro: less pain, por favor he says.",
]


@pytest.mark.parametrize(
    ("language", "text"), [(name, text) for name, texts in FOREIGN.items() for text in texts]
)
def test_a_sentence_of_another_language_is_set_aside(language: str, text: str) -> None:
    assert other_language(text) == language


@pytest.mark.parametrize("text", ENGLISH)
def test_english_is_read(text: str) -> None:
    assert other_language(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "У пациента после приема амоксициллина появилась сыпь.",
        "患者在服用阿莫西林后出现皮疹并住院治疗三天后痊愈出院。",
        "ظهر طفح جلدي على المريض بعد تناول الأموكسيسيلين",
        "Ο ασθενής εμφάνισε εξάνθημα μετά από αμοξικιλλίνη.",
    ],
)
def test_another_script_is_set_aside(text: str) -> None:
    assert other_language(text) == "script"


def test_a_foreign_quotation_in_an_english_note_does_not_set_it_aside() -> None:
    quoted = FOREIGN["de"][0]
    note = f"The patient was seen in the clinic. She said: {quoted} It was her only complaint. "
    assert other_language(note * 3) is None
