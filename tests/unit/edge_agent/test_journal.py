"""Lines for the journal carry a priority and no time; lines for people carry the time."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from edge_agent.journal import JournalFormatter, is_journal, log_to


@pytest.fixture
def quiet() -> Iterator[None]:
    """Puts the root logger back as it was."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], _ = before
    root.setLevel(before[1])


def record(level: int, message: str, error: Exception | None = None) -> logging.LogRecord:
    trouble = (type(error), error, None) if error else None
    return logging.LogRecord("edge_agent.bus.poller", level, "file", 1, message, None, trouble)


@pytest.mark.parametrize(
    ("level", "prefix"),
    [(logging.CRITICAL, "<2>"), (logging.ERROR, "<3>"), (logging.WARNING, "<4>"), (logging.INFO, "<6>"), (5, "<7>")],
)
def test_each_level_has_its_priority(level: int, prefix: str) -> None:
    assert JournalFormatter().format(record(level, "bus is up")) == f"{prefix}edge_agent.bus.poller: bus is up"


def test_every_line_of_an_error_keeps_the_priority() -> None:
    lines = JournalFormatter().format(record(logging.ERROR, "failed", ValueError("why"))).splitlines()
    assert len(lines) > 1
    assert all(line.startswith("<3>") for line in lines)


def test_the_journal_is_known_by_its_very_file(tmp_path: Path) -> None:
    with (tmp_path / "journal").open("w") as journal, (tmp_path / "file").open("w") as file:
        status = os.fstat(journal.fileno())
        environment = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert is_journal(journal, environment)
        assert not is_journal(file, environment)
        assert not is_journal(journal, {})
        assert not is_journal(io.StringIO(), environment)


@pytest.mark.usefixtures("quiet")
def test_people_are_told_the_time() -> None:
    stream: TextIO = io.StringIO()
    log_to(stream, {})
    logging.getLogger("edge_agent").warning("bus is down bus=%s", "line-a")
    assert isinstance(stream, io.StringIO)
    assert "WARNING edge_agent: bus is down bus=line-a" in stream.getvalue()
    assert stream.getvalue().startswith("20")
