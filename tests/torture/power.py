"""Power cuts and kills of the outbox's writer: every number that it said was stored is there, whole, and once.

A kill -9 leaves what was written, synced or not; a power cut takes what was not synced. It is made in two ways: on a
real ext4 that is shut down without its journal being flushed (needs root and loop devices; shows that what SQLite and
the kernel do together holds), and on a disk of our own that keeps any sectors the dice say, in any order (shows that
the outbox needs nothing but what was synced; see tests/sick_disk.py).
"""

from __future__ import annotations

import fcntl
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge_agent.contract.readings import Ack
from edge_agent.outbox.queue import Outbox, StorageRefused
from tests.sick_disk import SickDisk
from tests.torture.toll import Toll
from tests.unit.edge_agent.bodies import entries_of, polled

ROOT = Path(__file__).parents[2]
SHUTDOWN, WITHOUT_ITS_JOURNAL = 0x8004587D, (2).to_bytes(4, sys.byteorder)
IMAGE_BYTES = 64 * 1024 * 1024
WRITES_AT_MOST = 1500
LONGEST_S = 0.8
PER_COMMIT = 3
"""Entries of one commit of the writer (tests/integration/edge_agent/outbox_writer.py)."""

APPENDS = 200
ERRORS = {
    "read": sqlite3.SQLITE_IOERR_READ,
    "write": sqlite3.SQLITE_IOERR_WRITE,
    "truncate": sqlite3.SQLITE_IOERR_TRUNCATE,
    "sync": sqlite3.SQLITE_IOERR_FSYNC,
}

_WAIT = threading.Event()


@dataclass(slots=True)
class Account:
    """What the writer said, over all rounds, and what of it was not so. Up to `promised` it must be there."""

    said: int = 0
    promised: int = 0
    lost: int = 0
    duplicated: int = 0
    broken: int = 0
    stream: str = ""

    def say(self, number: int) -> None:
        self.said = self.promised = number

    def hear(self, words: Words, promised: int | None = None) -> None:
        self.said = max(self.said, words.last)
        self.promised = max(self.promised, words.last if promised is None else promised)

    def settle(self, file: Path, per_commit: int) -> None:
        """Looks at what is there, and confirms it, so that the file stays small."""
        with closing(Outbox(file)) as outbox:
            entries = entries_of(outbox)
            seqs = [entry.seq for entry in entries]
            whole = {entry.seq for entry in entries if entry.body == polled(entry.seq - 1)}
            settled = outbox.counters().confirmed_total
            last = outbox.counters().last_seq
            self.lost += len(set(range(settled + 1, self.promised + 1)) - whole)
            self.duplicated += len(seqs) - len(set(seqs))
            self.stream = self.stream or outbox.stream
            odd = outbox.stream != self.stream or len(whole) != len(seqs) or last > max(self.said, settled) + per_commit
            self.broken += odd
            outbox.confirm(Ack(stream=outbox.stream, upto=last))
        self.say(last)

    def toll(self, promise: str, rounds: int) -> Toll:
        return Toll(
            promise=promise,
            rounds=rounds,
            lost=self.lost,
            duplicated=self.duplicated,
            broken=self.broken,
            figures=f"{self.said} entries",
        )


def kill_writer(rounds: int, seed: str) -> Toll:
    """kill -9 in the middle of a commit."""
    dice, account = random.Random(seed), Account()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "outbox.sqlite"
        for _ in range(rounds):
            account.hear(write_until(file, dice.uniform(0, LONGEST_S), lambda: None))
            account.settle(file, PER_COMMIT)
    return account.toll("the outbox is killed at any moment", rounds)


