"""The peers that a benchmark runs beside ours."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def bare_sqlite() -> Iterator[sqlite3.Connection]:
    """An empty database on disk with the durability that ours has: WAL, synchronous FULL."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bare.sqlite"
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            yield db
