"""One page with figures and plots of the models, on the test parts of the corpora."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from training.corpora import catalogue
from training.evaluate import calibration
from training.evaluate.error_report import error_report
from training.evaluate.figures import report
from training.evaluate.kinds import REPORTED
from training.evaluate.measuring import Models, read
from training.evaluate.reliability import ANSWERED, Answered, reliability_of
from training.evaluate.scoring import Reading
from training.settings import data_dir

SCORES = (
    ("NER, exact spans, macro", "ner_strict", "macro_f1", "macro_f1_interval"),
    ("NER, overlapping spans, macro", "ner_lenient", "macro_f1", "macro_f1_interval"),
    ("Relations on gold mentions", "relations_on_gold_mentions", "f1", "f1_interval"),
    (
        "The same, both classes, macro",
        "relations_on_gold_mentions_both_classes",
        "macro_f1",
        "macro_f1_interval",
    ),
    ("End to end, exact spans", "end_to_end_strict", "f1", "f1_interval"),
    ("End to end, overlapping spans", "end_to_end_lenient", "f1", "f1_interval"),
)
"""Title, figure, value and interval of each row of the table and bar of the plot."""

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .2rem .8rem .2rem 0; text-align: left; border-bottom: 1px solid #ddd; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
img { max-width: 100%; }
.plots { display: flex; gap: 1rem; }
figure { flex: 1; margin: 0; font-size: .9rem; }
"""

_CALIBRATION = """<p>The plots of calibration show how often answers of about one probability are
right: a found mention, if it is exactly a gold mention (of the types that its document annotates
completely); a pair of gold mentions, if it is a gold relation; end to end a pair of found mentions,
if it overlaps a gold relation in both. <em>With temperature</em> the log odds are divided by one
number, fitted on the development documents of the corpus. That scaling is fitted for this page and
shown on it only: the temperature in the cards, which the server divides by, is 1.0. What serves is
calibrated by the weights in the card of the relation model
(deploy/decisions/0026-a-relation-is-as-probable-as-its-parts.md), which make one probability of a
relation of the answers of both models. Where a card has them, relations <em>as answered</em> are
weighed so; they are fitted end to end, not on gold mentions. Mentions are as the NER model answers.
</p>"""


@dataclass(frozen=True, slots=True)
class CorpusReport:
    """What the page says of one corpus.

    Attributes:
        figures: of `training.evaluate.figures.report`.
        errors: of `training.evaluate.error_report`.
        scaled: of each of `ANSWERED` its reliability with a temperature fitted on dev. As answered
            it is part of the figures.
    """

    figures: Mapping[str, Any]
    errors: Mapping[str, Any]
    scaled: Mapping[str, Mapping[str, Any]]


def write_report(models: Models, corpora: Sequence[str] | None, out: Path, seed: int) -> None:
    """Measure the models on the test parts and write the page; it needs no other file.

    Args:
        models: what is measured.
        corpora: their names; None for those of `REPORTED` that are there, and a note of the others.
        out: the page.
        seed: of the splits and the bootstrap.

    Raises:
        CorpusError: a corpus is unknown or cannot be read.
        DataMissing: there is no data folder.
    """
    data = data_dir()
    wanted = REPORTED if corpora is None else corpora
    # Who names a corpus wants it, and is told what it lacks.
    absent = [one for one in wanted if corpora is None and not catalogue.is_there(one, data)]
    names = [name for name in wanted if name not in absent]
    reports = {}
    for name, parts in catalogue.load(names, data, seed=seed).items():
        reports[name] = corpus_report(
            read(models, parts.test), read(models, parts.dev), models.threshold, seed
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(render(reports, absent), encoding="utf-8")


def corpus_report(
    test: Sequence[Reading], dev: Sequence[Reading], threshold: float, seed: int
) -> CorpusReport:
    """Figures on test; the temperatures come from dev."""
    return CorpusReport(
        figures=report(test, threshold=threshold, seed=seed, baselines=True),
        errors=error_report(test, threshold=threshold),
        scaled={
            name: reliability_of(
                test,
                answered,
                temperature=calibration.fit_temperature(*answered.truths(dev)),
            )
            for name, answered in ANSWERED.items()
        },
    )


def render(reports: Mapping[str, CorpusReport], absent: Sequence[str] = ()) -> str:
    """The page as HTML, plots included.

    Args:
        reports: by corpus.
        absent: corpora that are left out because the data folder does not hold them.
    """
    sections = "".join(_section(name, one) for name, one in reports.items())
    notes = "".join(
        f"<h2>{escape(name)}</h2><p>Left out: the data folder holds no "
        f"{escape(catalogue.READERS[name].place)}.</p>"
        for name in absent
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>Extraction models</title><style>{_STYLE}</style>"
        f"<h1>Extraction models</h1><p>F1 on test documents; in brackets 95% bootstrap intervals "
        f"by document.</p>{_CALIBRATION}{sections}{notes}</html>\n"
    )


def _section(name: str, one: CorpusReport) -> str:
    alarms = one.figures["documents_without_relation"]
    return "".join(
        [
            f"<h2>{escape(name)}</h2><p>{one.figures['documents']} documents. Of "
            f"{alarms['documents']} without a relation {alarms['with_a_false_relation']} yield "
            f"a false one ({alarms['share']:.1%}).</p>",
            _scores_table(one.figures),
            f"<p>{_image(_scores_plot(one.figures), f'F1 on {name}')}</p>",
            "<h3>Calibration</h3>",
            _calibration(name, one),
            "<h3>Errors</h3>",
            _counts_table("mentions", one.errors["mentions"]),
            _counts_table("causes", {"relations": one.errors["relations"]["causes"]}),
            *(
                _counts_table(key.replace("_", " "), one.errors["relations"][key])
                for key in ("by_sentences", "by_section", "by_negation")
            ),
            f"<details><summary>All figures</summary><pre>"
            f"{escape(json.dumps(one.figures, indent=1))}</pre></details>",
        ]
    )


def _scores_table(figures: Mapping[str, Any]) -> str:
    rows = []
    for title, figure, value, ends in SCORES:
        low, high = figures[figure].get(ends, (0.0, 0.0))
        trivial = "".join(
            f'<td class="n">{scores[figure][value]:.3f}</td>' if figure in scores else "<td></td>"
            for scores in figures["baselines"].values()
        )
        rows.append(
            f'<tr><th>{escape(title)}</th><td class="n">{figures[figure][value]:.3f} '
            f"[{low:.3f}, {high:.3f}]</td>{trivial}</tr>"
        )
    heads = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in figures["baselines"])
    return f"<table><tr><th></th><th>model</th>{heads}</tr>{''.join(rows)}</table>"


