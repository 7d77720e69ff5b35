"""The gateway of the electronic price tags, which hears each tag a few times an hour.

Some tags are always out of reach behind metal; a gateway that has lost its server hears no more check-ins, and counts
the tags as lost one after the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.contract.readings import Value
from simulators.plants.surroundings import Surroundings

_CHECK_IN = 1800.0  # s
_OUT_OF_REACH = 6.0
_BATTERIES_A_DAY = 0.05
_NO_FAULTS: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTags:
    """Numbers of tags. `low` are those whose battery is nearly empty; staff change them when there are ten."""

    total: float = 1200.0
    offline: float = 4.0
    low: float = 3.0
    linked: bool = True


def step(tags: PriceTags, seconds: float, around: Surroundings, faults: Mapping[str, float] = _NO_FAULTS) -> PriceTags:
    linked = "price_tag_gateway_offline" not in faults and around.supply_ok
    settles_at = _OUT_OF_REACH + around.jitter(8.0) if linked else tags.total
    low = tags.low + _BATTERIES_A_DAY * seconds / 86_400.0
    return PriceTags(
        total=tags.total,
        offline=settles_at + (tags.offline - settles_at) * math.exp(-seconds / _CHECK_IN),
        low=1.0 if low > 10.0 else low,
        linked=linked,
    )


def said(tags: PriceTags) -> dict[str, Value]:
    return {
        "link_ok": tags.linked,
        "tags.total": tags.total,
        "tags.offline": float(round(tags.offline)),
        "tags.battery_low": float(int(tags.low)),
        "alarm.any": not tags.linked,
    }
