"""A disk that lies, refuses or fills costs as little as it can, and what it cost is said."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge_agent.contract.readings import Ack, Gap
from edge_agent.outbox.file import PAGE_BYTES
from edge_agent.outbox.queue import Outbox, StorageRefused
from tests.unit.edge_agent.bodies import entries_of, overwrite, polled, second_try, status

ORIGINALS = [polled(number) for number in range(400)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


@pytest.fixture
def stream(file: Path) -> str:
    """A file of 400 polls that was closed in good order."""
    with closing(Outbox(file)) as outbox:
        outbox.append(ORIGINALS)
        return outbox.stream


@pytest.fixture
def outbox(stream: str, file: Path) -> Iterator[Outbox]:
    with closing(Outbox(file)) as box:
        yield box


def test_a_row_whose_bytes_changed_becomes_a_gap(stream: str, file: Path) -> None:
    overwrite(file, b'"mono":7.0', b'"mono":8.0')
    with closing(Outbox(file)) as outbox:
        assert len(entries_of(outbox)) == 399
        assert entries_of(outbox)[-1].body == Gap(from_seq=8, to_seq=8, count=1, reason="corrupt")
        assert outbox.stream == stream
        assert (outbox.counters().corrupt_total, outbox.health().dropped, outbox.health().entries) == (1, 1, 400)


def test_rows_ruined_apart_become_gaps_that_spare_the_rows_between(stream: str, file: Path) -> None:
    for number in (7, 8, 11):
        overwrite(file, b'"mono":%d.0' % number, b'"mono":%d.5' % number)
    with closing(Outbox(file)) as outbox:
        entries_of(outbox)
        gaps = [entry.body for entry in entries_of(outbox) if isinstance(entry.body, Gap)]
    assert gaps == [
        Gap(from_seq=8, to_seq=9, count=2, reason="corrupt"),
        Gap(from_seq=12, to_seq=12, count=1, reason="corrupt"),
    ]


def test_a_file_that_is_no_database_is_set_aside(file: Path) -> None:
    file.write_bytes(b"once this was a database" * 1000)
    with closing(Outbox(file)) as outbox:
        assert entries_of(outbox)[0].body == Gap(from_seq=0, to_seq=0, count=0, reason="file_ruined")
        assert outbox.append([polled()]) == 2
    assert file.with_name("outbox.sqlite.corrupt-1").exists()


def test_a_ruined_page_costs_that_page_and_no_number_of_another(stream: str, file: Path) -> None:
    content = bytearray(file.read_bytes())
    middle = len(content) // 2 // PAGE_BYTES * PAGE_BYTES
    content[middle : middle + PAGE_BYTES] = bytes(PAGE_BYTES)
    file.write_bytes(content)
    with closing(Outbox(file)) as outbox:
        with pytest.raises(StorageRefused):
            outbox.pending(0, limit_bytes=2**30, limit_rows=2**30)
        entries = entries_of(outbox)
        left = {entry.seq: entry.body for entry in entries if not isinstance(entry.body, Gap)}
        where, how_many = [entry.body for entry in entries if isinstance(entry.body, Gap)]
        assert isinstance(where, Gap)
        assert left == {seq: body for seq, body in enumerate(ORIGINALS, 1) if seq not in span(where)}
        assert how_many == Gap(from_seq=0, to_seq=0, count=400 - len(left) - where.count, reason="file_ruined")
        assert 390 < len(left) < 400
        assert outbox.stream == stream
    assert file.with_name("outbox.sqlite.corrupt-1").exists()


def test_only_a_few_ruined_files_are_kept(file: Path) -> None:
    for _ in range(6):
        for part in file.parent.glob("outbox.sqlite*"):
            if not part.suffix.startswith(".corrupt"):
                part.unlink()
        file.write_bytes(b"not a database, and long enough to be taken for one" * 100)
        Outbox(file).close()
    assert sorted(ruin.name for ruin in file.parent.glob("*.corrupt-?")) == [
        "outbox.sqlite.corrupt-4",
        "outbox.sqlite.corrupt-5",
        "outbox.sqlite.corrupt-6",
    ]


def test_a_power_cut_between_the_two_renames_loses_nothing(stream: str, file: Path) -> None:
    file.rename(file.with_name("outbox.sqlite.new"))
    with closing(Outbox(file)) as outbox:
        assert outbox.stream == stream
        assert len(entries_of(outbox)) == 400


@pytest.mark.parametrize("seed", range(60))
def test_flipped_bits_never_make_a_wrong_entry(stream: str, file: Path, seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(file.read_bytes())
    for _ in range(chance.choice([1, 1, 8])):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)
    with closing(Outbox(file)) as outbox:
        bodies = second_try(lambda: [entry.body for entry in entries_of(outbox)])
        assert second_try(lambda: outbox.append([polled(9999)])) > 0
        gaps = [entry.body for entry in entries_of(outbox) if isinstance(entry.body, Gap)]
    whole = [body for body in bodies if not isinstance(body, Gap)]
    assert all(body in ORIGINALS for body in whole)
    assert len(whole) == len(ORIGINALS) or gaps
    assert len(whole) > 200 or "file_ruined" in {gap.reason for gap in gaps}


def span(gap: Gap) -> range:
    return range(gap.from_seq, gap.to_seq + 1)


@pytest.mark.parametrize(
    ("column", "value"), [("at", 0), ("readings", 9), ("crc", 1), ("seq", 4000), ("body", b"{}"), ("body", b"")]
)
def test_every_flip_in_a_row_is_found(stream: str, file: Path, column: str, value: object) -> None:
    """Its number and its figures belong to it: another number would be taken for an entry that is yet to come."""
    with closing(Outbox(file)) as outbox:
        outbox._db.execute(f"UPDATE entry SET {column} = ? WHERE seq = 400", (value,))
        assert [seq for seq, _ in outbox.pending(390)] == list(range(391, 400))
        assert outbox.counters().corrupt_total == 1


def test_a_row_under_a_wrong_number_closes_the_hole_that_it_left(stream: str, file: Path) -> None:
    with closing(Outbox(file)) as outbox:
        outbox._db.execute("UPDATE entry SET seq = 7000 WHERE seq = 400")
        outbox.pending(0, limit_bytes=2**30, limit_rows=2**30)
        assert entries_of(outbox)[-1].body == Gap(from_seq=400, to_seq=400, count=1, reason="corrupt")
        assert outbox.counters().corrupt_total == 1
        assert outbox.append([polled(1)]) == 402


def test_a_spoilt_account_costs_the_stream_and_no_row(stream: str, file: Path) -> None:
    """Its last number may be too low, and would be given a second time."""
    with closing(Outbox(file)) as outbox:
        outbox.confirm(Ack(stream=stream, upto=100))
        outbox._db.execute("UPDATE ledger SET last_seq = last_seq - 8")
    with closing(Outbox(file)) as outbox:
        assert outbox.stream != stream
        entries = entries_of(outbox)
        assert [entry.body for entry in entries[:-2]] == ORIGINALS[100:]
        assert entries[-2].body == Gap(from_seq=1, to_seq=100, count=0, reason="file_ruined")
        assert outbox.counters().waiting == len(entries) == outbox.append([polled()]) - 101


def test_an_account_that_is_spoilt_while_the_file_is_open_is_found(stream: str, file: Path) -> None:
    with closing(Outbox(file)) as outbox:
        outbox._db.execute("UPDATE ledger SET confirmed_total = confirmed_total + 1")
        assert second_try(lambda: outbox.append([polled(9999)])) > 400
        assert outbox.stream != stream
        assert [entry.body for entry in entries_of(outbox)][:400] == ORIGINALS


def test_a_ruined_file_larger_than_what_is_left_of_the_disk_is_rescued_as_far_as_there_is_room(file: Path) -> None:
    with closing(Outbox(file)) as outbox:
        outbox.append([polled(number) for number in range(3000)])
    content = bytearray(file.read_bytes())
    content[20 * PAGE_BYTES : 21 * PAGE_BYTES] = bytes(PAGE_BYTES)
    file.write_bytes(content)
    with closing(Outbox(file, max_bytes=200_000)) as outbox:
        second_try(lambda: entries_of(outbox))
        entries = second_try(lambda: entries_of(outbox))
        gap = entries[-1].body
        assert isinstance(gap, Gap)
        assert gap.count == 3000 - (len(entries) - 1) > 1000


class FailingDisk:
    """Lets everything through but statements that begin with one of `refused`, which get that SQLite error."""

    def __init__(self, db: sqlite3.Connection, refused: tuple[str, ...], code: int) -> None:
        self._db = db
        self._refused = refused
        self._code = code

    def execute(self, statement: str, *parameters: Any) -> Any:
        self._refuse(statement)
        return self._db.execute(statement, *parameters)

    def executemany(self, statement: str, *parameters: Any) -> Any:
        self._refuse(statement)
        return self._db.executemany(statement, *parameters)

    def _refuse(self, statement: str) -> None:
        if statement.startswith(self._refused):
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = self._code
            raise error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


@pytest.mark.parametrize("refused", ["BEGIN", "INSERT INTO entry", "UPDATE ledger", "COMMIT"])
@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY])
def test_what_the_disk_refuses_is_not_said_to_be_stored(outbox: Outbox, refused: str, code: int) -> None:
    sound, before = outbox._db, outbox.counters()
    outbox._db = FailingDisk(sound, (refused,), code)  # type: ignore[assignment]
    with pytest.raises(StorageRefused):
        outbox.append([status(), polled(1)])
    outbox._db = sound
    assert outbox.counters() == before
    assert outbox.append([polled(2)]) == 401


def test_a_confirmation_that_the_disk_refuses_keeps_the_rows(outbox: Outbox) -> None:
    sound = outbox._db
    outbox._db = FailingDisk(sound, ("COMMIT",), sqlite3.SQLITE_IOERR_FSYNC)  # type: ignore[assignment]
    with pytest.raises(StorageRefused):
        outbox.confirm(Ack(stream=outbox.stream, upto=400))
    outbox._db = sound
    assert len(entries_of(outbox)) == 400


def test_a_file_ruined_while_open_is_replaced_and_the_caller_tries_again(outbox: Outbox, stream: str) -> None:
    outbox._db.close()
    sound = sqlite3.connect(":memory:")
    outbox._db = FailingDisk(sound, ("BEGIN",), sqlite3.SQLITE_CORRUPT)  # type: ignore[assignment]
    with pytest.raises(StorageRefused):
        outbox.append([polled(1)])
    assert outbox.append([polled(1)]) == 401
    assert outbox.stream == stream
    assert [entry.seq for entry in entries_of(outbox)] == list(range(1, 403))


@pytest.mark.parametrize("at", [2**62, -(2**62), "a word"])
def test_a_time_that_the_disk_changed_does_not_end_the_agent(outbox: Outbox, at: object) -> None:
    """The oldest row is looked at for each status, and the first status is what a run begins with."""
    outbox._db.execute("UPDATE entry SET at = ? WHERE seq = 1", (at,))
    assert outbox.health().oldest_at is None
    assert outbox.health().entries == 400