def _calibration(name: str, one: CorpusReport) -> str:
    plots = "".join(
        f"<figure>{_image(plot, f'{answered.title} on {name}: reliability')}"
        f"<figcaption>{_caption(answered, one.figures[key], one.scaled[key])}</figcaption></figure>"
        for key, answered in ANSWERED.items()
        for plot in [reliability_plot(answered, one.figures[key], one.scaled[key])]
    )
    return f'<div class="plots">{plots}</div>'


def _caption(answered: Answered, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return (
        f"{answered.title}: of {before[answered.counted]} {answered.counted} the expected "
        f"calibration error is {before['expected_calibration_error']:.3f} as answered (log loss "
        f"{before['log_loss']:.3f}), {after['expected_calibration_error']:.3f} "
        f"({after['log_loss']:.3f}) with temperature {after['temperature']:.2f}."
    )


def _counts_table(title: str, table: Mapping[str, Mapping[str, int]]) -> str:
    columns = list(dict.fromkeys(name for counts in table.values() for name in counts))
    heads = "".join(f"<th>{escape(name)}</th>" for name in columns)
    rows = "".join(
        f"<tr><th>{escape(key)}</th>"
        + "".join(f'<td class="n">{counts.get(name, 0)}</td>' for name in columns)
        + "</tr>"
        for key, counts in table.items()
    )
    return f"<table><caption>{escape(title)}</caption><tr><th></th>{heads}</tr>{rows}</table>"


def _scores_plot(figures: Mapping[str, Any]) -> Figure:
    plot = Figure(figsize=(8, 3.2), layout="constrained")
    axes = plot.subplots()
    values = [figures[figure][value] for _, figure, value, _ in SCORES]
    ends = [
        figures[figure].get(name, (value, value))
        for (_, figure, _, name), value in zip(SCORES, values, strict=True)
    ]
    errors = [
        [max(0.0, value - low) for value, (low, _) in zip(values, ends, strict=True)],
        [max(0.0, high - value) for value, (_, high) in zip(values, ends, strict=True)],
    ]
    axes.barh([title for title, *_ in SCORES], values, xerr=errors, color="#4878a8")
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("F1")
    return plot


def reliability_plot(
    answered: Answered, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Figure:
    """Mean probability and share of right answers of the bins that are not empty.

    Args:
        answered: what the figures are of.
        before: of `reliability_of`, as answered.
        after: likewise, with a temperature.
    """
    plot = Figure(figsize=(4, 3.6), layout="constrained")
    axes = plot.subplots()
    axes.plot([0, 1], [0, 1], color="#999999", linestyle=":")
    for name, figures in (("as answered", before), ("with temperature", after)):
        filled = [each for each in figures["bins"] if each[answered.counted]]
        axes.plot(
            [each["mean_probability"] for each in filled],
            [each[answered.share] for each in filled],
            marker="o",
            label=name,
        )
    axes.set_title(f"{answered.title}, ECE {before['expected_calibration_error']:.3f}")
    axes.set_xlabel("mean probability")
    axes.set_ylabel(answered.share.replace("_", " "))
    # Searching the best place warns on a slow machine.
    axes.legend(loc="upper left")
    return plot


def _image(plot: Figure, description: str) -> str:
    buffer = io.BytesIO()
    plot.savefig(buffer, format="png", dpi=120)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img alt="{escape(description)}" src="data:image/png;base64,{data}">'
