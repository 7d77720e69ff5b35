"""A simulated store at one instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from edge_agent.contract.text import Text
from edge_agent.core.profile import Profile
from simulators.layout import Layout
from simulators.machines import Plant
from simulators.plants.sales_area import SalesArea
from simulators.plants.setting import World
from simulators.supply import ALL_WELL, Supply


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One machine of the store and how it hangs on its line."""

    device: str
    name: Text
    duty: str
    profile: Profile
    bus: str
    unit: int
    fed_by: str = ""
    kind: str = ""

    @property
    def device_class(self) -> str:
        return self.profile.device_class


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreState:
    """All machines (UTC). `area` is None where no air conditioner is watched: somebody else's holds the room."""

    at: datetime
    timezone: ZoneInfo
    layout: Layout
    world: World
    plants: Mapping[str, Plant]
    area: SalesArea | None
    supply: Supply = ALL_WELL
