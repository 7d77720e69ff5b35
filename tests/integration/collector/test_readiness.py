"""Ready means: what a store says now is stored now. A disk that is full is not ready."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert

from collector.app import Collector, clock_from
from collector.reload import RuleReload
from collector.settings import load_settings
from collector.store.account_tables import account
from collector.store.database import Database, TryLater
from tests.integration.collector.bench import MORNING


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path / "c.sqlite")) as database:
        database.migrate()
        yield database


@pytest.fixture
def collector(database: Database, tmp_path: Path) -> Collector:
    """Put together, not started."""
    (tmp_path / "c.yaml").write_text("database: ./c.sqlite\nbroker: {url: 'mqtt://127.0.0.1'}\n")
    return Collector(load_settings(tmp_path / "c.yaml"), clock_from(None), RuleReload(None, None), database)


def fill_disk(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    row = {"name": "li", "role": "r", "password_hash": "x" * 1_000_000, "created_at": MORNING}
    with pytest.raises(TryLater, match="full"), database.writing() as connection:
        connection.execute(insert(account).values(row))


def test_it_is_not_ready_while_the_last_write_was_refused(collector: Collector, database: Database) -> None:
    assert collector._readiness().database
    fill_disk(database)
    assert not collector._readiness().database
    database.try_write()
    assert collector._readiness().database


def test_it_hears_nobody_without_broker_and_ingest(collector: Collector) -> None:
    assert not collector._hears()
