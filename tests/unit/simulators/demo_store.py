"""The demo store for tests: its places, a fixed morning, and a clock that a test turns by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from edge_agent.contract.clock import Clock
from edge_agent.settings import load_site
from simulators import store
from simulators.demo_folder import SITE
from simulators.live import LiveStore, Watcher
from simulators.places import places_of
from simulators.store import StoreState

PLACES = places_of(load_site(SITE))
TIMEZONE = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 7, 15, 1, 0, tzinfo=UTC)


class HandClock:
    """Seconds that a test adds to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def turn(self, duration: timedelta) -> None:
        self.seconds += duration.total_seconds()


def new_store() -> StoreState:
    return store.start(PLACES, MORNING, TIMEZONE)


def live_store(hand: HandClock, watch: Watcher | None = None) -> LiveStore:
    clock = Clock(wall=hand, steady=hand, epoch=MORNING)
    return LiveStore(PLACES, new_store(), clock, watch)
