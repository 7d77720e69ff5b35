"""Runs the benchmarks, prints the table, writes build/bench.json; exit status 1 where a bar is missed.

All but `peers`, which runs other programs beside ours; `python -m tests.bench rules ingest` runs only those.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from tests.bench import (
    agent,
    bus,
    correctness,
    head_office,
    ingest,
    latency,
    outbox,
    peers,
    rules,
    simulated_day,
    store_load,
    telemetry,
)
from tests.bench.row import Row, table

BENCHES: Mapping[str, Callable[[], Iterable[Row]]] = {
    "agent": lambda: (measure() for measure in (*agent.BENCHES, *outbox.BENCHES, *bus.BENCHES)),
    "office": lambda: (measure() for measure in (*head_office.BENCHES, *store_load.BENCHES)),
    "correctness": lambda: (measure() for measure in correctness.BENCHES),
    "twins": lambda: (measure() for measure in simulated_day.BENCHES),
    "ingest": ingest.rows,
    "latency": latency.rows,
    "telemetry": telemetry.rows,
    "rules": rules.rows,
    "peers": peers.rows,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("benches", nargs="*", choices=[*BENCHES, []], help="all but peers, unless some are named")
    named = parser.parse_args().benches or [name for name in BENCHES if name != "peers"]
    rows = [row for name in named for row in BENCHES[name]()]
    build = Path("build")
    build.mkdir(exist_ok=True)
    (build / "bench.json").write_bytes(msgspec.json.format(msgspec.json.encode(rows)))
    sys.stdout.write(table(rows))
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
