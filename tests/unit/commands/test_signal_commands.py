"""Statistics of the record on the command line, from a real record in SQLite."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services import cli
from services.adapters.sql.case_record import SqlCaseRecord
from services.adapters.sql.priors import SqlPriorRecord
from services.adapters.sql.signals import SqlSignalRecord
from services.commands import console
from services.core.contracts import Assertion, Extraction, Pair, Sex
from services.core.counts import CountDelta
from services.core.signal_contracts import Boundary, Theta
from services.core.tables import Tables
from services.detect.priors import SharedPrior
from tests.connections import record_engine
from tests.fakes.clock import FakeClock
from tests.fakes.extractions import COUGH, RASH, extraction
from tests.fakes.signals import signal

SECRET = "Mrs Secret died of it."
BOTH = Pair("methotrexate", "rash")


def notes() -> list[Extraction]:
    """Rash with amoxicillin from March on, more in women; cough with lisinopril all the year."""
    made = []
    for number in range(30):
        month = 1 + number % 12
        made.append(
            replace(
                extraction(f"c{number}", COUGH, patient=f"c{number}", written_at=at(month)),
                sex=Sex.MALE,
            )
        )
    for number in range(12):
        pairs = (RASH, BOTH) if number < 3 else (RASH,)
        made.append(
            extraction(
                f"r{number}", *pairs, patient=f"r{number}", written_at=at(9 + number % 4),
                evidence_text=SECRET,
                assertion=Assertion.AFFIRMED if number else Assertion.HISTORICAL,
            )
        )  # fmt: skip
    return made


def at(month: int) -> datetime:
    return datetime(2026, month, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def filled(sqlite_schema: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A record that the commands only read: finding its prior takes long."""
    path = shutil.copy(sqlite_schema, tmp_path_factory.mktemp("filled") / "record.sqlite")
    engine = record_engine(f"sqlite:///{path}")
    cases = SqlCaseRecord(engine, clock=FakeClock())
    cases.apply(notes())
    _, counts = cases.counts()
    SharedPrior(SqlPriorRecord(engine), clock=FakeClock()).refreshed(all_tables(counts), sequence=1)
    watched = replace(
        signal(RASH),
        historical_only=1,
        theta=Theta(alpha1=1.5, beta1=0.5, alpha2=2.0, beta2=2.0, weight=0.25, fit=1),
        boundary=Boundary(
            alpha=0.05, pairs=9, horizon=50.0, minimum_cases=3, critical_value=7.25
        ),
    )  # fmt: skip
    SqlSignalRecord(engine).record([watched, signal(COUGH)])
    engine.dispose()
    return f"sqlite:///{path}"


