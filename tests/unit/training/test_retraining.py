"""A retraining does its steps in order, one run at a time, and leaves a report of any end."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.core.errors import DependencyUnavailable
from services.core.model_versions import Action, Publication, VersionPair
from training.errors import AlreadyRunning, DataMissing, GateRefused, TrainingError
from training.publish.retraining import Terminated, only_one, retrain
from training.publish.runs import remove_old

AT = datetime(2026, 3, 1, 4, 30, tzinfo=UTC)
ENTRY = Publication(
    sequence=2,
    action=Action.PUBLISH,
    pair=VersionPair("2", "2"),
    replaced=VersionPair("1", "1"),
    at=AT,
    by="test",
)


class RecordedSteps:
    """Remembers the order of the steps; one of them may fail."""

    def __init__(self, failing: str = "", error: BaseException | None = None) -> None:
        self.done: list[str] = []
        self.entry: Publication | None = ENTRY
        self._failing = failing
        self._error = error

    def load(self, run: Path) -> Mapping[str, int]:
        self._at("load")
        return {"adewatch": 40, "verdicts": 2}

    def train(self, run: Path) -> None:
        self._at("train")
        (run / "ner").mkdir(parents=True)

    def export(self, run: Path, candidate: Path) -> Mapping[str, Path]:
        self._at("export")
        assert (run / "ner").is_dir()
        return {"ner": candidate / "ner" / "1"}

    def release(self, candidate: Mapping[str, Path], report: Path) -> Publication | None:
        self._at("release")
        assert candidate["ner"].parts[-3:] == ("candidate", "ner", "1")
        assert report.name == "gate.json"
        return self.entry

    def _at(self, step: str) -> None:
        if step == self._failing and self._error is not None:
            raise self._error
        self.done.append(step)


def run(
    steps: RecordedSteps, runs: Path, *, keep: int = 3, said: list[str] | None = None
) -> Publication | None:
    lines: list[str] = [] if said is None else said
    return retrain(
        steps,
        runs,
        at=AT,
        settings={"seed": 1},
        keep_runs=keep,
        say=lines.append,
        seconds=lambda: 0.0,
    )


def report(runs: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((runs / "20260301T043000Z" / "report.json").read_text())
    return found


def test_all_steps_lead_to_a_publication(tmp_path: Path) -> None:
    steps = RecordedSteps()
    assert run(steps, tmp_path) == ENTRY
    assert steps.done == ["load", "train", "export", "release"]
    found = report(tmp_path)
    assert (found["outcome"], found["exit_status"]) == ("published", 0)
    assert [one["step"] for one in found["steps"]] == steps.done
    assert found["training_documents"] == {"adewatch": 40, "verdicts": 2}
    assert found["settings"] == {"seed": 1}


def test_a_candidate_that_is_only_kept_is_a_good_end(tmp_path: Path) -> None:
    steps = RecordedSteps()
    steps.entry = None
    assert run(steps, tmp_path) is None
    assert (report(tmp_path)["outcome"], report(tmp_path)["exit_status"]) == ("candidate kept", 0)


@pytest.mark.parametrize(
    ("step", "error", "outcome", "status", "reason"),
    [
        ("load", DataMissing("set ADEWATCH_DATA_DIR"), "failed", 2, "set ADEWATCH_DATA_DIR"),
        ("release", GateRefused("ade: worse"), "failed", 3, "ade: worse"),
        (
            "release",
            DependencyUnavailable("triton", "load"),
            "not published",
            4,
            "triton is unavailable: load",
        ),
        # What a bug says may quote a corpus.
        ("train", ValueError("She had a rash."), "broken off", 1, "ValueError"),
        ("train", KeyboardInterrupt(), "broken off", 1, "KeyboardInterrupt"),
    ],
)
def test_any_other_end_is_reported_with_its_status(
    tmp_path: Path, step: str, error: BaseException, outcome: str, status: int, reason: str
) -> None:
    steps = RecordedSteps(step, error)
    with pytest.raises(type(error)):
        run(steps, tmp_path)
    assert step not in steps.done
    found = report(tmp_path)
    assert (found["outcome"], found["exit_status"], found["reason"]) == (outcome, status, reason)
    assert [one["step"] for one in found["steps"]] == steps.done


def test_a_scheduler_that_ends_the_job_ends_it_with_a_report(tmp_path: Path) -> None:
    class Ended(RecordedSteps):
        def train(self, run: Path) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            super().train(run)

    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with pytest.raises(Terminated) as ended:
            run(Ended(), tmp_path)
        assert ended.value.code == 1
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
    found = report(tmp_path)
    assert (found["outcome"], found["exit_status"]) == ("broken off", 1)
    assert found["reason"] == "Terminated"
    assert [one["step"] for one in found["steps"]] == ["load"]


def test_a_killed_run_leaves_what_it_had_done(tmp_path: Path) -> None:
    class Looking(RecordedSteps):
        def export(self, run: Path, candidate: Path) -> Mapping[str, Path]:
            self.seen = report(tmp_path)
            return super().export(run, candidate)

    steps = Looking()
    run(steps, tmp_path)
    assert (steps.seen["outcome"], steps.seen["exit_status"]) == ("running", None)
    assert [one["step"] for one in steps.seen["steps"]] == ["load", "train"]


def test_two_never_run_at_once(tmp_path: Path) -> None:
    steps = RecordedSteps()
    with only_one(tmp_path), pytest.raises(AlreadyRunning, match="under way") as refused:
        run(steps, tmp_path)
    assert refused.value.exit_status == 5
    assert steps.done == []
    # The lock ends with its holder, however that ended.
    with pytest.raises(ValueError, match="a bug"):
        run(RecordedSteps("train", ValueError("a bug")), tmp_path)
    assert run(steps, tmp_path) == ENTRY


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match="cannot write"):
        run(RecordedSteps(), tmp_path / "file" / "runs")


def finished(runs: Path, name: str) -> Path:
    """A run of an earlier time."""
    (runs / name / "ner").mkdir(parents=True)
    (runs / name / "ner" / "weights").write_text("")
    (runs / name / "report.json").write_text("{}")
    return runs / name


def names_in(runs: Path) -> set[str]:
    return {path.name for path in runs.iterdir() if not path.name.startswith(".")}


@pytest.mark.parametrize(
    ("keep", "old"),
    [(1, set()), (2, {"20260222T043000Z"}), (3, {"20260215T043000Z", "20260222T043000Z"})],
)
def test_the_newest_runs_stay_and_the_one_under_way_is_one_of_them(
    tmp_path: Path, keep: int, old: set[str]
) -> None:
    for name in ("20260222T043000Z", "20260208T043000Z", "20260215T043000Z"):
        finished(tmp_path, name)
    said: list[str] = []
    assert run(RecordedSteps(), tmp_path, keep=keep, said=said) == ENTRY
    assert names_in(tmp_path) == {"20260301T043000Z", *old}
    assert report(tmp_path)["outcome"] == "published"
    assert [line for line in said if "removed" in line] == [
        f"removed the run {name}"
        for name in ("20260208T043000Z", "20260215T043000Z", "20260222T043000Z")
        if name not in old
    ]


def test_runs_that_failed_are_bounded_too(tmp_path: Path) -> None:
    finished(tmp_path, "20260222T043000Z")
    with pytest.raises(DataMissing):
        run(RecordedSteps("load", DataMissing("no corpora")), tmp_path, keep=1)
    assert names_in(tmp_path) == {"20260301T043000Z"}


def test_nothing_is_removed_while_another_run_is_under_way(tmp_path: Path) -> None:
    under_way = finished(tmp_path, "20260222T043000Z")
    with only_one(tmp_path), pytest.raises(AlreadyRunning):
        run(RecordedSteps(), tmp_path, keep=1)
    assert (under_way / "ner" / "weights").is_file()


def test_the_run_under_way_stays_although_the_clock_was_set_back(tmp_path: Path) -> None:
    current = finished(tmp_path, "20260301T043000Z")
    finished(tmp_path, "20270101T000000Z")
    assert remove_old(tmp_path, current, keep=1) == ["20270101T000000Z"]
    assert names_in(tmp_path) == {current.name}


def test_what_is_no_run_is_never_removed(tmp_path: Path) -> None:
    elsewhere = finished(tmp_path / "elsewhere", "20260101T000000Z")
    runs = tmp_path / "runs"
    without_report = runs / "20260102T000000Z"
    without_report.mkdir(parents=True)
    named_otherwise = finished(runs, "20260103T000000Z-good")
    file = runs / "20260104T000000Z"
    file.write_text("")
    (runs / "20260105T000000Z").symlink_to(elsewhere, target_is_directory=True)
    old = finished(runs, "20260106T000000Z")
    (old / "corpus").symlink_to(elsewhere, target_is_directory=True)
    before = names_in(runs)
    run(RecordedSteps(), runs, keep=1)
    assert names_in(runs) == before - {old.name} | {"20260301T043000Z"}
    for kept in (elsewhere, named_otherwise):
        assert (kept / "ner" / "weights").is_file()


def test_a_run_that_cannot_be_removed_is_said_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(tmp_path, "20260222T043000Z")

    def refuse(path: Path) -> None:
        raise PermissionError

    steps = RecordedSteps()
    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", refuse)  # permissions do not keep root from it
        with pytest.raises(TrainingError, match=r"cannot remove the old run .*20260222T043000Z"):
            run(steps, tmp_path, keep=1)
    assert steps.done == []
    assert report(tmp_path)["outcome"] == "failed"
    # Its report was left, so that the next one knows it for a run.
    assert run(RecordedSteps(), tmp_path, keep=1) == ENTRY
    assert names_in(tmp_path) == {"20260301T043000Z"}
