"""Runs every benchmark, prints the table, writes build/bench.json; exit status 1 where a bar is missed."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from tests.bench import agent, head_office
from tests.bench.row import Row, table


def main() -> int:
    rows: list[Row] = [measure() for measure in (*agent.BENCHES, *head_office.BENCHES)]
    build = Path("build")
    build.mkdir(exist_ok=True)
    (build / "bench.json").write_bytes(msgspec.json.format(msgspec.json.encode(rows)))
    sys.stdout.write(table(rows))
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
