"""The lexicon from its sources.

    ADEWATCH_DATA_DIR=... python -m training.vocabulary [--with-hpo] [--out FILE]

Drugs: DrugBank's names, called as Drugs@FDA and MeSH call them; products of Drugs@FDA by their
ingredients; chemicals of MeSH that DrugBank lacks (classes among them); our own table; wordings of
BC5CDR's training part. Events: MeSH's diseases and disorders, also called as the Disease Ontology
calls them, the Symptom Ontology, our own table, wordings of BC5CDR's training part. Where sources
differ, our table wins, then the order above.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from services.core.contracts import MentionType
from services.core.vocabulary import keys
from services.core.vocabulary.lexicon import Entries, combined
from training.vocabulary import curated, mesh, sources
from training.vocabulary.builder import Builder
from training.vocabulary.sources import GoldMention, Term

OWN = "adewatch"
_MIN_LEARNED = 3
_LEARNED_SHARE = 0.8


def compile_entries(
    data: Path, *, with_hpo: bool = False, learned: Sequence[GoldMention] | None = None
) -> dict[MentionType, Entries]:
    """All concepts and names.

    Args:
        data: the data folder.
        with_hpo: HPO's names too (not for a file that is given away).
        learned: mentions to learn wordings from; BC5CDR's training part if None.
    """
    mentions = sources.bc5cdr(data, "train") if learned is None else learned
    return {
        MentionType.DRUG: _drugs(data, [m for m in mentions if m.chemical]),
        MentionType.ADE: _events(data, [m for m in mentions if not m.chemical], with_hpo),
    }


def _drugs(data: Path, learned: Sequence[GoldMention]) -> Entries:
    builder = Builder(MentionType.DRUG)
    drugbank = sources.drugbank(data)
    chemicals = sources.mesh(data, "chemical_D")
    products = sources.fda_products(data)
    marketed = {keys.key(MentionType.DRUG, part) for p in products for part in p.ingredients}
    named = {keys.key(MentionType.DRUG, term.names[0]) for term in chemicals}
    for term in sorted(drugbank, key=lambda term: _unlike(term, marketed)):
        number = builder.find(term.names[0])
        if number is None:
            number = builder.add(
                term.names[0],
                system="DrugBank",
                code=term.code,
                version=sources.DRUGBANK_VERSION,
            )
            builder.rename(number, _common_name(term, marketed, named))
    for term in drugbank:
        number = builder.find(term.names[0])
        if number is not None:
            builder.call(number, [n for n in term.names if len(n) >= mesh.MIN_SYNONYM])
    mesh.add_descriptors(builder, chemicals)
    _add_products(builder, products)
    others = mesh.add_supplements(builder, sources.mesh_supplements(), sources.cas_numbers(data))
    entry_terms = mesh.call_entry_terms(builder)
    for number, names in others.items():
        builder.call(number, names)
    _add_own(builder, curated.drugs())
    _learn(builder, learned)
    mesh.file_under(builder, entry_terms)
    _classify(builder)
    return builder.entries()


def _unlike(term: Term, marketed: set[str]) -> tuple[bool, str]:
    """Marketed drugs first, so that a name two drugs have goes to the one that is sold."""
    return not any(keys.key(MentionType.DRUG, n) in marketed for n in term.names), term.code


def _common_name(term: Term, marketed: set[str], named: set[str]) -> str:
    """The name that Drugs@FDA has, else MeSH's, else DrugBank's own."""
    for known in (marketed, named):
        if keys.key(MentionType.DRUG, term.names[0]) in known:
            return term.names[0]
        for name in term.names[1:]:
            if keys.key(MentionType.DRUG, name) in known and len(name) > mesh.MIN_SYNONYM:
                return name
    return term.names[0]


def _add_products(builder: Builder, products: Iterable[sources.Product]) -> None:
    """A product is its ingredient, or the combination of its ingredients."""
    numbers: dict[tuple[int, ...], int] = {}
    best: dict[str, tuple[int, int]] = {}
    for product in products:
        parts = tuple(sorted({_ingredient(builder, name) for name in product.ingredients}))
        if len(parts) > 1 and parts not in numbers:
            whole = combined([builder.concepts[part] for part in parts])
            known = builder.find(whole.name)
            numbers[parts] = (
                builder.add(whole.name, system=whole.system, code=whole.code, version=whole.version)
                if known is None
                else known
            )
        number = parts[0] if len(parts) == 1 else numbers[parts]
        if product.number > best.get(product.name, (0, 0))[0]:
            best[product.name] = (product.number, number)
    for name, (_, number) in best.items():
        builder.call(number, [name])


def _ingredient(builder: Builder, name: str) -> int:
    """The concept of an active ingredient, its salt left out if only so it is known."""
    key = keys.key(MentionType.DRUG, name)
    readings = (key, *(r for r, score in keys.variants(MentionType.DRUG, key) if score >= 0.9))
    for reading in readings:
        number = builder.find(reading)
        if number is not None:
            builder.call(number, [name])
            return number
    return builder.add(name, system="Drugs@FDA", code=name, version=sources.FDA_VERSION)


def _classify(builder: Builder) -> None:
    groups = [(builder.find(stems.name), stems) for stems in curated.classes()]
    for number, concept in enumerate(list(builder.concepts)):
        if concept.system not in ("DrugBank", "Drugs@FDA"):
            continue
        for part in concept.name.split(" + "):
            for group, stems in groups:
                if stems.has(part):
                    name = stems.name if group is None else builder.concepts[group].name
                    builder.belongs(number, "class", name)


def _events(data: Path, learned: Sequence[GoldMention], with_hpo: bool) -> Entries:
    builder = Builder(MentionType.ADE)
    mesh.add_descriptors(builder, sources.mesh(data, "disease_C_F03"))
    entry_terms = mesh.call_entry_terms(builder)
    entry_terms += mesh.call_equals(builder, sources.disease_ontology())
    _add_own(builder, curated.events())
    _learn(builder, learned)
    # After what is learnt: a symptom that is a name of a known concept is that concept.
    _add_terms(builder, sources.symptoms(data), "SYMP", sources.SYMP_VERSION)
    if with_hpo:
        _add_terms(builder, sources.phenotypes(data), "HPO", sources.HPO_VERSION)
    mesh.file_under(builder, entry_terms)
    return builder.entries()


def _add_terms(builder: Builder, terms: Iterable[Term], system: str, version: str) -> None:
    for term in terms:
        known = [builder.with_mesh(code) for code in term.mesh]
        known += [builder.find(name) for name in term.names]
        number = next((one for one in known if one is not None), None)
        if number is None:
            number = builder.add(term.names[0], system=system, code=term.code, version=version)
        builder.call(number, term.names)


def _add_own(builder: Builder, rows: Iterable[curated.Names]) -> None:
    for row in rows:
        number = builder.find(row.name)
        if number is None:
            number = builder.find(mesh.in_order(row.name))
        if number is None and builder.type is MentionType.DRUG and " + " in row.name:
            number = _own_combination(builder, row.name)
        if number is None:
            code = row.used.replace(" ", "-")
            number = builder.add(row.used, system=OWN, code=code, version=curated.VERSION)
        builder.rename(number, row.used if row.used != row.name else mesh.in_order(row.name))
        builder.claim(number, row.surfaces)


def _own_combination(builder: Builder, name: str) -> int | None:
    parts = [builder.find(part) for part in name.split(" + ")]
    found = [builder.concepts[part] for part in parts if part is not None]
    if len(found) < len(parts):
        return None
    whole = combined(found)
    return builder.add(whole.name, system=whole.system, code=whole.code, version=whole.version)


def _learn(builder: Builder, mentions: Sequence[GoldMention]) -> None:
    """Names of concepts from annotated mentions: those that nearly always mean one concept."""
    meanings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for mention in mentions:
        if len(mention.mesh) == 1 and not mention.parts:
            meanings[keys.key(builder.type, mention.text)][mention.mesh[0]] += 1
    _learn_codes(builder, meanings)
    for key, codes in meanings.items():
        code, count = codes.most_common(1)[0]
        number = builder.with_mesh(code)
        if number is None or len(key) < _MIN_LEARNED or count < _LEARNED_SHARE * codes.total():
            continue
        _give(builder, number, key, count)


def _give(builder: Builder, number: int, key: str, count: int) -> None:
    """A learnt name for a concept, against another one if it was seen more than once."""
    holder = builder.find(key)
    if holder is None:
        builder.call(number, [key])
    elif holder != number and count > 1 and not builder.claimed(key):
        if not builder.concepts[holder].mesh and builder.concepts[number].system == "MeSH":
            builder.absorb(holder, number)
        elif not builder.owns(holder, key):
            builder.take(number, key)


def _learn_codes(builder: Builder, meanings: dict[str, Counter[str]]) -> None:
    """Ids that our MeSH does not have belong to the concept that most of their mentions name."""
    wordings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for key, codes in meanings.items():
        for code, count in codes.items():
            wordings[code][key] += count
    for code, names in sorted(wordings.items()):
        if builder.with_mesh(code) is not None:
            continue
        numbers: Counter[int] = Counter()
        for name, count in names.items():
            number = builder.find(name)
            if number is not None:
                numbers[number] += count
        if numbers:
            builder.same_as(numbers.most_common(1)[0][0], code)
        else:
            longest = max(names, key=lambda name: (names[name], len(name), name))
            builder.add(longest, system="MeSH", code=code, version="BC5CDR", mesh=(code,))
