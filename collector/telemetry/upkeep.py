"""The loop beside the ingest in which what need not be done at once is done: for the readings, and sweeping."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable

from collector.store.database import TryLater
from collector.telemetry.base import TelemetryStore
from edge_agent.contract.clock import Clock

BETWEEN_PIECES_S = 0.01
REST = 3.0
"""Times as long as a piece took: the ingest has the interpreter and the database in between, all the more of them when
a thousand stores come back at once. A quarter of a core seals what forty thousand devices say in an hour."""
WHEN_IDLE_S = 5.0
SWEEP_EVERY_S = 3600.0
FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 60.0

log = logging.getLogger(__name__)


class Upkeep:
    """`run` in a thread of its own, until `stop`."""

    def __init__(self, telemetry: TelemetryStore, clock: Clock, sweep: Callable[[], bool] = lambda: False) -> None:
        """`sweep` bounds what else grows, a piece at a time: True where more waits. Raises TryLater."""
        self._telemetry = telemetry
        self._clock = clock
        self._sweep = sweep
        self._sweep_at = -math.inf
        self._stop = threading.Event()
        self._in_trouble = False
        self._delay = FIRST_DELAY_S

    def run(self) -> None:
        while not self._stop.is_set():
            self._stop.wait(self.turn())

    def stop(self) -> None:
        """The piece of work in hand is finished."""
        self._stop.set()

    def turn(self) -> float:
        """One piece of work; in how many seconds the next one may begin."""
        began = self._clock.steady()
        try:
            more = self._sweep_some() or self._telemetry.work(self._clock.now())
        except TryLater as trouble:
            self._note(str(trouble))
            return self._longer()
        except Exception:  # this loop must not stop: readings wait where they are, and are safe there
            log.exception("upkeep of telemetry failed")
            return self._longer()
        self._note("")
        self._delay = FIRST_DELAY_S
        return max(BETWEEN_PIECES_S, REST * (self._clock.steady() - began)) if more else WHEN_IDLE_S

    def _sweep_some(self) -> bool:
        mono = self._clock.mono()
        more = mono >= self._sweep_at and self._sweep()
        if not more and mono >= self._sweep_at:
            self._sweep_at = mono + SWEEP_EVERY_S
        return more

    def _longer(self) -> float:
        delay, self._delay = self._delay, min(self._delay * 2, LONGEST_DELAY_S)
        return delay

    def _note(self, trouble: str) -> None:
        if trouble and not self._in_trouble:
            log.error("telemetry upkeep waits: %s", trouble)
        elif self._in_trouble and not trouble:
            log.info("telemetry upkeep goes on")
        self._in_trouble = bool(trouble)