def cut_power(rounds: int, seed: str) -> Toll:
    """ext4 on a loop device, shut down while the writer is at work."""
    dice, account = random.Random(seed), Account()
    with tempfile.TemporaryDirectory() as folder:
        try:
            image = make_image(Path(folder))
            for _ in range(rounds):
                with mounted(image) as disk:
                    words = write_until(disk / "outbox.sqlite", dice.uniform(0, LONGEST_S), partial(shut_down, disk))
                # An fsync that this way of shutting down overtakes returns as if nothing were the matter.
                account.hear(words, promised=words.before)
                with mounted(image) as disk:
                    account.settle(disk / "outbox.sqlite", PER_COMMIT)
        except (OSError, subprocess.CalledProcessError) as error:
            return Toll(promise="power cuts on ext4", rounds=rounds, broken=1, figures=f"not possible here: {error}")
    return account.toll("power cuts on ext4, without its journal", rounds)


def cut_simulated_power(rounds: int, seed: str) -> Toll:
    """Any write, sync or truncation may be the last one, and any sector that was not synced is kept or lost."""
    dice, account = random.Random(seed), Account()
    with tempfile.TemporaryDirectory() as folder, SickDisk(dice) as disk:
        file = Path(folder) / "outbox.sqlite"
        for _ in range(rounds):
            disk.operations, disk.cut_at = 0, dice.randrange(3, WRITES_AT_MOST)
            with suppress(StorageRefused), closing(Outbox(file)) as outbox:
                while True:
                    said = max(account.said, outbox.counters().last_seq)
                    count = dice.choice([1, 3, 40])
                    account.say(outbox.append([polled(number) for number in range(said, said + count)]))
            disk.restore_power(dice.choice([0.0, 0.5, 0.9, 1.0]))
            account.settle(file, 40)
            disk.operations = 0
    return account.toll("power cuts at any write, sectors lost in any order", rounds)


def refuse_at_random(rounds: int, seed: str) -> Toll:
    """One in twelve reads, writes, truncations and syncs is refused; the writer tries again, then the power goes."""
    dice, account = random.Random(seed), Account()
    with tempfile.TemporaryDirectory() as folder, SickDisk(dice) as disk:
        file = Path(folder) / "outbox.sqlite"
        for _ in range(rounds):
            with closing(Outbox(file)) as outbox:
                disk.refuse = lambda operation, _: ERRORS[operation] if dice.random() < 1 / 12 else 0
                for number in range(account.said, account.said + APPENDS):
                    account.say(append_until_stored(outbox, number))
                disk.refuse = lambda *_: 0
                disk.dead = True
            disk.restore_power(0.5)
            account.settle(file, 0)
    return account.toll("a disk that refuses one operation in twelve, then a power cut", rounds)


def append_until_stored(outbox: Outbox, number: int) -> int:
    while True:
        with suppress(StorageRefused):
            return outbox.append([polled(number)])


@dataclass(frozen=True, slots=True)
class Words:
    """The last number that the writer said before its end began, and the last that it said at all."""

    before: int
    last: int


def write_until(file: Path, seconds: float, stop: Callable[[], None]) -> Words:
    """Stops the writer's disk after its first commit and so many seconds, then kills it."""
    command = [sys.executable, "-m", "tests.integration.edge_agent.outbox_writer", str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline()]
        listening = threading.Thread(target=said.extend, args=(writer.stdout,))
        listening.start()
        _WAIT.wait(seconds)
        before = len(said)
        stop()
        writer.kill()
        listening.join()
    numbers = [int(line) for line in said if line.endswith("\n")]
    return Words(before=max(numbers[:before], default=0), last=max(numbers, default=0))


def make_image(folder: Path) -> Path:
    image = folder / "disk.img"
    with image.open("wb") as blank:
        blank.truncate(IMAGE_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True, capture_output=True)
    return image


@contextmanager
def mounted(image: Path) -> Iterator[Path]:
    """Raises CalledProcessError where this user may not, or the machine has no loop device."""
    place = image.with_name("disk")
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(place)], check=True, capture_output=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True, capture_output=True)


def shut_down(disk: Path) -> None:
    """From now on nothing reaches the medium, not even the file system's journal."""
    folder = os.open(disk, os.O_RDONLY)
    try:
        fcntl.ioctl(folder, SHUTDOWN, WITHOUT_ITS_JOURNAL)
    finally:
        os.close(folder)
