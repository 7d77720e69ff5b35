"""Readings on their way to a server elsewhere: none is lost by its outage, none holds up the others for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.store.database import Database, TryLater
from collector.telemetry.base import Sample, Stock
from collector.telemetry.remote import READINGS_AT_ONCE, RemoteTelemetry, Unacceptable
from collector.telemetry.rollup import Bucket
from tests.integration.collector.telemetry.conftest import influx, open_keeper
from tests.integration.collector.telemetry.kept import MORNING, NOW, TEMP, Keeper, every, poll
from tests.integration.collector.telemetry.victoria import Victoria


@dataclass
class FakeServer:
    """Keeps lines; is away, or refuses what contains a word, as a test wants it."""

    lines: list[bytes] = field(default_factory=list)
    writes: list[int] = field(default_factory=list)
    away: bool = False
    refuses: bytes = b"\0"
    dies_after_write: bool = False

    def write(self, written: bytes) -> None:
        if self.away:
            raise TryLater("away")
        if self.refuses in written:
            raise Unacceptable("400: " + self.refuses.decode())
        some = written.split(b"\n")
        self.writes.append(len(some))
        self.lines += some
        if self.dies_after_write:
            raise TryLater("no answer came")

    def read(self, *_asked: Any, **_more: Any) -> dict[str, list[Sample]]:
        raise NotImplementedError

    def chart(self, *_asked: Any, **_more: Any) -> dict[str, list[Bucket]]:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def remote(tmp_path: Path, server: FakeServer) -> Iterator[Keeper]:
    database = Database(tmp_path / "c.sqlite")
    database.migrate()
    clock: list[datetime] = [NOW]
    telemetry = RemoteTelemetry(database, server, server, 10_000, lambda: clock[0])
    with closing(Keeper(database, telemetry, lambda: None)) as keeper:
        yield keeper


def test_it_writes_in_batches_and_forgets_what_is_written(remote: Keeper, server: FakeServer) -> None:
    arrivals = every(1, [1.0] * (2 * READINGS_AT_ONCE + 10))
    remote.record(*arrivals)
    assert remote.telemetry.stock() == Stock(waiting=len(arrivals))
    remote.settle()
    assert server.writes == [READINGS_AT_ONCE, READINGS_AT_ONCE, 10]
    assert remote.telemetry.stock() == Stock()


def test_small_transactions_are_written_together(remote: Keeper, server: FakeServer) -> None:
    for second in range(50):
        remote.record(poll(second, 1.0))
    remote.settle()
    assert server.writes == [50]


def test_an_outage_loses_nothing(remote: Keeper, server: FakeServer) -> None:
    server.away = True
    remote.record(*every(30, [1.0, 2.0]))
    for _ in range(3):
        with pytest.raises(TryLater):
            remote.telemetry.work(NOW)
    remote.record(poll(60, 3.0))
    assert remote.telemetry.stock() == Stock(waiting=3)
    server.away = False
    remote.settle()
    values = [line.split(b" ")[1] for line in server.lines]
    assert values == [b"value=1.0", b"value=2.0", b"value=3.0"]


def test_an_answer_that_was_lost_only_leads_to_the_same_lines_again(remote: Keeper, server: FakeServer) -> None:
    remote.record(poll(0, 1.0))
    server.dies_after_write = True
    with pytest.raises(TryLater):
        remote.telemetry.work(NOW)
    server.dies_after_write = False
    remote.settle()
    assert len(server.lines) == 2
    assert len(set(server.lines)) == 1


def test_what_the_server_refuses_for_ever_is_counted_and_holds_up_nobody(remote: Keeper, server: FakeServer) -> None:
    server.refuses = b"poison"
    remote.record(*every(30, [1.0] * 100), poll(7, 1.0, point="poison"), *every(30, [2.0] * 100, first=5000))
    remote.settle()
    assert len([line for line in server.lines if line.startswith(b"reading")]) == 200
    assert remote.telemetry.stock() == Stock(lost=1)


def test_a_server_that_refuses_everything_loses_nothing(remote: Keeper, server: FakeServer) -> None:
    """No bucket of that name, say: that is no fault of the readings."""
    server.refuses = b"value"
    remote.record(*every(30, [1.0] * 10))
    with pytest.raises(TryLater, match="refuses everything"):
        remote.telemetry.work(NOW)
    assert remote.telemetry.stock() == Stock(waiting=10)


def test_what_waits_is_bounded_and_what_is_dropped_is_counted(remote: Keeper, server: FakeServer) -> None:
    server.away = True
    total = 0
    for turn in range(200):
        total += remote.record(*every(1, [float(turn * row % 97) / 8 for row in range(100)], first=turn * 100))
    with pytest.raises(TryLater):
        remote.telemetry.work(NOW)
    stock = remote.telemetry.stock()
    assert 0 < stock.waiting < total
    assert stock.waiting + stock.lost == total
    server.away = False
    remote.settle()
    assert len(server.lines) == stock.waiting
    newest = f"{int((MORNING + timedelta(seconds=19_999)).timestamp() * 1000)}".encode()
    assert server.lines[-1].endswith(newest)


def test_a_server_that_is_killed_gets_everything_when_it_is_back(elsewhere: tuple[Keeper, Victoria]) -> None:
    keeper, victoria = elsewhere
    keeper.record(*every(30, [1.0, 2.0]))
    keeper.settle()
    victoria.kill()
    keeper.record(*every(30, [3.0, 4.0], first=60))
    with pytest.raises(TryLater, match="cannot be reached"):
        keeper.telemetry.work(NOW)
    with pytest.raises(TryLater, match="cannot be asked"):
        keeper.numbers()
    victoria.start()
    keeper.settle()
    numbers = keeper.numbers()
    assert numbers[-2:] == [3.0, 4.0]
    assert set(numbers) <= {1.0, 2.0, 3.0, 4.0}


def test_what_waits_survives_the_collector(tmp_path: Path, elsewhere: tuple[Keeper, Victoria]) -> None:
    keeper, victoria = elsewhere
    keeper.record(*every(30, [1.0, 2.0]))
    with closing(open_keeper(tmp_path / "c.sqlite", influx(victoria), victoria)) as later:
        later.settle()
        assert later.read()[TEMP] == keeper.read()[TEMP]
        assert later.numbers() == [1.0, 2.0]
        assert later.telemetry.stock() == Stock()
