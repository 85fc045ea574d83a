"""Structured logs, one JSON object a line, without patient text.

Code logs events with identifiers, counts and kinds of errors. Exceptions of libraries may quote
what they were given, so their messages are never logged: only their type and where they arose.
"""

from __future__ import annotations

import logging
import sys
import traceback

import structlog


def configure(level: str) -> None:
    """Set up logging of this process, that of libraries included.

    Args:
        level: the least severe level to write ("INFO").
    """
    processors: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _only_the_kind_of_exceptions,
    ]
    structlog.configure(
        processors=[*processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_only_the_template_beside_an_exception, *processors],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # Libraries quote messages, statements and URLs below these levels.
    for name, least in {
        "aiokafka": logging.WARNING,
        "faust": logging.WARNING,
        "mode": logging.WARNING,
        "httpx": logging.WARNING,
        "uvicorn": logging.WARNING,
        "asyncio": logging.WARNING,
        "httpcore": logging.WARNING,
        "sqlalchemy": logging.WARNING,
        "alembic": logging.WARNING,
    }.items():
        logging.getLogger(name).setLevel(max(least, root.level))


def _only_the_template_beside_an_exception(
    _logger: object, _method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """Libraries write the exception into the message too ("Crashed reason=%r"; asyncio's report of
    a task, from its second line on)."""
    record: logging.LogRecord = event["_record"]
    if record.exc_info:
        event["event"] = str(record.msg).partition("\n")[0]
    return event


def _only_the_kind_of_exceptions(
    _logger: object, _method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        event["error"] = type(error).__name__
        event["at"] = [f"{frame.filename}:{frame.lineno}" for frame in frames[-5:]]
    return event
