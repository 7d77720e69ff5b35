"""Power cuts, where what was not synced may vanish: what was said to be stored is there, whole, and once."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest

from edge_agent.contract.readings import Ack
from edge_agent.outbox.queue import Outbox, StorageRefused
from tests.sick_disk import SickDisk
from tests.unit.edge_agent.bodies import entries_of, polled

CUTS = 3
COMMITS_AT_MOST = 400


class Life:
    """What a writer was told, over all the times that its power went."""

    def __init__(self) -> None:
        self.stored = 0
        self.confirmed = 0
        self.stream = ""

    def work(self, outbox: Outbox, dice: Random) -> None:
        """Until the power goes. Raises StorageRefused."""
        self.stream = self.stream or outbox.stream
        for _ in range(COMMITS_AT_MOST):
            count = dice.choice([1, 3, 3, 40])
            self.confirmed = max(self.confirmed, dice.choice([0, 0, 0, self.stored // 2]))
            ack = Ack(stream=outbox.stream, upto=self.confirmed)
            if dice.random() < 0.1:
                outbox.confirm(ack)
            bodies = [polled(number) for number in range(self.stored, self.stored + count)]
            self.stored = outbox.append(bodies, [ack] if dice.random() < 0.5 else [])

    def check(self, outbox: Outbox) -> None:
        """Numbers begin at 1, bodies at 0. Gone is only what was confirmed; one commit too many may be there."""
        entries = entries_of(outbox)
        assert outbox.stream == self.stream
        assert [entry.seq for entry in entries] == list(range(entries[0].seq, entries[-1].seq + 1))
        assert entries[0].seq <= self.confirmed + 1
        assert self.stored <= entries[-1].seq == outbox.counters().last_seq <= self.stored + 40
        assert all(entry.body == polled(entry.seq - 1) for entry in entries)
        assert outbox.counters().waiting == len(entries)
        self.stored = entries[-1].seq


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


@pytest.mark.parametrize("seed", range(8))
def test_a_power_cut_at_any_write_loses_nothing_that_was_said_to_be_stored(file: Path, seed: int) -> None:
    dice, life = Random(seed), Life()
    with SickDisk(dice) as disk:
        Outbox(file).close()
        for _ in range(CUTS):
            disk.operations, disk.cut_at = 0, dice.randrange(3, 2000)
            with suppress(StorageRefused), closing(Outbox(file)) as outbox:
                life.work(outbox, dice)
            assert disk.dead
            disk.restore_power(dice.choice([0.0, 0.5, 0.9, 1.0]))
            with closing(Outbox(file)) as outbox:
                life.check(outbox)


def test_the_disk_bites_where_commits_are_not_synced(file: Path) -> None:
    """With synchronous NORMAL, as is usual, commits that were said to be stored are gone."""
    with SickDisk(Random(1)) as disk:
        with closing(Outbox(file)) as outbox:
            outbox._db.execute("PRAGMA synchronous = NORMAL")
            assert [outbox.append([polled(number)]) for number in range(20)][-1] == 20
            disk.dead = True
        disk.restore_power(0.0)
        with closing(Outbox(file)) as outbox:
            assert outbox.counters().last_seq == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_disk_that_reports_errors_stores_all_it_said_and_nothing_twice(file: Path, seed: int) -> None:
    """One in twelve reads, writes, truncations and syncs fails; who is refused tries again, as the recorder does."""
    dice = Random(seed)
    with SickDisk(dice) as disk, closing(Outbox(file)) as outbox:
        stream = outbox.stream
        disk.refuse = lambda operation, _: _ERRORS[operation] if dice.random() < 1 / 12 else 0
        refusals = sum(append_until_stored(outbox, number) for number in range(300))
        disk.refuse = lambda *_: 0
        assert refusals > 50
        assert [entry.body for entry in entries_of(outbox)] == [polled(number) for number in range(300)]
        assert (outbox.stream, outbox.counters().entries_total) == (stream, 300)


def test_a_power_cut_after_errors_loses_nothing_that_was_said_to_be_stored(file: Path) -> None:
    """What a failed sync did not write, the kernel may forget without a word at the next sync, which succeeds."""
    dice = Random(1)
    with SickDisk(dice) as disk:
        for end in (100, 200, 300):
            with closing(Outbox(file)) as outbox:
                disk.refuse = lambda operation, _: _ERRORS["sync"] if operation == "sync" and dice.random() < 0.3 else 0
                for number in range(end - 100, end):
                    append_until_stored(outbox, number)
                disk.refuse = lambda *_: 0
                disk.dead = True
            disk.restore_power(0.5)
            with closing(Outbox(file)) as outbox:
                assert [entry.body for entry in entries_of(outbox)] == [polled(number) for number in range(end)]


def append_until_stored(outbox: Outbox, number: int) -> int:
    """Returns how often it was refused."""
    for refused in range(100):
        with suppress(StorageRefused):
            assert outbox.append([polled(number)]) == number + 1
            return refused
    raise AssertionError("it was refused a hundred times")


_ERRORS = {
    "read": sqlite3.SQLITE_IOERR_READ,
    "write": sqlite3.SQLITE_IOERR_WRITE,
    "truncate": sqlite3.SQLITE_IOERR_TRUNCATE,
    "sync": sqlite3.SQLITE_IOERR_FSYNC,
}
