"""How often names reach the right concept, and what that costs.

    ADEWATCH_DATA_DIR=... python -m tests.benchmarks.normalisation_quality [--lexicon FILE]

BC5CDR's development part, gold mentions, accuracy to MeSH: a mention is right if its gold id is
that of the concept it reaches. A mention of several ids is scored by its parts where the corpus
names them, and wrong where it does not; mentions without an id (-1) are left out. Beside it the
baseline: the key of the mention is a preferred name of MeSH 2015, or was seen in the training
part. "reachable" leaves out ids that no file here names: neither MeSH 2015, nor the extracts of
MeSH 2024, nor the training part. They are supplementary concepts of 2015, most of them withdrawn
since, when the drug became a descriptor with another id.

The lexicon measured is the shipped one (DrugBank, Drugs@FDA, MeSH, SYMP, our tables, wordings
of BC5CDR's training part) or a file compiled otherwise. Mentions are named as in the service, by
what their abstract says of its abbreviations. `--part train` says how much of the training part
is learnt; `--part folds` how well it is named without: each half by a lexicon compiled with the
wordings of the other one. `clinical_ade`: drug mentions that reach an ingredient or a class.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from services.adapters.vocabulary import lexicon_file
from services.core.contracts import MentionType
from services.core.vocabulary import abbreviations, keys, naming
from services.core.vocabulary.lexicon import Lexicon
from training.vocabulary import sources
from training.vocabulary.compile import compile_entries

KINDS = {True: MentionType.DRUG, False: MentionType.ADE}
NAMES = {True: "chemicals", False: "diseases"}


@dataclass(frozen=True)
class Item:
    """A wording to be named, what its document says it means, and the id it must reach."""

    chemical: bool
    text: str
    expansion: str
    gold: str
    document: str


def items(data: Path, part: str) -> Iterator[Item]:
    """The mentions of a part; one of several ids as its named parts, or as one that is wrong."""
    texts = sources.bc5cdr_texts(data, part)
    explained = {doc: abbreviations.explained(text) for doc, text in texts.items()}
    for mention in sources.bc5cdr(data, part):
        named = list(zip(mention.parts, mention.mesh, strict=False))
        if len(mention.parts) != len(mention.mesh):
            named = [(mention.text, "|".join(mention.mesh))] if mention.mesh else []
        if not mention.parts and len(mention.mesh) == 1:
            named = [(mention.text, mention.mesh[0])]
        for text, gold in named:
            expansion = abbreviations.in_full(text, explained.get(mention.document, {}))
            yield Item(mention.chemical, text, expansion, gold, mention.document)


def baseline(data: Path) -> dict[bool, dict[str, str]]:
    """Exact keys: what the training part says of them most often, else MeSH's preferred names."""
    seen: dict[bool, defaultdict[str, Counter[str]]] = {
        kind: defaultdict(Counter) for kind in KINDS
    }
    for item in items(data, "train"):
        seen[item.chemical][keys.key(KINDS[item.chemical], item.text)][item.gold] += 1
    found: dict[bool, dict[str, str]] = {}
    for chemical, branch in ((True, "chemical_D"), (False, "disease_C_F03")):
        kind = KINDS[chemical]
        names = {keys.key(kind, t.names[0]): t.code for t in sources.mesh(data, branch)}
        learnt = {key: ids.most_common(1)[0][0] for key, ids in seen[chemical].items()}
        found[chemical] = names | learnt
    return found


def known_ids(data: Path) -> set[str]:
    """Ids that a file in the data folder names, the development part left out."""
    known = {term.code for b in ("chemical_D", "disease_C_F03") for term in sources.mesh(data, b)}
    known |= {term.code for term in sources.mesh_entry_terms()}
    known |= {one.code for one in sources.mesh_supplements()}
    return known | {one for m in sources.bc5cdr(data, "train") for one in m.mesh}


