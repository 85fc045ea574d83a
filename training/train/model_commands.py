"""`python -m training ner` and `relation`: the two trainings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer

from services.core.windows import Form
from training.augmentation.plan import Augmentation
from training.corpora import catalogue
from training.settings import RUNS, SEED, TRAINED_ON, data_dir, default_encoder

EncoderOption = Annotated[
    str, typer.Option(help="name on the Hugging Face hub or a folder; default: the small encoder")
]
CorporaOption = Annotated[str, typer.Option(help="names, separated by commas")]
Bfloat16Option = Annotated[bool, typer.Option(help="multiply in 16 bits (quick with AMX)")]
ThreadsOption = Annotated[int, typer.Option(help="threads of torch")]
SeedOption = Annotated[int, typer.Option(help="of the split, the samples and the weights")]
MemberOption = Annotated[
    int, typer.Option(help="number in an ensemble: other samples and weights on the same split")
]

RenamedOption = Annotated[
    float, typer.Option(help="share of documents that come again with other drugs")
]
RewrittenOption = Annotated[
    float, typer.Option(help="share of documents that come again in other words")
]
GeneratorOption = Annotated[
    str, typer.Option(help="causal language model that proposes other words: a name or a folder")
]
StartOption = Annotated[
    str, typer.Option(help="published version to go on from (encoder: that of its card)")
]
RehearsedOption = Annotated[
    float,
    typer.Option(min=0.0, max=1.0, help="share to learn from of the documents that --start knows"),
]
WithinOption = Annotated[
    float,
    typer.Option(
        min=0.0, help="minutes until the last step, if need be of fewer epochs; 0: no end"
    ),
]
JoinedOption = Annotated[int, typer.Option(help="paragraphs of 2 to 4 joined sentences to add")]


def ner(
    out: Annotated[Path, typer.Option(help="folder of the run")] = RUNS / "ner",
    corpora: CorporaOption = TRAINED_ON["ner"],
    epochs: int = 8,
    within: WithinOption = 0.0,
    learning_rate: float = 3e-4,
    bfloat16: Bfloat16Option = False,
    encoder: EncoderOption = "",
    start: StartOption = "",
    threads: ThreadsOption = 2,
    seed: SeedOption = SEED,
    member: MemberOption = 0,
    crf: Annotated[
        bool, typer.Option(help="learn how tags of neighbouring words depend on each other")
    ] = False,
    joined: JoinedOption = 0,
    rehearsed: RehearsedOption = 1.0,
    renamed: RenamedOption = 0.0,
    rewritten: RewrittenOption = 0.0,
    generator: GeneratorOption = "",
) -> None:
    """Train the NER model."""
    from training.train.ner import NerSettings, train_ner

    torch.set_num_threads(threads)
    settings = NerSettings(
        encoder=encoder or default_encoder(),
        start=start,
        seed=seed,
        member=member,
        epochs=epochs,
        within=within,
        learning_rate=learning_rate,
        bfloat16=bfloat16,
        crf=crf,
        joined=joined,
        rehearsed=rehearsed,
        augmentation=Augmentation(renamed=renamed, rewritten=rewritten, generator=generator),
    )
    train_ner(catalogue.load(corpora.split(","), data_dir(), seed=seed), settings, out)


def relation(
    out: Annotated[Path, typer.Option(help="folder of the run")] = RUNS / "relation",
    proposer: Annotated[
        Path, typer.Option(help="run of a NER model that never saw clinical notes")
    ] = RUNS / "ner-literature",
    corpora: CorporaOption = TRAINED_ON["relation"],
    epochs: int = 5,
    within: WithinOption = 0.0,
    learning_rate: float = 2e-4,
    bfloat16: Bfloat16Option = False,
    encoder: EncoderOption = "",
    start: StartOption = "",
    threads: ThreadsOption = 2,
    seed: SeedOption = SEED,
    member: MemberOption = 0,
    joined: JoinedOption = 400,
    rehearsed: RehearsedOption = 1.0,
    form: Annotated[
        Form,
        typer.Option(
            help="levitated: all pairs of a window in one reading, encoders of type bert only; "
            "marked: one pair a reading, any encoder"
        ),
    ] = Form.LEVITATED,
    context_attention: Annotated[bool, typer.Option(help="attend from every token")] = True,
    negatives: Annotated[
        int, typer.Option(help="false events of the proposer to learn from, per note at most")
    ] = 4,
    copies: Annotated[int, typer.Option(help="how often windows of dictations are learned")] = 4,
    renamed: RenamedOption = 0.0,
    rewritten: RewrittenOption = 0.0,
    generator: GeneratorOption = "",
) -> None:
    """Train the relation model."""
    from training.train.relation import train_relation
    from training.train.relation_settings import RelationSettings

    torch.set_num_threads(threads)
    settings = RelationSettings(
        encoder=encoder or default_encoder(),
        start=start,
        seed=seed,
        member=member,
        epochs=epochs,
        within=within,
        learning_rate=learning_rate,
        bfloat16=bfloat16,
        joined=joined,
        form=form,
        context_attention=context_attention,
        rehearsed=rehearsed,
        negatives_per_note=negatives,
        dictated_copies=copies,
        augmentation=Augmentation(renamed=renamed, rewritten=rewritten, generator=generator),
    )
    parts = catalogue.load(corpora.split(","), data_dir(), seed=seed)
    train_relation(parts, proposer, settings, out)
