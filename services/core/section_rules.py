"""The headings of clinical notes: which words name which section, as data.

`services.core.sections` finds headings and looks their words up here. A heading is compared in
lower case, with its white space single and without its colon, numbers and marks of emphasis.
"""

from __future__ import annotations

import re
from enum import StrEnum

VERSION = "sections-1"
"""Changes whenever any text could get another section."""


class SectionName(StrEnum):
    """What a part of a note is about."""

    ALLERGIES = "allergies"
    MEDICATIONS = "medications"
    COMPLAINT = "complaint"
    """Why the patient came: chief complaint, reason for the visit, indication of a procedure."""
    HPI = "hpi"
    PAST_HISTORY = "past_history"
    FAMILY_HISTORY = "family_history"
    SOCIAL_HISTORY = "social_history"
    REVIEW_OF_SYSTEMS = "review_of_systems"
    EXAM = "exam"
    RESULTS = "results"
    """Laboratory, imaging, pathology, other studies."""
    ASSESSMENT = "assessment"
    """Assessment, impression, diagnoses, with or without a plan."""
    PLAN = "plan"
    RISKS = "risks"
    """Consent, risks explained, side effects to expect, warnings, when to call."""
    INSTRUCTIONS = "instructions"
    COURSE = "course"
    """What happened since: hospital course, interval events, treatment given."""
    PROCEDURE = "procedure"
    ADVERSE_REACTIONS = "adverse_reactions"
    """Reactions and complications that this note reports."""
    OTHER = "other"
    """A heading whose words say nothing here; it ends the section before it."""


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(alternatives)})")


_HISTORY = r"(?:history|histories|hx)"

