"""The keys under which names are looked up: spelling, number and word forms brought together.

`key` only undoes ways of writing one name. `variants` are the readings of a mention that drop or
change something, each with what that costs. `loose` is the same for names that hold the same
words in another order or another part of speech ("failure of the liver", "hepatotoxic").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from services.core import normalise
from services.core.contracts import MentionType

VERSION = "keys-3"
"""Changes whenever any name could get another key or be found otherwise: the compiled lexicon must
be made anew, and has another version."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_AMERICAN = {
    "aemi": "emi",
    "haem": "hem",
    "oedema": "edema",
    "oesoph": "esoph",
    "oestr": "estr",
    "rrhoea": "rrhea",
    "pnoea": "pnea",
    "paedi": "pedi",
    "paenia": "penia",
    "anaesth": "anesth",
    "paraesth": "paresth",
    "dysaesth": "dysesth",
    "leuco": "leuko",
    "tumour": "tumor",
    "colour": "color",
    "behaviour": "behavior",
    "sulph": "sulf",
    "foetal": "fetal",
    "gynaec": "gynec",
    "faec": "fec",
    "caec": "cec",
    "coeliac": "celiac",
    "ciclosporin": "cyclosporin",
    "isation": "ization",
    "alpha": "alfa",
}
_BRITISH = re.compile("|".join(sorted(_AMERICAN, key=len, reverse=True)))

_SALTS = _words(
    """
    hydrochloride hcl dihydrochloride chloride bromide hydrobromide sodium potassium calcium
    magnesium sulfate sulphate phosphate acetate maleate tartrate bitartrate citrate mesylate
    besylate fumarate succinate gluconate lactate nitrate tosylate monohydrate dihydrate
    trihydrate hydrate anhydrous hemihydrate disodium dipotassium medoxomil axetil proxetil
    pamoate decanoate enanthate palmitate valerate dipropionate propionate furoate acetonide
    trometamol tromethamine meglumine hyclate estolate stearate ethylsuccinate napsylate
    hydroiodide iodide benzoate cypionate xinafoate malate oxalate camsylate esylate edisylate
    hippurate pivalate cilexetil etexilate disoproxil alafenamide mofetil fluoride trifluoride
    """
)
_RELEASE = _words("xl xr sr er cr la cd ir dr ec xt odt hfa hs pm dm ds forte contin")
_DRUG_WORDS = _words(
    """
    therapy treatment treatments agent agents drug drugs medication medications medicine medicines
    supplement supplements supplementation product products preparation drip gtt pump dose doses
    regimen administration use bolus prophylaxis iv oral topical intravenous inhaled nasal generic
    otc prn daily home low high liquid powder brand chewable children childrens adult extra strength
    ophthalmic vaginal rectal transdermal systemic epidural intrathecal subcutaneous intramuscular
    nebs nebulizer inhaler patch cream ointment drops eye spray injection injections infusion shots
    shot tablet tablets capsule capsules pill pills syrup elixir suspension antibiotic antibiotics
    long short acting sustained extended release enteric coated diskus respimat handihaler hfa
    flexpen solostar kwikpen lozenge pack challenge load maintenance taper weekly monthly
    """
)
_AGENTS = _words("drug medication medicine")
_EVENT_WORDS = _words(
    """
    acute chronic subacute severe mild moderate marked profound significant slight minor major
    generalized generalised diffuse localized focal transient recurrent persistent intermittent
    progressive worsening worsened new onset sudden delayed early late prolonged intractable
    refractory drug induced related associated symptomatic asymptomatic clinical overt fatal
    nonfatal lethal serious possible probable bilateral unilateral left right occasional frequent
    increased increasing some further episode episodes attack attacks symptom symptoms sign signs
    of the a an development onset event events reversible irreversible massive extensive
    life threatening spontaneous simple complete partial isolated idiosyncratic iatrogenic
    secondary primary toxic disorder disorders disease diseases syndrome condition state
    """
)
_INDUCED = re.compile(r"^(?:\w+ ){1,4}?(?:induced|related|associated) (?=\w)")
_LOOSE_STOP = _words("of the in and to with by due on a an or for at from her his")
_ENDINGS = (
    ("tension", "tens"), ("tensive", "tens"), ("otic", "o"), ("osis", "o"), ("oses", "o"),
    ("icity", ""), ("ities", ""), ("ity", ""), ("emic", "em"), ("emia", "em"), ("penic", "pen"),
    ("penia", "pen"), ("pathic", "path"), ("pathy", "path"), ("itic", "it"), ("itis", "it"),
    ("plegic", "pleg"), ("plegia", "pleg"), ("trophic", "troph"), ("trophy", "troph"),
    ("ations", "at"), ("ation", "at"), ("ated", "at"), ("ating", "at"), ("ions", ""), ("ion", ""),
    ("ical", "ic"), ("ular", "ul"), ("ness", ""), ("ing", ""), ("ed", ""), ("ous", ""), ("ive", ""),
    ("al", ""), ("ic", ""), ("ia", ""), ("ies", ""), ("y", ""), ("s", ""), ("e", ""),
)  # fmt: skip
_SYNONYMS = {
    "renal": "kidney",
    "hepatic": "liver",
    "cardiac": "heart",
    "pulmonary": "lung",
    "gastric": "stomach",
    "cerebral": "brain",
    "dermal": "skin",
    "cutaneous": "skin",
    "injury": "damage",
    "impairment": "dysfunction",
    "insufficiency": "failure",
    "haemorrhage": "hemorrhage",
    "bleed": "hemorrhage",
    "bleeding": "hemorrhage",
    "carcinoma": "neoplasm",
    "cancer": "neoplasm",
    "tumor": "neoplasm",
    "tumors": "neoplasm",
    "cancers": "neoplasm",
    "neoplasms": "neoplasm",
    "malignancy": "neoplasm",
    "abnormality": "disorder",
    "disturbance": "disorder",
    "disease": "disorder",
    "diseases": "disorder",
    "defect": "deficit",
    "occlusion": "obstruction",
    "thrombi": "thrombosis",
    "thrombus": "thrombosis",
}
_SPACE = re.compile(r"(?<!\d) | (?!\d)")
_TRAILING_NUMBER = re.compile(r"(?: \d[\d. %]*)+$")