def report(data: Path, wanted: Iterable[Item], lexicon: Lexicon, *, errors: bool) -> None:
    """Print the accuracies and the cost."""
    exact, known = baseline(data), known_ids(data)
    ids = {(k, c.name): c.mesh for k in MentionType for c in lexicon.concepts(k)}
    counts: Counter[tuple[bool, str]] = Counter()
    wrong: Counter[str] = Counter()
    started = time.process_time()
    lexicon.find(MentionType.DRUG, "a misspelt drug")  # builds what is built once
    lexicon.find(MentionType.ADE, "a misspelt event")
    built = time.process_time() - started
    started = time.process_time()
    for item in wanted:
        kind = KINDS[item.chemical]
        found = naming.named(lexicon, kind, item.text, item.expansion)
        right = found.coding is not None and item.gold in ids.get((kind, found.concept), ())
        key = keys.key(kind, item.text)
        counts[item.chemical, "all"] += 1
        counts[item.chemical, "right"] += right
        counts[item.chemical, "named"] += found.coding is not None
        counts[item.chemical, "baseline"] += exact[item.chemical].get(key) == item.gold
        if item.gold in known:
            counts[item.chemical, "reachable"] += 1
            counts[item.chemical, "right reachable"] += right
        if not right:
            wrong[f"{item.text} → {found.concept if found.coding else None}, {item.gold}"] += 1
    seconds = time.process_time() - started
    for chemical, name in NAMES.items():
        total, reachable = counts[chemical, "all"], counts[chemical, "reachable"]
        print(
            f"{name:10} {total:5} mentions: "
            f"exact baseline {counts[chemical, 'baseline'] / total:.3f}, "
            f"lexicon {counts[chemical, 'right'] / total:.3f}; reachable {reachable}: "
            f"{counts[chemical, 'right reachable'] / reachable:.3f}; "
            f"named {counts[chemical, 'named'] / total:.3f}"
        )
    total = counts[True, "all"] + counts[False, "all"]
    print(
        f"{seconds / total * 1e6:.0f} µs of processor time per mention (each wording searched "
        f"once), {built:.2f} s once for the search of similar names"
    )
    if errors:
        for text, count in wrong.most_common(100):
            print(count, text)


def folds(data: Path, *, errors: bool) -> None:
    """Report each half of the training part by a lexicon that learnt from the other half."""
    mentions = sources.bc5cdr(data, "train")
    for half in (0, 1):
        learned = [m for m in mentions if int(m.document) % 2 != half]
        lexicon = Lexicon(f"fold {half}", compile_entries(data, learned=learned))
        wanted = [item for item in items(data, "train") if int(item.document) % 2 == half]
        print(f"half {half}; its exact baseline has seen it")
        report(data, wanted, lexicon, errors=errors)


def clinical(data: Path, lexicon: Lexicon) -> None:
    """Print the share of drug mentions of the clinical notes that reach a concept."""
    lines = (data / "clinical_ade/notes.jsonl").read_text("utf-8").splitlines()
    reached: Counter[tuple[str, str]] = Counter()
    unknown: Counter[str] = Counter()
    for note in map(json.loads, filter(None, lines)):
        # The tables were written with one half of the notes in view.
        half = "seen half" if sum(map(ord, note["note_id"])) % 2 == 0 else "other half"
        explained = abbreviations.explained(note["text"])
        for mention in note["mentions"]:
            text = mention["text"]
            if mention["type"] == "DRUG":
                expansion = abbreviations.in_full(text, explained)
                found = naming.named(lexicon, MentionType.DRUG, text, expansion).coding
                reached[half, "all"] += 1
                reached[half, "reached"] += found is not None
                if found is None and half == "seen half":
                    unknown[text] += 1
    for half in ("seen half", "other half"):
        share = reached[half, "reached"] / reached[half, "all"]
        print(f"clinical_ade, {half}: {reached[half, 'all']} drug mentions, {share:.3f} reach one")
    print("not reached in the seen half:", ", ".join(unknown))


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lexicon", type=Path, default=lexicon_file.SHIPPED)
    parser.add_argument("--part", choices=["dev", "train", "folds"], default="dev")
    parser.add_argument("--errors", action="store_true", help="list mistakes of the training part")
    options = parser.parse_args()
    folder = os.environ.get("ADEWATCH_DATA_DIR")
    if not folder:
        sys.exit("set ADEWATCH_DATA_DIR to the folder that holds bc5cdr/ and clinical_ade/")
    started = time.process_time()
    lexicon = lexicon_file.load(options.lexicon)
    print(
        f"{lexicon.version}, loaded in {time.process_time() - started:.2f} s, BC5CDR {options.part}"
    )
    if options.part == "folds":
        folds(Path(folder), errors=options.errors)
    else:
        wanted = items(Path(folder), options.part)
        report(Path(folder), wanted, lexicon, errors=options.errors and options.part == "train")
    clinical(Path(folder), lexicon)


if __name__ == "__main__":
    main()
