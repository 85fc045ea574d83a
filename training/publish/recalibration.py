"""A relation model under other weights: the same graph, fitted to the NER model it reads with."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from training.errors import DataMissing
from training.evaluate.kinds import MEASURED
from training.evaluate.versions import open_ner, open_relation, read_json
from training.publish.cards import write_card
from training.publish.versions import fitted_to, measure, weights_entries
from training.train.rehearsal import refuse_learned
from training.train.splits import Parts

COMMAND = "python -m training calibrate"
"""Without its options."""

KEPT = ("model.onnx", "model.py", "tokenizer.json", "learned.txt")
"""What a version has beside its cards."""


def calibrate(
    parts: Mapping[str, Parts], ner: Path, relation: Path, folder: Path
) -> dict[str, object]:
    """Write a version with the graph of another, its weights and threshold fitted anew.

    A relation model is calibrated with one NER model and with the rules of assertion; with others,
    or when the development documents are annotated anew, its answers say less. The version
    appears whole or not at all.

    Args:
        parts: documents of `CALIBRATED_ON` by corpus.
        ner: version that the relation model reads with.
        relation: version whose graph is kept.
        folder: the new version.

    Returns:
        Threshold, weights of probabilities, on how many relations those of statuses were fitted,
        and the figures on the test documents.

    Raises:
        TrainingError: a version has learned what is held out.
        DataMissing: a version is incomplete, or the new one is there already.
    """
    if folder.exists():
        raise DataMissing(f"{folder} is there already: a version never changes")
    if missing := [name for name in KEPT if not (relation / name).is_file()]:
        raise DataMissing(f"{relation} lacks {', '.join(missing)}")
    refuse_learned((ner, relation), parts)
    card = read_json(relation / "card.json")
    finds = open_ner(ner, read_json(ner / "card.json"))
    relates = open_relation(relation, card)
    relates, threshold = fitted_to(parts, finds, relates, relation)
    figures = measure(
        finds,
        relates,
        {name: parts[name].test for name in MEASURED},
        threshold=threshold,
    )
    weights = weights_entries(relates, ner)
    graph = card.get("graph_of_version", int(relation.name))
    command = f"{COMMAND} --ner {ner.name} --relation {graph} --version {folder.name}"
    before = [one for one in card.get("commands", ()) if not one.startswith(COMMAND)]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".calibrated-") as temporary:
        made = Path(temporary) / "version"
        made.mkdir()
        for name in KEPT:
            shutil.copyfile(relation / name, made / name)
        write_card(
            made,
            {
                **card,
                "version": int(folder.name),
                "graph_of_version": graph,
                **weights,
                "threshold": threshold,
                "metrics_test": figures,
                "commands": [*before, command],
            },
        )
        made.rename(folder)
    return {
        "threshold": threshold,
        "confidence": weights["confidence"],
        "status_relations": relates.status_weights.relations,
        "test": figures,
    }