NAMES: tuple[tuple[re.Pattern[str], SectionName], ...] = (
    (
        _words(
            rf".*\bfamily (?:[a-z/&]+ ){{0,3}}{_HISTORY}\b.*|fh|fhx|fam hx|family|"
            r"(?:shx|sh)/(?:fhx|fh)|(?:fhx|fh)/(?:shx|sh)"
        ),
        SectionName.FAMILY_HISTORY,
    ),
    (
        _words(
            r".*\brisks?\b(?! factors?).*|.*\bconsent\b.*|.*\bcaution(?:s|ed)?\b.*|"
            r".*\bwarn(?:ings?|ed)\b.*|"
            r".*\bcounsel(?:l?ing|led|ed)?\b.*|.*\b(?:possible|potential|common|known|rare|expected"
            r"|serious) (?:side effects|adverse effects|reactions|complications)\b.*|"
            r"side effects|(?:drug |patient |medication )?education|.*\bteaching\b.*|"
            r".*\b(?:call|return|phone|contact|come back|seek help|stop|tell us)\b.*"
            r"\b(?:if|for)\b.*|"
            r"when to (?:call|worry|return|seek).*|.*\b(?:watch|look) (?:out )?for\b.*|"
            r".*\bred flags?\b.*|.*\bsafety[- ]net(?:ting)?\b.*|return precautions|precautions|"
            r"(?:brought on|made worse|caused?) by.*|what (?:to|you) .*|"
            r".*\b(?:discussed|explained|told)\b.*\bside effects\b.*|"
            r".*\bside effects\b.*\b(?:discussed|explained|reviewed|include|to)\b.*"
        ),
        SectionName.RISKS,
    ),
    (
        _words(
            r"(?:\S+ )?(?:drug |medication |medicine |food |known |other |current )*"
            r"(?:allerg(?:y|ies)(?!/)|allergic to|intoleran(?:ce|ces|t)|"
            r"sensitivit(?:y|ies)|adrs?)\b.*|"
            r".*\ballergies\b.*|.*\ballergy (?:list|history|status|band|table)\b.*|"
            r".*\b(?:intolerances|sensitivities|adrs?)\b.*|nkda|all|adverse (?:drug )?reactions?|"
            r"(?:previous|prior|past|known) (?:drug |adverse )*reactions?"
        ),
        SectionName.ALLERGIES,
    ),
    (
        _words(
            r"(?:suspected |reported )?(?:adverse|drug|transfusion|infusion|treatment) "
            r"(?:events?|effects?)\b.*|suspected .*\breactions?\b.*|"
            r"(?:reactions?|toxicit(?:y|ies)|complications?)(?: (?:seen|noted|this|so far|to date"
            r"|since|during|of therapy|of treatment)\b.*)?|"
            r"(?:treatment|chemo(?:therapy)?)[- ]related toxicit(?:y|ies)|"
            r"(?:intra|post|peri)?-?(?:operative|op|procedural) complications?"
        ),
        SectionName.ADVERSE_REACTIONS,
    ),
    (
        _words(
            r".*\bpast (?:[a-z/&,-]+ ){0,4}"
            + _HISTORY
            + r"\b.*|pmh|pmhx|psh|pshx|pmh/psh|pmhx/pshx|"
            r"(?:previous|prior|significant|pertinent|relevant|remote|other|known|major|general|"
            r"concurrent|chronic) (?:[a-z/&,-]+ ){0,3}"
            r"(?:" + _HISTORY + r"|problems|conditions|illness(?:es)?|diagnoses)\b.*|"
            r"(?:medical|surgical|psychiatric|obstetric|obstetrical|gyn\w*|ob(?:/gyn)?|ocular|"
            r"neonatal|birth|oncolog\w*|cancer|cardiac|dental|developmental|immunization|"
            r"transplant|drug|medication|medical and surgical|medical/surgical|mental health)"
            r" (?:and [a-z]+ )?(?:past )?" + _HISTORY + r"\b.*|background|pmi|problem list|"
            r"(?:active |chronic |medical )?problems?|comorbidit(?:y|ies)|co-morbidit(?:y|ies)|"
            r"surgeries|(?:previous|prior|past) (?:[a-z]+ ){0,2}(?:surgery|surgeries|operations?|"
            r"hospitali[sz]ations?|treatments?|therap(?:y|ies)|(?:medication |drug )?trials?)|"
            r"illnesses|hospitali[sz]ations|birth history|immuni[sz]ations|vaccinations"
        ),
        SectionName.PAST_HISTORY,
    ),
    (
        _words(
            r"(?:social|personal|occupational|legal|sexual|substance(?: abuse| use)?|smoking|"
            r"alcohol|travel|educational|employment|tobacco|personal and social)"
            r"(?: and [a-z]+)? ?(?:history|hx|habits)?|"
            r"sh|shx|soc hx|soc|habits|lifestyle|living situation|social"
        ),
        SectionName.SOCIAL_HISTORY,
    ),
    (
        _words(r"(?:focused )?review (?:of )?systems?.*|ros|systems? review|system enquiry"),
        SectionName.REVIEW_OF_SYSTEMS,
    ),
    (
        _words(
            r".*\b(?:medications?|medicines|meds|prescriptions?)\b(?!.*\breview\b).*|rx|drugs|"
            r"drug (?:list|chart)|"
            r"(?:current |present |home |discharge |active )(?:drugs|drug list|treatment|therapy)|"
            r"on admission|dh|dhx|infusions?|mar|regimen|(?:current )?(?:chemotherapy|antibiotics)|"
            r"supplements|tta|ttos?"
        ),
        SectionName.MEDICATIONS,
    ),
    (
        _words(
            r".*\binstructions?\b.*|advice|advised|"
            r"(?:patient |discharge )?advice\b.*|information for (?:the )?patient"
        ),
        SectionName.INSTRUCTIONS,
    ),
    (
        _words(
            r"(?:chief |presenting |main |primary )(?:complaints?|concerns?|problem)s?(?: .*)?|"
            r"c/?c|pc|"
            r"complaints?|presentation|"
            r"reasons? for .*|indications?(?: (?:for|of) .*)?|referral|re|question|triage"
            r"(?: note)?|caller|call|reason"
        ),
        SectionName.COMPLAINT,
    ),
    (
        _words(
            r"(?:history|hx)(?: (?:of|and) .*)?|hpi|hopi|hpc|h ?& ?p|"
            r"(?:brief|clinical|present|current|interim|admission|presenting|patient|case|injury) "
            r"(?:history|hx|illness|summary)\b.*|"
            r"subjective|s|interval history|present illness|narrative|story|s/b|situation|"
            r"brief history.*"
        ),
        SectionName.HPI,
    ),
    (
        _words(
            r"(?:(?:lab(?:s|oratory|oratories)?|blood|urine|diagnostics?|radiolog\w*|x-?rays?|"
            r"imaging|micro(?:biology)?|patholog\w*|ct|mri|ecg|ekg|echo\w*|admission|pertinent|"
            r"relevant|recent|test|cardiac|biochemistry|haematology|hematology|bloods|"
            r"investigations?|studies|eeg|emg|pft|ultrasound|chest x-ray|cxr|cultures?|"
            r"drug levels?|"
            r"trough|levels?|serolog\w*|lfts?|cbc|fbc|u&e)"
            r"(?: (?:and|&|or) [a-z-]+)?)(?: (?:data|studies|study|results?|findings|values|labs?|"
            r"tests?|work|workup|reports?|exam|examination|today|on \w+|trend|laboratory|"
            r"evaluation))*|results?(?: .*)?|data|laboratory .*|labs? .*|interpretation"
        ),
        SectionName.RESULTS,
    ),
    (
        _words(
            r".*\b(?:exam|examination|examined)\b.*|o/e|oe|pe|p/e|objective|o|vitals?(?: signs)?|"
            r"vs|obs|observations|general appearance|mse|mental status|physical(?: findings)?|"
            r"(?:physical|clinical|operative|gross|intra-?operative) findings|findings|"
            r"(?:on )?inspection|measurements"
        ),
        SectionName.EXAM,
    ),
    (
        _words(
            r".*\b(?:assessments?|impressions?|diagnos[ie]s|dx|conclusions?|opinion|"
            r"formulation)\b.*|imp|a|a ?/ ?p|a ?& ?p|ddx|differential|axis [iv]+|ap|issues|"
            r"problem \d+|causality|evaluation|discussion|summary(?: .*)?|comments?|thoughts"
        ),
        SectionName.ASSESSMENT,
    ),
    (
        _words(
            r".*\bplans?\b.*|p|.*\brecommend(?:ations?|ed)\b.*|actions?(?: .*)?|disposition|"
            r"follow[- ]?up(?: .*)?|next steps?|to do|todo|orders?|rec(?:s|ommend)?|suggestions?|"
            r"management|interventions?|goals?|monitoring|discharge (?:disposition|condition)|"
            r"condition(?: .*)?|prognosis|decision|outcome|diet|activity"
        ),
        SectionName.PLAN,
    ),
    (
        _words(
            r".*\bcourse\b.*|(?:interval|overnight|24[- ]?h(?:ou)?r?|interim|recent|significant) "
            r"(?:events?|update|note)|"
            r"events?(?: .*)?|progress(?: note)?|update|treatment(?: (?:given|received|to date|"
            r"summary))?|"
            r"(?:ed|er|icu|ward|nursing|neuro|cvs|gi|renal|id|resp) (?:note|update|events)|"
            r"response to .*|background to .*|timeline|emergency department .*"
        ),
        SectionName.COURSE,
    ),
    (
        _words(
            r".*\b(?:procedures?|operations?|operative|technique|surgery|an(?:a)?esthesia|"
            r"an(?:a)?esthetic|estimated blood loss|blood loss|ebl|specimens?|drains?|tourniquet|"
            r"implants?|fluids|surgeon|assistants?|counts?|description|premedications?|"
            r"hemostasis|urine output)\b.*"
        ),
        SectionName.PROCEDURE,
    ),
)
"""The first whose pattern matches the whole heading names the section."""

