"""Logs carry kinds of errors, never their messages, which may quote a note."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from services.adapters.logs import configure

SECRET = "developed hives after amoxicillin"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_an_exception_of_ours_is_logged_by_kind_and_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("INFO")
    try:
        raise ValueError(SECRET)
    except ValueError:
        structlog.get_logger("services.test").exception("batch failed", messages=3)
    (line,) = lines(capsys)
    assert (line["event"], line["messages"], line["error"]) == ("batch failed", 3, "ValueError")
    assert SECRET not in json.dumps(line)
    assert "test_logs.py" in json.dumps(line["at"])


def test_an_exception_of_a_library_is_logged_by_kind_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("INFO")
    try:
        raise KeyError(SECRET)
    except KeyError:
        logging.getLogger("some.library").exception("it broke")
    (line,) = lines(capsys)
    assert line["error"] == "KeyError"
    assert SECRET not in json.dumps(line)


def test_an_exception_that_a_library_writes_into_its_message_is_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("INFO")
    error = RuntimeError(SECRET)
    logging.getLogger("mode.service").error("Crashed reason=%r", error, exc_info=error)
    logging.getLogger("asyncio").error(f"Task failed\nexception={error!r}", exc_info=error)
    crashed, failed = lines(capsys)
    assert (crashed["event"], failed["event"]) == ("Crashed reason=%r", "Task failed")
    assert crashed["error"] == failed["error"] == "RuntimeError"
    assert SECRET not in json.dumps([crashed, failed])


def test_libraries_that_quote_messages_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    configure("DEBUG")
    logging.getLogger("aiokafka.conn").debug("request %s", SECRET)
    logging.getLogger("sqlalchemy.engine").info("insert %s", SECRET)
    assert lines(capsys) == []
