"""How many readings a second head office judges and commits on two cores, beside what disk and decoder alone allow."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from collector.partitions import ALL, Partitions
from edge_agent.contract.clock import to_ms
from edge_agent.contract.codec import decode_batch
from edge_agent.contract.readings import Telemetry
from tests.bench import victoria
from tests.bench.peer import bare_sqlite
from tests.bench.row import Row, missing, quotient
from tests.bench.taking import Taker
from tests.bench.traffic import HALVES, Chain, Mail

WANTED = 100_000
"""Readings a second on two cores."""
CORES = 2
ROUNDS = 30
"""Five minutes of the stores' time: some rules look each two or five minutes only."""
RESIDENT = 2**30

Told = dict[str, float]


def rows() -> list[Row]:
    """Rates are of CPU seconds, for the machine may be shared; what the wall said stands in the detail."""
    mails = list(_one_round())
    readings = sum(mail.readings for mail in mails)
    bare, disk, decoder = (readings / work(mails) for work in (_insert, _write, _decode))
    told = (
        f"bare inserts {bare:,.0f}, write + fsync of the payloads {disk:,.0f}, JSON decoder {decoder:,.0f} readings/s"
    )
    one, two = _take(ALL), _take(*HALVES)
    return [
        _rate("ingest: judged and committed, one collector", one, f"{_detail(one)}; {told}"),
        _rate("ingest: judged and committed, two collectors", two, _detail(two)),
        _beside("ingest: cost beside bare inserts of the same rows", one, bare, 8.0, "bare SQLite executemany"),
        _beside("ingest: cost beside the JSON decoder alone", one, decoder, float("inf"), "msgspec to plain values"),
        _memory(two),
        _victoria(one),
    ]


def _take(*parts: Partitions) -> list[Told]:
    """Each part in a process of its own, all on one database file."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder) / "collector.sqlite"
        takers = [stack.enter_context(Taker(file, part, ROUNDS)) for part in parts]
        for taker in takers:
            taker.heard()
        for taker in takers:
            taker.begin()
        return [taker.heard() for taker in takers]


def _rate(name: str, told: Sequence[Told], detail: str) -> Row:
    rate = _rate_of(told)
    return quotient(name, WANTED / rate, 0.0, 1.0, f"{WANTED:,} readings/s", f"{rate:,.0f} readings/s: {detail}")


def _rate_of(told: Sequence[Told]) -> float:
    """One process has one core. Of two that share the file only one can be at work while the file is locked."""
    if len(told) == 1:
        return _by_cpu(told)
    return min(_by_cpu(told) * CORES, 1 / _locked(told))


def _detail(told: Sequence[Told]) -> str:
    wall = max(one["wall"] for one in told)
    readings = sum(one["readings"] for one in told)
    return (
        f"{1e6 / _by_cpu(told):.1f} µs of CPU a reading, {1e6 * _locked(told):.1f} of them with the file locked; "
        f"by the wall {readings / wall:,.0f}/s, waited {max(one['waited'] for one in told):.1f} of {wall:.1f} s, "
        f"longest turn {max(one['longest'] for one in told):.2f} s, load {os.getloadavg()[0]:.1f}"
    )


def _by_cpu(told: Sequence[Told]) -> float:
    return sum(one["readings"] for one in told) / sum(one["cpu"] for one in told)


def _locked(told: Sequence[Told]) -> float:
    """CPU seconds a reading within transactions."""
    return sum(one["held_cpu"] for one in told) / sum(one["readings"] for one in told)


def _beside(name: str, told: Sequence[Told], rate: float, bar: float, peer: str) -> Row:
    return quotient(name, rate / _by_cpu(told), 0.0, bar, peer, f"{_by_cpu(told):,.0f} beside {rate:,.0f} readings/s")


def _memory(told: Sequence[Told]) -> Row:
    rss = sum(one["rss"] for one in told)
    name = "ingest: resident memory of two collectors"
    return quotient(name, rss / RESIDENT, 0.0, 1.0, "1 GiB", f"{rss / 2**20:.0f} MiB with the traffic that lies ready")


def _victoria(told: Sequence[Told]) -> Row:
    """No bar: it promises less (see there), and is there to be looked at."""
    name, bar, peer = "ingest: CPU of a reading", float("inf"), "VictoriaMetrics 1.79 + vmalert"
    try:
        theirs = victoria.measure()
    except OSError as reason:
        return missing(name, bar, peer, str(reason))
    ours = 1 / _by_cpu(told)
    detail = (
        f"ours {1e6 * ours:.1f} µs, theirs {1e6 * theirs['cpu']:.1f} µs with the network's part, "
        f"{theirs['evaluations']:.0f} evaluations, {theirs['rss'] / 2**20:.0f} MiB"
    )
    return quotient(name, ours / theirs["cpu"], 0.0, bar, peer, detail)


def _one_round() -> list[Mail]:
    return list(Chain().round())


def _insert(mails: Sequence[Mail]) -> float:
    """CPU seconds of one row for each reading, a transaction for each megabyte of messages as ours are."""
    batches = [[row for mail in mails[at : at + 47] for row in _rows(mail)] for at in range(0, len(mails), 47)]
    with bare_sqlite() as db:
        db.execute("CREATE TABLE reading (series INT, at INT, seq INT, value REAL, PRIMARY KEY (series, at, seq))")
        return _cpu(lambda: _insert_all(db, batches))


def _insert_all(db: sqlite3.Connection, batches: Sequence[Sequence[tuple[int, int, int, float]]]) -> None:
    for batch in batches:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO reading VALUES (?, ?, ?, ?)", batch)
        db.execute("COMMIT")


def _rows(mail: Mail) -> list[tuple[int, int, int, float]]:
    store = int(mail.store.rsplit("-", 1)[1]) * 1000
    rows = []
    for entry in decode_batch(mail.store, mail.payload).entries:
        assert isinstance(entry.body, Telemetry)
        base = store + int(entry.body.device.rsplit("-", 1)[1]) * 20
        at = to_ms(entry.body.at)
        readings = enumerate(entry.body.readings)
        rows += [(base + index, at, entry.seq, float(one.value or 0.0)) for index, one in readings]
    return rows


def _write(mails: Sequence[Mail]) -> float:
    """Seconds of the wall: the disk is what is waited for."""
    with tempfile.NamedTemporaryFile() as file:
        begun = time.perf_counter()
        for at in range(0, len(mails), 47):
            file.writelines(mail.payload for mail in mails[at : at + 47])
            file.flush()
            os.fsync(file.fileno())
        return time.perf_counter() - begun


def _decode(mails: Sequence[Mail]) -> float:
    return _cpu(lambda: [msgspec.json.decode(mail.payload) for _ in range(10) for mail in mails]) / 10


def _cpu(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun
