"""Whether a text is English: what is not is set aside instead of being misread.

The models read English. A text is another language's when it is written in another script, or when
function words of one other language clearly outnumber the English ones. The evidence must be
positive: telegraphic notes ("Pt c/o SOB, ASA 81 mg qd") have few function words of any language
and are English. Libraries that name one of a hundred languages doubt such notes, and the one that
was tried needed twelve seconds to load (decision 0009).

The lists leave out words that are English words or clinical abbreviations too ("die", "in", "me",
"on", "pt", "os", "sin", "per").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ENGLISH = _set(
    "the of and with was were is are to for on at by from this that has had have not no he she "
    "his her they we which been be as or it but who after before there will would did does an "
    "denies patient history noted given your you i my their if when during without"
)

OTHERS: Mapping[str, frozenset[str]] = {
    language: _set(words)
    for language, words in {
        "de": "der und das den dem des ein eine einer eines einem einen mit von bei nach ist "
        "wurde wurden wird werden nicht auch auf für über unter seit durch zur zum sich "
        "keine kein sowie hat haben zeigt unauffällig ohne wegen als noch im er sie",
        "fr": "le la les du des une un est avec pour dans sur par qui que pas été chez sans "
        "après depuis au aux ce cette sont ont elle il et ou ne sous à était très mais "
        "plus leur ses son sa lors entre être fait aucun aucune "
        "prendre traitement jours fièvre douleur",
        "es": "el la los las del una un con por para que se fue sin desde al su sus es está "
        "como más pero entre tras sobre también presenta refiere y de lo no "
        "tiene puede cada años fiebre llame evite siga tratamiento",
        "it": "il lo la gli della del delle dei dello di un una con che non è per nel nella "
        "alla al da stato sono si dopo senza più anche ha come presenta stata quando "
        "state stati era hanno dalla sulla dei questo questa sua suo mentre prima ma",
        "nl": "de het een van en met is op voor niet bij naar werd wordt zijn heeft geen na "
        "door uit aan ook maar zonder sinds deze dat wegens te om",
        "pl": "się nie jest na z w do od po oraz przez przy został była był dla jako bez lub ze "
        "pacjent pacjentka pacjenta które który która i o ten tego powodu ale tylko "
        "podczas także może są być jej jego",
        "pt": "o os da do das dos uma um com não para em que foi sem por ao na no nas como mais "
        "e desde após é está paciente",
        "sv": "och att det som en på är med för av inte till har den från efter utan vid ett "
        "var också",
        "da": "og at det som en på er med for af ikke til har den fra efter uden ved et var "
        "også der",
        "no": "og at det som en på er med for av ikke til har den fra etter uten ved et var "
        "også ble",
        "fi": "ja on ei että oli hän se ovat mutta kun myös sekä ilman jälkeen potilas potilaalla",
        "cs": "se je na v z do od po a že pro při byl byla bylo bez nebo pacient pacientka "
        "který která jako s k ve není",
        "hu": "a az és hogy nem egy van volt is meg után nélkül beteg miatt csak mint",
        "ro": "și cu de la în pe pentru este nu din o un fost după fără care pacientul pacienta",
        "tr": "ve bir bu ile için olarak olan hasta hastanın da de sonra önce değil",
    }.items()
}
"""Function words of each language; those that are English words or stand in `ENGLISH` do not count
(see `_TELLING`)."""

_ALSO_ENGLISH = ENGLISH | _set(
    "a an as at be by die do de des den du el en er et for har has he her his i il im in is la "
    "le les lo man me men met na no o od of on op or os par per po pour pt s se sin son su te "
    "to un uit van von was we z w e k y na al da del di dem par con cu om ou ne sa ses fait "
    "plus entre"
)
_TELLING: Mapping[str, frozenset[str]] = {
    language: words - _ALSO_ENGLISH for language, words in OTHERS.items()
}
_BACKING: Mapping[str, frozenset[str]] = {
    language: words - ENGLISH for language, words in OTHERS.items()
}
_SHARED: Mapping[str, frozenset[str]] = {
    language: words & ENGLISH for language, words in OTHERS.items()
}

SCRIPT = "script"
LANGUAGES = (SCRIPT, *OTHERS)

_LEAST_TELLING = 2
_LEAST_HITS = 3
_LEAST_LETTERS = 20
_READ = 20_000
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Words:
    """What the words of a text say of its language.

    Attributes:
        counts: of words in lower case.
        english: how many are English function words.
        letters: how many letters it has; latin: how many of them are Latin.
    """

    counts: Counter[str]
    english: int
    letters: int
    latin: int

    @classmethod
    def of(cls, text: str) -> Words:
        """The words of a text."""
        counts = Counter(word.lower() for word in _WORD.findall(text))
        letters = len(_LETTER.findall(text))
        return cls(counts, _english(counts), letters, len(_LATIN.findall(text)))

    @classmethod
    def joined(cls, parts: Sequence[Words]) -> Words:
        """The words of several texts."""
        counts: Counter[str] = Counter()
        for part in parts:
            counts.update(part.counts)
        letters, latin = sum(part.letters for part in parts), sum(part.latin for part in parts)
        return cls(counts, _english(counts), letters, latin)

    def is_foreign(self, language: str) -> bool:
        """Whether it is that language's beyond doubt."""
        if self.letters < _LEAST_LETTERS or not self._outnumbers(language):
            return False
        if language == SCRIPT:
            return True
        return self._telling(language) >= _LEAST_TELLING and self.hits(language) >= _LEAST_HITS

    def is_suspect(self, language: str) -> bool:
        """Whether it is that language's where some of it is known to be near."""
        return (language == SCRIPT or self._telling(language) > 0) and self._outnumbers(language)

    def is_rather_english(self, language: str) -> bool:
        """Whether its words speak for English, and not for that language."""
        english = self.latin if language == SCRIPT else self._english(language)
        return english > 0 and not self._outnumbers(language)

    def may_hold(self, language: str) -> bool:
        """Whether some of it may be that language's beyond doubt."""
        if language == SCRIPT:
            return self.hits(SCRIPT) * 2 >= _LEAST_LETTERS
        return self._telling(language) >= _LEAST_TELLING

    def hits(self, language: str) -> int:
        """How many of its words, of another script its letters, are that language's."""
        if language == SCRIPT:
            return self.letters - self.latin
        return sum(self.counts[word] for word in _BACKING[language])

    def _telling(self, language: str) -> int:
        """How many different words it has that only that language has."""
        return sum(word in self.counts for word in _TELLING[language])

    def _outnumbers(self, language: str) -> bool:
        if language == SCRIPT:
            return self.latin * 2 < self.letters
        return self.hits(language) > 2 * self._english(language)

    def _english(self, language: str) -> int:
        """Its English function words, without those that are that language's too ("no")."""
        return self.english - sum(self.counts[word] for word in _SHARED[language])


def _english(counts: Counter[str]) -> int:
    return sum(counts[word] for word in ENGLISH)


def other_language(text: str) -> str | None:
    """The language of a text that is not English ("de"; "script" for another script), else None.

    The first and the last 20,000 characters are read.
    """
    words = Words.of(text if len(text) <= 2 * _READ else f"{text[:_READ]} {text[-_READ:]}")
    return next((language for language in LANGUAGES if words.is_foreign(language)), None)


def suspects(text: str) -> list[str]:
    """The languages of which a text of any length has words enough for a foreign sentence, those
    with most words first."""
    words = Words.of(text)
    found = [language for language in LANGUAGES if words.may_hold(language)]
    return sorted(found, key=words.hits, reverse=True)
