"""What a reference store (40 devices × 20 points, some 150,000 readings a day on change) takes of a gateway's disk."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

from edge_agent.contract.readings import Ack, Body, BusHealth, DeviceHealth, Telemetry
from edge_agent.outbox.pace import Pace
from edge_agent.outbox.queue import MAX_BYTES, Outbox, StorageRefused
from edge_agent.settings import OutboxPolicy
from tests.bench.row import Row
from tests.bench.sample import BEGIN_AT, status, telemetry

DEVICES, POLL_S, DAY_S = 40, 60, 86_400
TOLD = 150_000 / 1_152_000
"""The share of readings that report on change lets through; scattered, as here, they make the most entries."""

COMMIT_EVERY_S = OutboxPolicy().commit_every.total_seconds()
MB, MIB = 1e6, 2**20


def bodies(dice: Random, begin_s: int, end_s: int) -> Iterator[tuple[int, Body]]:
    """What the store tells between two seconds, with the second."""
    for second in range(begin_s, end_s):
        at = BEGIN_AT + timedelta(seconds=second)
        if second % 300 == 0:
            yield second, replace(status(DEVICES), at=at, buses=(_bus(),))
        for device in (device for device in range(DEVICES) if device * POLL_S // DEVICES == second % POLL_S):
            polled = telemetry(device, second // 30)
            readings = tuple(reading for reading in polled.readings if dice.random() < TOLD)
            if readings:
                yield second, replace(polled, at=at, mono=float(second), boot=_BOOT, readings=readings)


def week_offline() -> Row:
    """Seven days, none of them confirmed; then what the rest of the agent asks of so large a file."""
    with tempfile.TemporaryDirectory() as folder, closing(Outbox(Path(folder) / "outbox.sqlite")) as outbox:
        told = 0
        for day in range(7):
            week = [body for _, body in bodies(Random(day), day * DAY_S, (day + 1) * DAY_S)]
            told += sum(len(body.readings) for body in week if isinstance(body, Telemetry))
            for begin in range(0, len(week), 500):
                outbox.append(week[begin : begin + 500])
        size = (Path(folder) / "outbox.sqlite").stat().st_size
        asked = _seconds(outbox.health)
        entries = outbox.counters().entries_total
    return _row(
        "outbox: 7 days offline of a reference store",
        size / MIB,
        MAX_BYTES / MIB,
        "MiB",
        f"{entries} entries, {told} readings, {size / entries:.0f} bytes an entry; health() in {asked * 1e6:.0f} us",
    )


def day_of_wear(*, online: bool) -> tuple[int, float]:
    """Commits and bytes written in a day, from three hours of it with every commit synced."""
    hours = 3
    pace, waiting = Pace(every_s=COMMIT_EVERY_S), list[Body]()
    with tempfile.TemporaryDirectory() as folder, closing(Outbox(Path(folder) / "outbox.sqlite")) as outbox:
        outbox.append([status(DEVICES)] * 300)  # the log has its full length
        outbox.confirm(Ack(stream=outbox.stream, upto=300))
        before = outbox.health()
        for second, body in bodies(Random(1), 0, hours * 3600):
            waiting.append(body)
            if second >= pace.due_at(urgent=False):
                pace.note_commit(float(second))
                acks = [Ack(stream=outbox.stream, upto=outbox.counters().last_seq)] if online else []
                outbox.append(waiting, acks)
                waiting.clear()
        after = outbox.health()
    times = 24 // hours
    return (after.commits - before.commits) * times, (after.written_bytes - before.written_bytes) * times / MB


def wear() -> Row:
    online, offline = day_of_wear(online=True), day_of_wear(online=False)
    commits, written = max(online[0], offline[0]), max(online[1], offline[1])
    detail = f"{commits} commits a day (at most 12,000); {online[1]:.0f} MB while head office answers"
    row = _row("outbox: bytes written in a day, fsync of every commit", written, 200.0, "MB", detail)
    return replace(row, ok=row.ok and written > 0 and commits <= 12_000)


def ruined_start() -> Row:
    """A full file with flipped bytes: anywhere, and where it hurts the whole: in its account of itself."""
    dice = Random(0)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "outbox.sqlite"
        with closing(Outbox(file)) as outbox:
            half_a_day = [body for _, body in bodies(dice, 0, DAY_S // 2)]
            while file.stat().st_size < MAX_BYTES - 16 * MIB:
                outbox.append(half_a_day)
        worst = max(_start_after(file, lambda: _flip(file, dice)) for _ in range(5))
        mended = _start_after(file, lambda: _spoil_account(file))
        size = file.stat().st_size
    detail = f"{size / MIB:.0f} MiB; {worst:.2f} s after a flip anywhere, {mended:.2f} s with the account spoilt"
    return _row("outbox: start with flipped bytes", max(worst, mended), 10.0, "s", detail)


def _start_after(file: Path, damage: Callable[[], None]) -> float:
    """Seconds until the first entries could be sent and one stored."""
    damage()

    def start() -> None:
        with closing(Outbox(file)) as outbox, suppress(StorageRefused):
            outbox.pending(0)
            outbox.append([status(DEVICES)])

    return _seconds(start)


def _flip(file: Path, dice: Random) -> None:
    with file.open("r+b") as damaged:
        at = dice.randrange(file.stat().st_size)
        damaged.seek(at)
        (byte,) = damaged.read(1)
        damaged.seek(at)
        damaged.write(bytes([byte ^ 1 << dice.randrange(8)]))


def _spoil_account(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("UPDATE ledger SET last_seq = last_seq - 1")


_BOOT = "0f8d2e9a-6c1b-4f4e-9f0a-1f2e3d4c5b6a.0123abcd"


def _bus() -> BusHealth:
    health = tuple(
        DeviceHealth(
            device=f"case-{number}",
            answers=True,
            requests=123_456,
            turnaround_p50_s=0.0123,
            turnaround_p99_s=0.0456,
            cycle_s=60.01,
            cycle_limit_s=60.0,
        )
        for number in range(DEVICES)
    )
    return BusHealth(
        bus="line-a", up=True, turns=10_000, requests=123_456, no_answers=7, refusals=0, cycle_s=0.3, devices=health
    )


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _row(name: str, value: float, bar: float, unit: str, detail: str) -> Row:
    return Row(name=name, value=value, spread=0.0, unit=unit, bar=bar, peer="the bar", ok=value <= bar, detail=detail)


BENCHES: tuple[Callable[[], Row], ...] = (week_offline, wear, ruined_start)
