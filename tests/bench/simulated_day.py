"""A day of the reference store (40 devices, steps of a minute) against the two seconds of one core that it may take."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from simulators.plants.setting import Setting
from simulators.reference import reference_store
from simulators.store import StoreState, advance, said
from tests.bench.row import Row

_BAR = 2.0  # s of one core
_ROUNDS = 3
_STEP = timedelta(minutes=1)
_TIMEZONE = ZoneInfo("Asia/Shanghai")
_DAY = datetime(2026, 7, 14, 16, tzinfo=UTC)


def reference_day() -> Row:
    """With everything that its controllers say every minute; `detail` has the physics alone."""
    whole, physics = [], []
    for _ in range(_ROUNDS):
        began = reference_store().start(_DAY, _TIMEZONE, Setting(seed=1))
        physics.append(_live(began, listen=False))
        whole.append(_live(began, listen=True))
    value = statistics.median(whole)
    return Row(
        name="reference store: a day simulated, all points said",
        value=value,
        spread=(max(whole) - min(whole)) / 2,
        unit="s",
        bar=_BAR,
        peer="CPU seconds",
        ok=value <= _BAR,
        detail=f"physics alone {statistics.median(physics):.2f} s",
    )


def _live(state: StoreState, *, listen: bool) -> float:
    began = time.process_time()
    for _ in range(24 * 60):
        state = advance(state, {}, _STEP)
        if listen:
            for plant in state.plants.values():
                said(plant)
    return time.process_time() - began


BENCHES = (reference_day,)
