"""Phrases and headings that rules of assertion once missed or misread, a sentence each."""

from __future__ import annotations

import pytest

from services.core.contracts import Assertion
from tests.fakes.assertions import read


@pytest.mark.parametrize(
    "heading",
    [
        "HISTORY OF PRESENT ILLNESS",
        "The history of the present complaint",
        "Chief complaint and history of present illness",
        "Brief clinical history",
        "History and physical examination",
        "HX",
    ],
)
def test_what_brought_the_patient_is_no_past(heading: str) -> None:
    assert read(f"{heading}: {{Rash}} on [amoxicillin].") is Assertion.AFFIRMED
    assert read("Past medical history: {Rash} on [amoxicillin].") is Assertion.HISTORICAL


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Stay on [amoxicillin] and mention any new {rash}.", "hypothetical"),
        ("[Amoxicillin] may {worsen asthma}.", "hypothetical"),
        ("[Codeine] can easily make you feel {sick}.", "hypothetical"),
        ("She was told that the {rash} was caused by [amoxicillin].", "affirmed"),
        ("The {rash} is explained by [amoxicillin].", "affirmed"),
        ("[Amoxicillin] for a year, then {rash}.", "affirmed"),
        ("The PA examined {rash} on [amoxicillin].", "affirmed"),
        ("1900 pt has {rash} on [amoxicillin].", "affirmed"),
        ("{Rash} until proven otherwise from [amoxicillin].", "uncertain"),
        ("My best guess is that [amoxicillin] did it, the {rash}.", "uncertain"),
        ("{Rash} and [amoxicillin] or cefuroxime: hard to say which.", "uncertain"),
        ("On [amoxicillin], {rash} - no.", "negated"),
        ("On [amoxicillin], skin red, not {itchy}.", "negated"),
        ("{Rash} on [amoxicillin], gave it up.", "historical"),
        ("Mother denies {rash} on [amoxicillin].", "negated"),
        ("The {hyponatremia} is not explained by [hydrochlorothiazide].", "negated"),
        ("{Rash} on [amoxicillin], better explained by a virus.", "uncertain"),
        ("Continue [clindamycin] even if mild {diarrhea}.", "hypothetical"),
        ("Let us know about {bleeding} on [apixaban].", "hypothetical"),
        ("Cannot tolerate any [statin] due to {myalgia}.", "affirmed"),
        ("Took [prednisone] 40 mg daily for 5 days, {insomnia}.", "affirmed"),
        ("CBC weekly for {neutropenia} on [clozapine].", "hypothetical"),
        ("[Penicillin] caused {anaphylaxis} and should be avoided.", "affirmed"),
        ("On the monitor {bradycardia} after [metoprolol].", "affirmed"),
        ("Hold the morning [metoprolol], {bradycardia}.", "affirmed"),
        ("Can feel {her heart racing} since [albuterol].", "affirmed"),
        ("In May {cough} on [lisinopril].", "affirmed"),
        ("She tends to get {dizzy} on [lisinopril].", "affirmed"),
        ("Going through {withdrawal} from [alprazolam].", "affirmed"),
        ("Very stressed and has {insomnia} since [prednisone].", "affirmed"),
        ("Occasionally {dizzy} on [lisinopril].", "affirmed"),
        ("Patient may have {serotonin syndrome} from [tramadol].", "uncertain"),
        ("{Vomited} after [Tylenol] No. 3.", "affirmed"),
        ("{Rash} on [amoxicillin], innocent murmur.", "affirmed"),
        ("{Bradycardia}: I acquit [amiodarone].", "negated"),
        ("{Bradycardia}: [amiodarone] is not blameless.", "affirmed"),
        ("[Amiodarone] for the {bradycardia}: innocent.", "negated"),
        ("[Penicillin] - {rash}, codeine?", "affirmed"),
        ("{Cough} from [lisinopril], switch to losartan and see how she does.", "affirmed"),
        ("Started [metformin] Monday. Side effects noted: {diarrhea}.", "affirmed"),
        ("{Bradycardic} at 38 after [metoprolol].", "affirmed"),
        ("{Seizure} today, missed [Keppra] x 2 days.", "affirmed"),
        ("The old chart lists {rash} from [amoxicillin].", "historical"),
        ("Her mother was told to watch for {rash} on [amoxicillin].", "hypothetical"),
    ],
)
def test_phrases_that_were_missed_or_misread(text: str, status: str) -> None:
    assert read(text) == status
