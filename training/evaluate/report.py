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
from training.evaluate.figures import pair_truths, reliability_of, report
from training.evaluate.measuring import Models, read
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
"""


@dataclass(frozen=True, slots=True)
class CorpusReport:
    """What the page says of one corpus.

    Attributes:
        figures: of `training.evaluate.figures.report`.
        errors: of `training.evaluate.error_report`.
        before: reliability of pairs of gold mentions as evaluation answers, weighed if the card
            says so; `after` with a temperature fitted on dev beside.
        after: see `before`.
    """

    figures: Mapping[str, Any]
    errors: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def write_report(models: Models, corpora: Sequence[str], out: Path, seed: int) -> None:
    """Measure the models on the test parts and write the page; it needs no other file.

    Raises:
        CorpusError: a corpus is unknown or cannot be read.
    """
    reports = {}
    for name, parts in catalogue.load(corpora, data_dir(), seed=seed).items():
        reports[name] = corpus_report(
            read(models, parts.test), read(models, parts.dev), models.threshold, seed
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(render(reports), encoding="utf-8")


def corpus_report(
    test: Sequence[Reading], dev: Sequence[Reading], threshold: float, seed: int
) -> CorpusReport:
    """Figures on test; the temperature comes from dev."""
    temperature = calibration.fit_temperature(*pair_truths(dev))
    return CorpusReport(
        figures=report(test, threshold=threshold, seed=seed, baselines=True),
        errors=error_report(test, threshold=threshold),
        before=reliability_of(test),
        after=reliability_of(test, temperature=temperature),
    )


def render(reports: Mapping[str, CorpusReport]) -> str:
    """The page as HTML, plots included."""
    sections = "".join(_section(name, one) for name, one in reports.items())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>Extraction models</title><style>{_STYLE}</style>"
        f"<h1>Extraction models</h1><p>F1 on test documents; in brackets 95% bootstrap intervals "
        f"by document.</p>{sections}</html>\n"
    )


def _section(name: str, one: CorpusReport) -> str:
    alarms = one.figures["documents_without_relation"]
    return "".join(
        [
            f"<h2>{escape(name)}</h2><p>{one.figures['documents']} documents. Of "
            f"{alarms['documents']} without a relation {alarms['with_a_false_relation']} yield "
            f"a false one ({alarms['share']:.1%}).</p>",
            _scores_table(one.figures),
            _image(_scores_plot(one.figures), f"F1 on {name}"),
            "<h3>Calibration</h3>",
            _calibration(one),
            _image(_reliability_plot(one), f"reliability on {name}"),
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


def _calibration(one: CorpusReport) -> str:
    found = one.figures["calibration_end_to_end"]
    return (
        f"<p>Of {one.before['pairs']} pairs of gold mentions: expected calibration error "
        f"{one.before['expected_calibration_error']:.3f}, with temperature "
        f"{one.after['temperature']:.2f} (fitted on dev) "
        f"{one.after['expected_calibration_error']:.3f}. Of {found['pairs']} pairs of found "
        f"mentions, as answered: {found['expected_calibration_error']:.3f}.</p>"
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


def _reliability_plot(one: CorpusReport) -> Figure:
    plot = Figure(figsize=(4.5, 4), layout="constrained")
    axes = plot.subplots()
    axes.plot([0, 1], [0, 1], color="#999999", linestyle=":")
    for name, figures in (("as answered", one.before), ("with temperature", one.after)):
        filled = [each for each in figures["bins"] if each["pairs"]]
        axes.plot(
            [each["mean_probability"] for each in filled],
            [each["share_related"] for each in filled],
            marker="o",
            label=name,
        )
    axes.set_xlabel("mean probability")
    axes.set_ylabel("share related")
    # Searching the best place warns on a slow machine.
    axes.legend(loc="upper left")
    return plot


def _image(plot: Figure, description: str) -> str:
    buffer = io.BytesIO()
    plot.savefig(buffer, format="png", dpi=120)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<p><img alt="{escape(description)}" src="data:image/png;base64,{data}"></p>'