@lru_cache(maxsize=65536)
def key(mention_type: MentionType, surface: str) -> str:
    """The key of a name: the same for its spellings, singular and plural.

    A key is its own key. Empty only for a surface without any letter or digit.
    """
    name = normalise.concept(mention_type, surface)
    if not name.isascii() or not name:
        return name
    name = _BRITISH.sub(_american, name)
    return " ".join(normalise.singular(word) for word in name.split(" "))


def variants(mention_type: MentionType, name: str) -> Iterator[tuple[str, float]]:
    """Readings of a key that leave something out, the closest first, each with its score.

    Never the key itself; may repeat.
    """
    words = name.split(" ")
    if mention_type is MentionType.DRUG:
        # "no antibiotics" is no nitric oxide.
        yield from (one for one in _drug_variants(words) if one[0] != "no")
    else:
        yield from _event_variants(words)


def loose(name: str) -> str:
    """Stems of the words of a key, sorted; "" when nothing is left."""
    words = name.split(" ")
    kept = [_stem(_SYNONYMS.get(word, word)) for word in words if word not in _LOOSE_STOP]
    return " ".join(sorted(set(kept)))


def compact(name: str) -> str:
    """A key without its spaces, but for those between digits: "hoe 140", "hoe140"."""
    return _SPACE.sub("", name)


def _american(match: re.Match[str]) -> str:
    return _AMERICAN[match.group()]


def _drug_variants(words: list[str]) -> Iterator[tuple[str, float]]:
    bare = _TRAILING_NUMBER.sub("", " ".join(words)).split(" ")
    if bare != words and len(" ".join(bare)) > 2:
        yield " ".join(bare), 0.95
    for dropped, score in ((_RELEASE, 0.97), (_SALTS, 0.95), (_SALTS | _RELEASE, 0.93)):
        kept = [word for word in bare if word not in dropped]
        if kept and kept != bare:
            yield " ".join(kept), score
    kept = [word for word in bare if word not in _DRUG_WORDS]
    if kept and kept != bare:
        yield " ".join(kept), 0.93
    kept = [word for word in kept if word not in _SALTS | _RELEASE]
    if kept and kept != bare:
        yield " ".join(kept), 0.9
    if len(words) > 1:
        yield "".join(words), 0.93
    yield from _forms(bare)
    for size in range(len(bare) - 1, 0, -1):
        yield from _parts(bare, size)


def _forms(words: list[str]) -> Iterator[tuple[str, float]]:
    """Salts and esters called by the acid, esters of vitamins by the alcohol, drugs agents."""
    *rest, last = words
    if last.endswith("ate") and len(last) > 6:
        yield " ".join([*rest, f"{last.removesuffix('ate')}ic", "acid"]), 0.93
    if rest and last == "acid" and rest[-1].endswith("ic"):
        yield " ".join([*rest[:-1], f"{rest[-1].removesuffix('ic')}ate"]), 0.93
    if rest and last in _SALTS and rest[-1].endswith("yl"):
        yield " ".join([*rest[:-1], f"{rest[-1].removesuffix('yl')}ol", last]), 0.93
    if rest and last in _AGENTS:
        yield " ".join([*rest, "agent"]), 0.93


def _parts(words: list[str], size: int) -> Iterator[tuple[str, float]]:
    """The first and the last words, if they are long enough to be a name."""
    for part, score in ((words[:size], 0.8), (words[-size:], 0.75)):
        name = " ".join(part)
        if len(name) > 4 and not any(character.isdigit() for character in name):
            yield name, score


def _event_variants(words: list[str]) -> Iterator[tuple[str, float]]:
    name = " ".join(words)
    uninduced = _INDUCED.sub("", name)
    if uninduced != name:
        yield uninduced, 0.93
        words = uninduced.split(" ")
    first = 0
    while first < len(words) - 1 and words[first] in _EVENT_WORDS:
        first += 1
        yield " ".join(words[first:]), 0.93
    last = len(words)
    while last - 1 > first and words[last - 1] in _EVENT_WORDS:
        last -= 1
        yield " ".join(words[first:last]), 0.9
    if len(words) > 1:
        yield "".join(words), 0.9


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    if len(word) < 5:
        return word
    for ending, kept in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: len(word) - len(ending)] + kept
    return word