SYSTEMS = _words(
    r"(?:general|gen|constitutional|constitution|heent|head|eyes?|ears?|nose|throat|ent|mouth|"
    r"neck|chest|lungs?|pulm\w*|resp\w*|cardi\w*|cv|cvs|heart|vascular|peripheral vascular|"
    r"abd|abdomen|gi|gastro\w*|gu|genito\w*|genital\w*|rectal|pelvic|pelvis|breasts?|back|spine|"
    r"ext|extremit(?:y|ies)|musculo\w*|msk|neuro\w*|cns|cranial nerves?|motor|sensory|reflexes|"
    r"gait|coord\w*|psych\w*|skin|derm\w*|integument\w*|lymph\w*|heme\w*|"
    r"hemat\w*|haemat\w*|endo\w*|"
    r"urolog\w*|urinary|renal|allerg(?:ic|y) ?/ ?immuno\w*|immuno\w*|joints?|limbs?|"
    r"head and neck|nodes?|thyroid|oropharynx|oral)(?:(?:/|, |,|-| and )[a-z]+){0,3}(?: system)?"
)
"""Under a review of systems or an exam these name a part of it; elsewhere a part of an exam."""

NO_HEADING = re.compile(
    r"(?:no|nil|none|not|denies|without|see|per|if)\b.*|"
    r".*\b(?:she|he|it|they|we|i|was|were|is|are|has|had|have|did|does|will|would|been|denies|"
    r"denied|reports|reported|started|stopped|given|today|developed|because|which)\b.*"
)
"""Words of sentences: with one of them a phrase in mixed case is no heading."""

KEEPS_ITEMS = frozenset(
    {
        SectionName.ALLERGIES,
        SectionName.MEDICATIONS,
        SectionName.FAMILY_HISTORY,
        SectionName.RISKS,
        SectionName.PAST_HISTORY,
        SectionName.ADVERSE_REACTIONS,
    }
)
"""Sections that are lists: an unknown word with a colon directly below is an item of theirs
("PENICILLIN: HIVES", "Father: healthy"), not a heading."""
