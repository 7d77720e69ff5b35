"""A ruined outbox that is killed while it takes over what can be read: nothing lost but what was ruined, nothing twice.

And how soon a full one starts, beside reading the file once from a disk whose cache is cold.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.contract.readings import Gap
from edge_agent.outbox.file import PAGE_BYTES
from edge_agent.outbox.queue import MAX_BYTES, Outbox, StorageRefused
from tests.torture.power import PER_COMMIT, write_until
from tests.torture.toll import Toll
from tests.unit.edge_agent.bodies import entries_of, polled

ROWS = 60_000
FULL_FROM_ROUNDS = 20
"""A short form measures the start of the small file: making a full one takes a minute."""

START_WITHIN_S = 10.0
LONGEST_S = 0.4
LIVES_AT_MOST = 40
ROOT = 2
"""The page through which every entry is found."""


@dataclass(slots=True)
class Account:
    lost: int = 0
    duplicated: int = 0
    broken: int = 0
    ruined: int = 0
    lives: list[int] = field(default_factory=list)


def rescue_ruined(rounds: int, seed: str) -> Toll:
    dice, account = random.Random(seed), Account()
    with tempfile.TemporaryDirectory() as folder:
        sound, file = Path(folder) / "sound.sqlite", Path(folder) / "state" / "outbox.sqlite"
        fill(sound, ROWS)
        for _ in range(rounds):
            file.parent.mkdir()
            shutil.copy(sound, file)
            suffer_once(file, dice, account)
            shutil.rmtree(file.parent)
        figures = time_start(Path(folder) / "full.sqlite", full=rounds >= FULL_FROM_ROUNDS)
    account.broken += not figures.held
    return Toll(
        promise="a ruined outbox is killed while it takes over what can be read",
        rounds=rounds,
        lost=account.lost,
        duplicated=account.duplicated,
        broken=account.broken,
        figures=f"{account.ruined} entries on ruined pages, {sum(account.lives)} kills; {figures}",
    )


def suffer_once(file: Path, dice: random.Random, account: Account) -> None:
    """Some bytes of one to three pages, then as many lives as it takes."""
    for _ in range(dice.randint(1, 3)):
        ruin(file, dice.randrange(5, file.stat().st_size // PAGE_BYTES), dice)
    notice(file)
    said, lives = ROWS, 0
    while still_rescuing(file) and lives < LIVES_AT_MOST:
        said = max(said, write_until(file, dice.uniform(0, LONGEST_S), lambda: None).last)
        lives += 1
    account.lives.append(lives)
    settle(file, said, account)


def settle(file: Path, said: int, account: Account) -> None:
    with closing(Outbox(file)) as outbox:
        entries = entries_of(outbox)
        gaps = [entry.body for entry in entries if isinstance(entry.body, Gap)]
        seqs = [entry.seq for entry in entries]
        told = {seq for gap in gaps if gap.from_seq for seq in range(gap.from_seq, gap.to_seq + 1)}
        missing = set(range(1, said + 1)) - set(seqs)
        wrong = [e for e in entries if e.seq <= ROWS and not isinstance(e.body, Gap) and e.body != polled(e.seq - 1)]
        account.lost += len(missing - told)
        account.duplicated += len(seqs) - len(set(seqs))
        account.ruined += len(missing)
        counted = sum(gap.count for gap in gaps)
        account.broken += bool(wrong) or seqs != sorted(seqs) or counted < len(missing) or bool(told & set(seqs))
        account.broken += outbox.counters().last_seq > said + PER_COMMIT + len(gaps)


def notice(file: Path) -> None:
    """As the courier does, who reads all of it in the end."""
    for _ in range(2):
        with closing(Outbox(file)) as outbox, suppress(StorageRefused):
            outbox.pending(0, 2**40, 2**40)


def still_rescuing(file: Path) -> bool:
    with closing(Outbox(file)) as outbox:
        return outbox.rescuing


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds until the first status was stored, and those of reading the file once."""

    seconds: float
    reading: float
    size: int

    @property
    def held(self) -> bool:
        return self.seconds < START_WITHIN_S

    def __str__(self) -> str:
        ratio = self.seconds / self.reading
        mib = self.size / 2**20
        return f"{mib:.0f} MiB with its root page ruined start in {self.seconds:.2f} s, {ratio:.2f} × reading them once"


def time_start(file: Path, *, full: bool) -> Start:
    fill(file, ROWS)
    while full and file.stat().st_size < MAX_BYTES - 16 * 2**20:
        fill(file, ROWS)
    size = file.stat().st_size
    ruin(file, ROOT - 1, random.Random(0), at=PAGE_BYTES - 4)
    reading = _seconds(file, lambda: read_once(file))
    return Start(seconds=_seconds(file, lambda: start(file)), reading=reading, size=size)


def start(file: Path) -> None:
    with closing(Outbox(file)) as outbox:
        with suppress(StorageRefused):
            outbox.pending(0)
        outbox.append([polled(0)])


def read_once(file: Path) -> None:
    with file.open("rb") as whole:
        while whole.read(2**20):
            pass


def fill(file: Path, rows: int) -> None:
    with closing(Outbox(file)) as outbox:
        begin = outbox.counters().last_seq
        for first in range(begin, begin + rows, 10_000):
            outbox.append([polled(number) for number in range(first, first + 10_000)])


def ruin(file: Path, page: int, dice: random.Random, at: int | None = None) -> None:
    with file.open("r+b") as damaged:
        damaged.seek(page * PAGE_BYTES + (dice.randrange(PAGE_BYTES - 4) if at is None else at))
        damaged.write(dice.randbytes(4))


def _seconds(file: Path, work: Callable[[], None]) -> float:
    """With a cold cache."""
    with file.open("rb") as cached:
        os.fsync(cached.fileno())
        os.posix_fadvise(cached.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
