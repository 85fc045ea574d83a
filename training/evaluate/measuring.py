"""Versions measured on documents: which models, which documents, and their figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from services.core.confidence import Confidence
from training.corpora import ade, ade_rel, adewatch, bc5cdr, catalogue, clinical, n2c2
from training.corpora.documents import Document
from training.corpora.markup import compile_notes
from training.errors import CorpusError, DataMissing
from training.evaluate.confidence import weighed
from training.evaluate.error_report import error_report
from training.evaluate.figures import Figures, report
from training.evaluate.scoring import MentionFinder, PairScorer, Reading, read_documents
from training.evaluate.tagger import finder, scorer
from training.evaluate.versions import card_of, newest, open_ner, open_relation
from training.rows.pairs import joined_sentences
from training.settings import data_dir

DEFAULT_THRESHOLD = 0.5
TASKS = ("ner", "relation")

FILES: dict[str, Callable[[Path], list[Document]]] = {
    ".json": ade.read_tokens,
    ".jsonl": clinical.read_notes,
    ".rel": ade_rel.read_effects,
    ".pubtator": lambda path: bc5cdr.read_abstracts([path]),
}
"""What reads a file of annotated documents, by the end of its name."""


@dataclass(frozen=True, slots=True)
class Models:
    """What is measured; a missing model finds nothing. `threshold` and `confidence` are those of
    the relation model's card."""

    find: MentionFinder | None
    score: PairScorer | None
    threshold: float = DEFAULT_THRESHOLD
    confidence: Confidence | None = None


def open_models(folders: Sequence[Path]) -> Models:
    """The models in some folders: versions, models with versions, or a repository of both.

    Raises:
        DataMissing: a folder holds no version, or a task is given twice.
    """
    versions: dict[str, Path] = {}
    for folder in folders:
        for task, version in versions_in(folder).items():
            if task in versions:
                raise DataMissing(f"two versions of {task}: {versions[task]} and {version}")
            versions[task] = version
    models = Models(None, None)
    if "ner" in versions:
        models = replace(models, find=finder(open_ner(versions["ner"])))
    if "relation" in versions:
        card = card_of(versions["relation"])
        opened = open_relation(versions["relation"], card)
        models = replace(
            models,
            score=scorer(opened),
            confidence=opened.confidence,
            threshold=float(card.get("threshold", DEFAULT_THRESHOLD)),
        )
    return models


def versions_in(folder: Path) -> dict[str, Path]:
    """The version of each task in a folder: itself, its newest version, or those of its models.

    Raises:
        DataMissing: there is none.
    """
    if (folder / "model.onnx").is_file():
        return {_task(folder): folder}
    if number := newest(folder):
        return versions_in(folder / str(number))
    models = [folder / task for task in TASKS if (folder / task).is_dir()]
    if not models:
        raise DataMissing(f"{folder} holds no version of a model (model.onnx)")
    return {task: version for model in models for task, version in versions_in(model).items()}


def read_corpus(name: str, part: str, *, seed: int) -> list[Document]:
    """Annotated documents: a file (token JSON, notes JSONL, PubTator, .rel), a folder (brat
    stand-off or notes with markup), or a part of a corpus by name.

    Raises:
        CorpusError: there is nothing of that name, or it cannot be read.
    """
    path = Path(name)
    if path.is_file():
        if path.suffix not in FILES:
            raise CorpusError(f"{path} ends with none of {', '.join(FILES)}")
        return FILES[path.suffix](path)
    if path.is_dir():
        if any(path.rglob("*.ann")):
            return n2c2.read_notes(path)
        return adewatch.documents(compile_notes(path), prefix="")
    if name not in catalogue.READERS:
        known = ", ".join(catalogue.READERS)
        raise CorpusError(f"{name} is no file, no folder and none of the corpora {known}")
    if part == "all":
        return catalogue.read(name, data_dir())
    parts = catalogue.load([name], data_dir(), seed=seed)[name]
    if part not in ("train", "dev", "test"):
        raise CorpusError(f"no part {part!r}; parts are train, dev, test, all")
    documents: list[Document] = getattr(parts, part)
    return documents


def measure(
    models: Models,
    documents: Sequence[Document],
    *,
    threshold: float | None,
    windows: int,
    errors: bool,
    seed: int,
) -> Figures:
    """All figures on documents, beside those of trivial scorers.

    Args:
        models: what is measured.
        documents: with gold.
        threshold: of the relation model; None for that of its card.
        windows: paragraphs of joined sentences to measure too; only documents of one sentence
            are joined.
        errors: whether to add the error report.
        seed: of the bootstrap and of the paragraphs.
    """
    at = models.threshold if threshold is None else threshold
    readings = read(models, documents)
    figures: Figures = {
        "threshold": at,
        **report(readings, threshold=at, seed=seed, baselines=True),
    }
    if errors:
        figures["errors"] = error_report(readings, threshold=at)
    if windows:
        paragraphs = joined_sentences(
            [one for one in documents if len(one.sentences) == 1], count=windows, seed=seed
        )
        joined = read(models, paragraphs)
        figures["joined_sentences"] = report(joined, threshold=at, seed=seed, baselines=True)
    return figures


def read(models: Models, documents: Sequence[Document]) -> list[Reading]:
    """Ask the models about documents."""
    return weighed(read_documents(documents, models.find, models.score), models.confidence)


def _task(version: Path) -> str:
    try:
        task = card_of(version)["model"]
    except (DataMissing, KeyError) as error:
        raise DataMissing(f"{version} has no card that names its model: {error!r}") from error
    if task not in TASKS:
        raise DataMissing(f"{version}: the card names no model of {', '.join(TASKS)}")
    return str(task)
