"""Log lines as journald likes them: one line an event, its priority in front, and the time left to the journal."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import TextIO

_PRIORITIES = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
    (logging.NOTSET, 7),
)


class JournalFormatter(logging.Formatter):
    """Prefixes every line, those of a traceback too, with its syslog priority."""

    def __init__(self) -> None:
        super().__init__("%(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        priority = next(number for level, number in _PRIORITIES if record.levelno >= level)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


def log_to(stream: TextIO, environment: Mapping[str, str], level: int = logging.INFO) -> None:
    """Sends all log records of the process to `stream`."""
    handler = logging.StreamHandler(stream)
    if is_journal(stream, environment):
        handler.setFormatter(JournalFormatter())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)


def is_journal(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether the stream is the very one that systemd connected to the journal, and not one redirected since."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environment.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def log_to_stderr() -> None:
    log_to(sys.stderr, os.environ)
