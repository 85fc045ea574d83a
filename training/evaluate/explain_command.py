"""`python -m training explain`: what a relation model looks at in a text."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.errors import DataMissing
from training.settings import REPOSITORY, SHIPPED_ENCODER

if TYPE_CHECKING:
    from training.evaluate.explanation import Attended, Explanation


def explain(
    note: Annotated[str, typer.Argument(help="a file with the text of one note; -: what is piped")],
    ner: Annotated[
        Path | None, typer.Option(help="version that finds the mentions; default: the newest")
    ] = None,
    relation: Annotated[
        Path | None, typer.Option(help="run or version of the relation model; default: the newest")
    ] = None,
    encoder: Annotated[
        str, typer.Option(help="that a version was trained from: a name or a folder")
    ] = str(SHIPPED_ENCODER),
    words: Annotated[int, typer.Option(min=1, help="to show of each attention")] = 6,
) -> None:
    """Show which words the relation model attends to, for every pair that it is asked about.

    Prints words of the note. Probability and status are the model's own, before NER's answers,
    rivals and the rules of assertion are weighed in.
    """
    from services.adapters.tokenizer import HuggingFaceTokenEncoder
    from services.core.sentences import split_sentences
    from training.corpora.documents import Document
    from training.evaluate import explanation
    from training.evaluate.predict import typed
    from training.evaluate.scoring import candidates
    from training.evaluate.tagger import finder
    from training.evaluate.versions import newest, open_ner
    from training.models.published import published_relation
    from training.rows.pairs import candidate_pairs
    from training.train.runs import load_relation

    text = _text(note)
    document = Document("note", "note", "note", text, tuple(split_sentences(text)))
    finds = open_ner(ner or REPOSITORY / "ner" / str(newest(REPOSITORY / "ner")))
    (mentions,) = finder(finds)([document])
    asked = candidates(document, typed(mentions))
    pairs = candidate_pairs(document, asked.drugs, asked.events, for_training=False)
    if not pairs:
        typer.echo("no drug and event stand near enough to be asked about")
        return
    folder = relation or REPOSITORY / "relation" / str(newest(REPOSITORY / "relation"))
    trained = (folder / "model.pt").is_file()
    model = load_relation(folder) if trained else published_relation(folder, encoder)
    tokens = HuggingFaceTokenEncoder(folder / "tokenizer.json")
    for one in explanation.explain(model, tokens, document, pairs):
        typer.echo(_shown(text, one, words))


def _text(note: str) -> str:
    """The text of a file, or of standard input.

    Raises:
        DataMissing: it cannot be read.
    """
    try:
        return sys.stdin.read() if note == "-" else Path(note).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise DataMissing(f"cannot read the note: {type(error).__name__}") from error


def _shown(text: str, one: Explanation, words: int) -> str:
    status = max(one.statuses, key=one.statuses.__getitem__)
    drug, event = (text[span.start : span.end] for span in (one.drug, one.event))
    return "\n".join(
        (
            f"{drug} -> {event}: {one.probability:.2f}, {status} {one.statuses[status]:.2f}",
            f"  about the pair: {_words(text, one.pair[:words])}",
            f"  around it:      {_words(text, one.context[:words])}",
        )
    )


def _words(text: str, attended: Sequence[Attended]) -> str:
    found = (f"{text[span.start : span.end]} {share:.0%}" for span, share in attended)
    return ", ".join(found) or "no such attention"
