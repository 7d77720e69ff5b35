"""Each local day is told once in the journal, over restarts too, and loudly where the disk is worn too fast."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge_agent.daybook import Daybook
from edge_agent.outbox.ledger import OutboxCounters

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 7, 15, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def counters(entries: int, commits: int, written: int = 0) -> OutboxCounters:
    return OutboxCounters(
        entries_total=entries,
        readings_total=0,
        confirmed_total=entries,
        dropped_total=1,
        corrupt_total=1,
        last_seq=entries,
        commits_total=commits,
        written_total=written,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "day.json"


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.message) for record in caplog.records]


def test_a_day_is_told_when_it_has_ended(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    book = Daybook(file)
    book.note(NOON, SHANGHAI, counters(100, 10))
    book.note(NOON + DAY / 4, SHANGHAI, counters(200, 20))
    assert told(caplog) == []
    for _ in range(3):
        book.note(NOON + DAY, SHANGHAI, counters(75_100, 9_010, 81_500_000))
    assert told(caplog) == [
        ("INFO", "account since=2026-07-15 entries=75000 confirmed=75000 lost=0 commits=9000 written_mb=81.5")
    ]


def test_a_restart_neither_misses_a_day_nor_tells_it_twice(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    Daybook(file).note(NOON, SHANGHAI, counters(100, 10))
    Daybook(file).note(NOON + DAY, SHANGHAI, counters(200, 20))
    Daybook(file).note(NOON + DAY, SHANGHAI, counters(201, 21))
    assert [message for _, message in told(caplog)] == [
        "account since=2026-07-15 entries=100 confirmed=100 lost=0 commits=10 written_mb=0.0"
    ]


@pytest.mark.parametrize(("commits", "written"), [(12_001, 0), (0, 200_000_001)])
def test_a_disk_that_is_worn_too_fast_is_a_warning(
    file: Path, caplog: pytest.LogCaptureFixture, commits: int, written: int
) -> None:
    book = Daybook(file)
    book.note(NOON, SHANGHAI, counters(0, 0))
    book.note(NOON + DAY, SHANGHAI, counters(10, commits, written))
    assert [level for level, _ in told(caplog)] == ["WARNING"]


def test_a_new_outbox_file_begins_at_nothing(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    book = Daybook(file)
    book.note(NOON, SHANGHAI, counters(5000, 500))
    book.note(NOON + DAY, SHANGHAI, counters(40, 4))
    assert "entries=40 " in told(caplog)[0][1]


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"began":"yesterday"}'])
def test_a_page_that_cannot_be_read_is_begun_anew(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    Daybook(file).note(NOON, SHANGHAI, counters(1, 1))
    assert b"2026-07-15" in file.read_bytes()
