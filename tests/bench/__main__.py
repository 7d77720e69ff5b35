"""Runs the benchmarks, prints the table, writes build/bench.json; exit status 1 where a bar is missed.

`python -m tests.bench peers` runs the other programs beside ours too.
"""

from __future__ import annotations

import sys
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


def main() -> int:
    benches = (
        *agent.BENCHES,
        *outbox.BENCHES,
        *bus.BENCHES,
        *head_office.BENCHES,
        *store_load.BENCHES,
        *correctness.BENCHES,
        *simulated_day.BENCHES,
    )
    rows: list[Row] = [measure() for measure in benches]
    rows += ingest.rows()
    rows += latency.rows()
    rows += telemetry.rows()
    rows += rules.rows()
    if "peers" in sys.argv[1:]:
        rows += peers.rows()
    build = Path("build")
    build.mkdir(exist_ok=True)
    (build / "bench.json").write_bytes(msgspec.json.format(msgspec.json.encode(rows)))
    sys.stdout.write(table(rows))
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
