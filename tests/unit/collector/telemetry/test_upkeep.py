"""The loop beside the ingest goes on, whatever a piece of work does, and says a trouble once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from sqlalchemy import Connection

from collector.store.database import TryLater
from collector.telemetry.base import Arrival, Chart, Sample, Span, Stock
from collector.telemetry.upkeep import BETWEEN_PIECES_S, LONGEST_DELAY_S, REST, WHEN_IDLE_S, Upkeep
from edge_agent.contract.clock import EPOCH, Clock


@dataclass
class Script:
    """A store whose pieces of work end as a test says."""

    ends: list[bool | Exception] = field(default_factory=list)
    turned: threading.Event = field(default_factory=threading.Event)

    def record(self, transaction: Connection, arrivals: Sequence[Arrival]) -> int:
        raise NotImplementedError

    def read(self, store: str, device: str, points: Sequence[str], span: Span) -> dict[str, list[Sample]]:
        raise NotImplementedError

    def chart(self, store: str, device: str, points: Sequence[str], span: Span, now: datetime) -> Chart:
        raise NotImplementedError

    def work(self, now: datetime) -> bool:
        assert now == EPOCH
        self.turned.set()
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end

    def stock(self) -> Stock:
        return Stock()

    def close(self) -> None:
        """Nothing is open."""


def upkeep(*ends: bool | Exception) -> Upkeep:
    return Upkeep(Script([*ends]), Clock(wall=lambda: 0.0, steady=lambda: 0.0, epoch=EPOCH))


def test_it_goes_on_soon_where_more_waits_and_rests_where_nothing_does() -> None:
    work = upkeep(True, False)
    assert [work.turn(), work.turn()] == [BETWEEN_PIECES_S, WHEN_IDLE_S]


def test_it_rests_longer_than_a_piece_took() -> None:
    """The ingest needs the same interpreter."""
    script = Script([True])
    took = {False: 10.0, True: 10.2}
    clock = Clock(wall=lambda: 0.0, steady=lambda: took[script.turned.is_set()], epoch=EPOCH)
    assert Upkeep(script, clock).turn() == pytest.approx(REST * 0.2)


def test_it_says_a_trouble_once_and_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    work = upkeep(TryLater("locked"), TryLater("locked"), False, TryLater("locked"))
    assert [work.turn() for _ in range(4)] == [1.0, 2.0, WHEN_IDLE_S, 1.0]
    told = [record.message for record in caplog.records]
    assert told == ["telemetry upkeep waits: locked", "telemetry upkeep goes on", "telemetry upkeep waits: locked"]


def test_it_tries_again_for_ever_and_ever_less_often() -> None:
    work = upkeep(*[TryLater("away")] * 100)
    delays = [work.turn() for _ in range(100)]
    assert delays[:4] == [1.0, 2.0, 4.0, 8.0]
    assert delays[-1] == LONGEST_DELAY_S


def test_a_mistake_of_ours_does_not_end_it() -> None:
    work = upkeep(ValueError("odd"), True)
    assert [work.turn(), work.turn()] == [1.0, BETWEEN_PIECES_S]


def test_it_ends_when_it_is_told_to() -> None:
    script = Script([False])
    work = Upkeep(script, Clock(wall=lambda: 0.0, steady=lambda: 0.0, epoch=EPOCH))
    thread = threading.Thread(target=work.run)
    thread.start()
    assert script.turned.wait(5)
    work.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_it_sweeps_at_the_start_and_each_hour_until_nothing_is_left() -> None:
    hand, left = [0.0], [2]

    def sweep() -> bool:
        swept.append(hand[0])
        left[0] -= 1
        return left[0] > 0

    swept: list[float] = []
    clock = Clock(wall=lambda: hand[0], steady=lambda: hand[0])
    upkeep = Upkeep(Idle(), clock, sweep)  # type: ignore[arg-type] # what it needs of one
    for hand[0] in (0.0, 1.0, 2.0, 1800.0, 3601.0, 3602.0):
        upkeep.turn()
    assert swept == [0.0, 1.0, 3601.0]


class Idle:
    def work(self, _now: datetime) -> bool:
        return False