@pytest.fixture
def record(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADEWATCH_DATABASE_URL", filled)
    monkeypatch.setattr(console.out, "width", 250)


def all_tables(counts: CountDelta) -> Tables:
    return Tables.from_tables([counts.table(pair) for pair in counts.pairs])


class Shell:
    """Runs commands and keeps what they said."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str, status: int = 0) -> str:
        self._monkeypatch.setattr(sys, "argv", ["adewatch", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = self._capsys.readouterr()
        assert int(ended.value.code or 0) == status, said.err
        assert "Secret" not in said.out + said.err
        return said.out if status == 0 else said.err


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(monkeypatch, capsys)


def words(text: str, start: str) -> list[str]:
    """The words of the first line that starts so."""
    return next(line.split() for line in text.splitlines() if line.split()[:1] == [start])


@pytest.mark.usefixtures("record")
def test_show_gives_snapshot_statistics_and_subgroups(run: Shell) -> None:
    said = run("signals", "show", "Amoxicillin 500 mg", "Severe Rash")
    assert said.splitlines()[0] == "amoxicillin → rash"
    assert "revision 1: detected" in said
    assert "with 4 cases, of these 1 historical only" in said
    assert "θ of fit 1: α1 1.5, β1 0.5" in said
    assert "boundary: LLR 7.25 for α 0.05 over 9 pairs" in said
    assert "now: n11 12, drug 12, event 12, all 42" in said
    assert "of these 12 cases 1 historical only" in said
    for measure in ("prr", "ror", "ic", "ebgm", "maxsprt", "bcpnn", "ic_adjusted", "ror_mh"):
        assert words(said, measure)
    assert words(said, "female")[1:5] == ["12", "12", "12", "12"]
    assert words(said, "male")[1:5] == ["0", "0", "0", "30"]
    assert words(said, "45-64")[1] == "12"
    assert words(said, "2026")[1] == "12"


@pytest.mark.usefixtures("record")
def test_show_of_a_pair_that_never_was_a_signal_says_so(run: Shell) -> None:
    assert "it never was a signal" in run("signals", "show", "methotrexate", "rash")


@pytest.mark.usefixtures("record")
def test_trend_shows_months_and_the_rise(run: Shell) -> None:
    said = run("signals", "trend", "amoxicillin", "rash")
    assert words(said, "2026-01")[1:3] == ["0", "0"]
    assert words(said, "2026-12")[1:3] == ["3", "12"]
    assert "likeliest rise in 2026-09: from none, p = " in said


@pytest.mark.usefixtures("record")
def test_masking_takes_the_strongest_pair_away(run: Shell) -> None:
    said = run("signals", "masking", "rash")
    assert "taken away: amoxicillin" in said
    assert words(said, "methotrexate")[1] == "3"


@pytest.mark.usefixtures("record")
def test_two_drugs_are_compared_with_what_their_risks_add_up_to(run: Shell) -> None:
    said = run("signals", "trio", "amoxicillin", "methotrexate", "rash")
    assert "cases with both drugs 3, with the event 3, expected 3.00" in said


@pytest.mark.usefixtures("record")
def test_rank_shows_the_parts_and_knows_lists(run: Shell, tmp_path: Path) -> None:
    known, serious = tmp_path / "known.tsv", tmp_path / "serious.txt"
    known.write_text("Amoxicillin\tRash\n")
    serious.write_text("cough\n")
    said = run("signals", "rank")
    # Every case of rash names a death in its evidence; cough is no cue.
    header, rash, cough = words(said, "drug"), words(said, "amoxicillin"), words(said, "lisinopril")
    serious_at, novelty_at = header.index("seriousness"), header.index("novelty")
    assert (rash[serious_at], cough[serious_at]) == ("1.00", "0.00")
    assert (rash[novelty_at], cough[novelty_at]) == ("1.00", "1.00")
    said = run("signals", "rank", "--known", str(known), "--serious", str(serious))
    rash, cough = words(said, "amoxicillin"), words(said, "lisinopril")
    assert (rash[novelty_at], cough[novelty_at]) == ("0.00", "1.00")
    assert (rash[serious_at], cough[serious_at]) == ("1.00", "1.00")


@pytest.mark.usefixtures("record")
def test_the_fits_of_the_prior_are_listed(run: Shell) -> None:
    said = run("priors", "list")
    assert words(said, "1")[4:6] == ["3", "45"]
    assert "converged" in said or "weak density" in said


@pytest.mark.parametrize(
    "arguments",
    [("show", "a", "b"), ("trend", "a", "b"), ("masking", "b"), ("trio", "a", "a", "b")],
)
def test_what_cannot_be_shown_is_one_line(
    run: Shell, sqlite_record: str, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("ADEWATCH_DATABASE_URL", sqlite_record)
    assert run("signals", *arguments, status=1).startswith("error: ")


@pytest.mark.usefixtures("record")
def test_a_wrong_list_is_named(run: Shell, tmp_path: Path) -> None:
    wrong = tmp_path / "known.tsv"
    wrong.write_text("amoxicillin rash\n")
    assert "line 1" in run("signals", "rank", "--known", str(wrong), status=1)
