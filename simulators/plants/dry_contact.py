"""Contacts that somebody wired to a module: water on the floor, back door, mains, breaker, rain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.contract.readings import Value
from simulators.plants.surroundings import Surroundings

_NO_FAULTS: Mapping[str, float] = {}
_OPENED_BY_STAFF = 0.02  # of the minutes of a day
_AT_REST: Mapping[str, Value] = {f"in.di{n}": False for n in range(1, 9)} | {
    f"out.relay{n}": False for n in range(1, 9)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DryContact:
    """The module itself and its contacts are fed by the gateway's 24 V, which the UPS holds."""

    water: bool = False
    door: bool = False
    mains: bool = True
    breaker: bool = True
    rain: bool = False


def step(around: Surroundings, breaker: bool, faults: Mapping[str, float] = _NO_FAULTS) -> DryContact:
    """`breaker`: whether all breakers of the store are closed. `stocking` is a delivery at the back door."""
    return DryContact(
        water="water_leak" in faults,
        door=around.stocking > 0 or (around.open and around.chance < _OPENED_BY_STAFF),
        mains=around.supply_ok,
        breaker=breaker,
        rain=around.raining,
    )


def said(contact: DryContact) -> dict[str, Value]:
    """`in.mains` and the others exist where the site file renames the input that they are wired to."""
    return {
        **_AT_REST,
        "in.water": contact.water,
        "in.door": contact.door,
        "in.mains": contact.mains,
        "in.breaker": contact.breaker,
        "in.rain": contact.rain,
    }
