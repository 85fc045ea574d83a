"""Checks that run beside the tests."""

from __future__ import annotations

import os
import sys
import time

import pytest

from deploy.local.checks import _run, beside


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


def test_a_check_that_passes_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with beside(python("print('all is well')")) as passed:
        assert passed()
    assert capsys.readouterr().out == ""


def test_a_check_that_fails_shows_all_it_said(capsys: pytest.CaptureFixture[str]) -> None:
    with beside(python("import sys; print('first'); sys.exit('second')")) as passed:
        assert not passed()
    assert sorted(capsys.readouterr().out.split()) == ["first", "second"]


def test_a_check_that_nobody_waits_for_is_stopped() -> None:
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt), beside(python("import time; time.sleep(600)")):
        raise KeyboardInterrupt
    assert time.monotonic() - begun < 500


def test_a_run_that_is_told_to_end_ends_what_it_runs_and_says_so() -> None:
    told = "import os, signal, time; os.kill(os.getppid(), signal.SIGTERM); time.sleep(600)"
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        _run(["-c", told])
    assert time.monotonic() - begun < 500


def test_a_check_yields_to_what_it_runs_beside() -> None:
    program = f"import os, sys; sys.exit(os.nice(0) <= {os.nice(0)})"
    with beside(python(program)) as passed:
        assert passed()
