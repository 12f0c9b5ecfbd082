"""Logs carry ids and states, never names, numbers, bodies or doses."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

import structlog

# What a line may carry. Anything else is dropped: a new field has to be thought about before it can leak.
ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "logger", "error_id", "error_type", "where", "endpoint", "method", "status",
        "milliseconds", "staff_id", "session_id", "site_id", "import_id", "state", "code", "count", "job", "revision",
        "address", "version", "key_id", "chain", "sequence",
    }
)  # fmt: skip


def set_up(level: str) -> None:
    """Log lines of our own as key=value text to standard error, at `level` and above."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(file=_standard_error()),
        cache_logger_on_first_use=False,
    )
    logging.raiseExceptions = False  # a broken stream would print the message with its arguments
    # Other libraries log what they like, parameters of statements included: only their errors, without tracebacks.
    handler = logging.StreamHandler(_standard_error())
    handler.setFormatter(NameOnly())
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    # gunicorn's tells nobody above it, and gets handlers of its own: before this, after it, and anew at every reload.
    logging.getLogger("gunicorn.error").addFilter(only_name)


class NameOnly(logging.Formatter):
    """Who complained and with which kind of error: messages and tracebacks of libraries carry values."""

    def format(self, record: logging.LogRecord) -> str:
        raised = record.exc_info[0] if record.exc_info else None
        line = f"{self.formatTime(record)} {record.levelname} {record.name}"
        return f"{line} {raised.__name__}" if raised else line


def only_name(record: logging.LogRecord) -> bool:
    """Leaves of a record what NameOnly leaves, whoever writes it down; gunicorn's begin with the address asked for."""
    raised = record.exc_info[0] if record.exc_info else None
    record.msg, record.args = raised.__name__ if raised else record.name, ()
    record.exc_info = record.exc_text = record.stack_info = None
    return True


def only_allowed(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every field that is not on the list."""
    return {name: value for name, value in line.items() if name in ALLOWED}


def logger() -> Any:
    return structlog.get_logger()


def _standard_error() -> Any:
    import sys

    return sys.stderr
