"""A store's disk: what it keeps of an outbox when the agent is killed or the power goes, and what it does to it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from random import Random

from edge_agent.contract.readings import Ack, Body
from edge_agent.outbox.queue import Outbox, StorageRefused
from tests.simulation.ledger import Ledger

FILES = ("outbox.sqlite", "outbox.sqlite-wal", "outbox.sqlite-shm")
ROOMY = 1 << 40


class SimulatedDisk:
    """The state folder of one gateway.

    `refusing`: every write of the outbox fails, as on a dying disk. `free` bytes are left for the outbox.
    """

    def __init__(self, folder: Path, dice: Random) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.refusing = False
        self.free = ROOMY
        self.outbox: Outbox | None = None
        self._base = folder
        self._copy = folder.with_name(f"{folder.name}-copy")
        self._dice = dice
        self._synced = 0
        self._generation = 0

    def note_synced(self) -> None:
        """All that the log has now was synced: the commit has just returned."""
        wal = self.folder / FILES[1]
        self._synced = wal.stat().st_size if wal.exists() else 0

    def outlive(self, *, power: bool) -> None:
        """The process has ended without a word. The next finds the files as they are, or as the power left them."""
        self._generation += 1
        heir = self._base.with_name(f"{self._base.name}-{self._generation}")
        shutil.copytree(self.folder, heir)
        wal = heir / FILES[1]
        if power and wal.exists() and wal.stat().st_size > self._synced:
            _tear(wal, self._synced, self._dice)
        (heir / FILES[2]).unlink(missing_ok=True)
        if self.outbox:
            self.outbox.close()  # whatever this does, it does to files that nobody looks at any more
            self.outbox = None
        shutil.rmtree(self.folder)
        self.folder = heir

    def flip(self, bytes_: int) -> None:
        """Some bytes of the file read otherwise from now on; nobody has it open."""
        file = self.folder / FILES[0]
        if not file.exists():
            return
        content = bytearray(file.read_bytes())
        for _ in range(bytes_):
            content[self._dice.randrange(len(content))] ^= 1 << self._dice.randrange(8)
        file.write_bytes(content)

    def keep_copy(self) -> None:
        """As an installer's backup would, between two commits."""
        shutil.rmtree(self._copy, ignore_errors=True)
        shutil.copytree(self.folder, self._copy)

    def restore_copy(self) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(self._copy, self.folder)
        (self.folder / FILES[2]).unlink(missing_ok=True)


class SimulatedOutbox(Outbox):
    """The shipped outbox on a simulated disk; `committed` is told what is safe, with the last seq given."""

    def __init__(self, disk: SimulatedDisk, committed: Ledger) -> None:
        self._disk = disk
        self._committed = committed
        disk.outbox = self
        super().__init__(disk.folder / FILES[0], free=lambda _: disk.free, written=lambda: 0)

    def append(self, bodies: Sequence[Body], acks: Sequence[Ack] = ()) -> int:
        self._refuse()
        last = super().append(bodies, acks)
        if bodies:
            self._disk.note_synced()
            self._committed.note(bodies)
        return last

    def _refuse(self) -> None:
        if self._disk.refusing:
            raise StorageRefused("disk I/O error")


def _tear(wal: Path, synced: int, dice: Random) -> None:
    content = bytearray(wal.read_bytes())
    end = dice.randint(synced, len(content))
    for at in range(synced, end):
        if dice.random() < 0.2:
            content[at] = dice.randrange(256)
    wal.write_bytes(content[:end])
