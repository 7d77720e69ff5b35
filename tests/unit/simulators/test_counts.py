"""Lost and doubled readings are found by counting both ends."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collector.store.database import Database
from collector.telemetry.base import Arrival
from collector.telemetry.sqlite import SqliteTelemetry
from edge_agent.contract.readings import Reading, Telemetry
from edge_agent.outbox.queue import Outbox
from simulators.counts import Counts, count

AT = datetime(2026, 7, 15, tzinfo=UTC)
STORES = {1: "demo-001", 2: "other-1"}


def counted(folder: Path, rows: list[tuple[int, int, int]]) -> Counts:
    """Three readings were sent as seq 1, 2 and 3; `rows` are (store, second, seq) as head office has them."""
    outbox = Outbox(folder / "outbox.sqlite")
    outbox.append([telemetry(), telemetry(), telemetry()])
    outbox.close()
    arrivals = [Arrival(store=STORES[store], seq=seq, telemetry=telemetry(second)) for store, second, seq in rows]
    with closing(Database(folder / "collector.sqlite")) as database:
        database.migrate()
        with database.writing() as connection:
            SqliteTelemetry(database).record(connection, arrivals)
    return count(folder / "outbox.sqlite", folder / "collector.sqlite", "demo-001")


def telemetry(second: int = 0) -> Telemetry:
    readings = (Reading(point="temp.control", value=-20.0),)
    return Telemetry(
        device="freezer-1", at=AT + timedelta(seconds=second), boot="b", mono=0.0, clock_trusted=True, readings=readings
    )


def test_it_finds_nothing_amiss_where_all_arrived_once(tmp_path: Path) -> None:
    counts = counted(tmp_path, [(1, 10, 1), (1, 20, 2), (1, 30, 3)])
    assert (counts.sent, counts.distinct, counts.lost, counts.duplicates) == (3, 3, 0, 0)


def test_it_counts_what_is_missing(tmp_path: Path) -> None:
    assert counted(tmp_path, [(1, 10, 1)]).lost == 2


def test_it_counts_an_entry_that_was_stored_twice(tmp_path: Path) -> None:
    counts = counted(tmp_path, [(1, 10, 1), (1, 20, 2), (1, 30, 3), (1, 31, 3)])
    assert (counts.lost, counts.duplicates) == (0, 1)


def test_it_counts_an_instant_that_was_stored_twice(tmp_path: Path) -> None:
    counts = counted(tmp_path, [(1, 10, 1), (1, 20, 2), (1, 20, 3)])
    assert (counts.lost, counts.duplicates) == (0, 1)


def test_another_store_does_not_make_up_for_a_loss(tmp_path: Path) -> None:
    assert counted(tmp_path, [(1, 10, 1), (1, 20, 2), (2, 30, 3)]).lost == 1
