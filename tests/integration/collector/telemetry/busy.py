"""A program that takes readings in and seals them at the same time, and says what was committed: made to be killed."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from collector.store.database import Database
from collector.telemetry.sqlite import SqliteTelemetry
from tests.integration.collector.telemetry.kept import NOW, poll

APART_S = 37
"""So that each hour is sealed many times, with what came in the meantime."""


def main(path: Path, first: int) -> None:
    """Prints the number of each reading whose transaction has been committed."""
    database = Database(path)
    database.migrate()
    telemetry = SqliteTelemetry(database)
    threading.Thread(target=_seal, args=(telemetry,), daemon=True).start()
    for seq in range(first, first + 100_000, 20):
        with database.writing() as connection:
            telemetry.record(connection, [poll(one * APART_S % 36_000, 1.0, seq=one) for one in range(seq, seq + 20)])
        print(seq + 19, flush=True)


def _seal(telemetry: SqliteTelemetry) -> None:
    while True:
        telemetry.work(NOW)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
