"""What the agent's own work costs beside the bare library or disk under it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from zlib import crc32

from edge_agent.contract.codec import encode_body
from edge_agent.contract.readings import Telemetry
from edge_agent.outbox.queue import Outbox
from tests.bench.peer import bare_sqlite
from tests.bench.row import Row, ratio
from tests.bench.sample import telemetry

COMMITS, DEVICES = 100, 8
_PEER_TABLE = "CREATE TABLE entry (seq INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB, crc INTEGER)"


def outbox_commit() -> Row:
    turns = [[telemetry(number, poll) for number in range(DEVICES)] for poll in range(COMMITS)]
    return ratio(
        f"outbox: commit of {DEVICES} devices × 20 readings",
        2.0,
        "bare SQLite, WAL and FULL, the same bytes",
        lambda: _through_outbox(turns),
        lambda: _through_sqlite(turns),
    )


def _through_outbox(turns: list[list[Telemetry]]) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(Outbox(Path(folder) / "outbox.sqlite")) as outbox:
        for turn in turns:
            outbox.append(turn)


def _through_sqlite(turns: list[list[Telemetry]]) -> None:
    with bare_sqlite() as db:
        db.execute(_PEER_TABLE)
        for turn in turns:
            bodies = [encode_body(one) for one in turn]
            db.execute("BEGIN IMMEDIATE")
            rows = [(body, crc32(body)) for body in bodies]
            db.executemany("INSERT INTO entry (body, crc) VALUES (?, ?)", rows)
            db.execute("COMMIT")


BENCHES: tuple[Callable[[], Row], ...] = (outbox_commit,)
