"""The reference store of DESIGN.md, section 7: 40 devices with 20 points each in mean, and what hangs on what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pydantic

from configs.documents import build, read_document
from edge_agent.contract.readings import Device
from edge_agent.contract.text import Text
from edge_agent.profiles.load import profile
from simulators.plants.setting import World
from simulators.store import StoreState, start

FILE = Path(__file__).parent / "reference_store.yaml"
_NO_PROFILE = "points"
"""What the inventory says of a device for whose kind no map ships."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceMachine:
    """`says` are the points that its controller tells; `profile` is "" where no map ships for its kind."""

    device: str
    name: Text
    device_class: str
    duty: str
    bus: str
    fed_by: str
    product_class: str
    kind: str
    profile: str
    says: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """`besides_on` is the circuit of what has no controller."""

    machines: tuple[ReferenceMachine, ...]
    besides_on: str

    def start(self, at: datetime, timezone: ZoneInfo, world: World) -> StoreState:
        """That store, long running, in those surroundings."""
        return start(self.machines, at, timezone, world=world, besides_on=self.besides_on)


def reference_store(path: Path = FILE) -> Reference:
    """Raises Faulty."""
    given = build(_StoreDocument, read_document(path))
    machines = tuple(_machine(one, given) for one in given.machines)
    return Reference(machines=machines, besides_on=given.besides_on)


def inventory(reference: Reference) -> tuple[Device, ...]:
    """The devices as head office needs to know them."""
    return tuple(
        Device(
            id=machine.device,
            device_class=machine.device_class,
            duty=machine.duty,
            profile=machine.profile or _NO_PROFILE,
            profile_version=1,
            proven=bool(machine.profile),
            name=machine.name,
            bus=machine.bus,
            fed_by=machine.fed_by,
            product_class=machine.product_class,
        )
        for machine in reference.machines
    )


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class _MachineDocument(_Strict):
    id: str
    name: Text
    duty: str
    bus: str
    device_class: str = pydantic.Field(default="", alias="class")
    profile: str = ""
    fed_by: str = ""
    product_class: str = ""
    kind: str = ""


class _StoreDocument(_Strict):
    besides_on: str
    says: dict[str, list[str]]
    machines: list[_MachineDocument]


def _machine(given: _MachineDocument, store: _StoreDocument) -> ReferenceMachine:
    known = profile(given.profile) if given.profile else None
    device_class = known.device_class if known else given.device_class
    return ReferenceMachine(
        device=given.id,
        name=given.name,
        device_class=device_class,
        duty=given.duty,
        bus=given.bus,
        fed_by=given.fed_by,
        product_class=given.product_class,
        kind=given.kind,
        profile=given.profile,
        says=frozenset(known.points) | frozenset(known.derived) if known else frozenset(store.says[device_class]),
    )
