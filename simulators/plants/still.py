"""A machine of which nothing moves: contacts that are open, a power supply that has its mains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_agent.contract.readings import Value

_UPS: Mapping[str, Value] = {
    "mains_ok": True,
    "charge_pct": 100.0,
    "runtime": 42.0,
    "load_pct": 31.0,
    "v.in": 231.0,
    "v.out": 230.0,
    "v.battery": 27.0,
    "frequency": 50.0,
    "temp.battery": 26.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """`values` by point; of all others its controller says what a register at rest says."""

    values: Mapping[str, Value] = field(default_factory=dict)


def power_supply() -> Still:
    return Still(values=_UPS)


def said(machine: Still) -> dict[str, Value]:
    return dict(machine.values)
