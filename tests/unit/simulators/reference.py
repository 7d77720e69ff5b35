"""The reference store for tests, in steps of a minute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from edge_agent.contract.readings import Value
from simulators.plants.setting import Setting
from simulators.reference import reference_store
from simulators.store import StoreState, advance, said
from simulators.supply import Faults

REFERENCE = reference_store()
SHANGHAI = ZoneInfo("Asia/Shanghai")
NO_FAULTS: Mapping[str, Mapping[str, float]] = {}


def new_store(month: int = 7, day: int = 15, hour: int = 12, seed: int = 1) -> StoreState:
    at = datetime(2026, month, day, hour, tzinfo=SHANGHAI).astimezone(UTC)
    return REFERENCE.start(at, SHANGHAI, Setting(seed=seed))


def lived(state: StoreState, minutes: int, faults: Faults = NO_FAULTS) -> StoreState:
    for _ in range(minutes):
        state = advance(state, faults, timedelta(minutes=1))
    return state


def number(state: StoreState, device: str, point: str) -> float:
    value: Value = said(state.plants[device])[point]
    assert not isinstance(value, str)
    return float(value)
