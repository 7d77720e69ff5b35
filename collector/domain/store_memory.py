"""What is remembered of a store beside its devices: what they said that others ask for, what befalls all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from edge_agent.contract.readings import Device, Telemetry
from rules.memory import DeviceMemory
from rules.model import Cause
from rules.neighbours import Neighbourhood, joined, note
from rules.shared import Overview, SharedMemory, Sight, oversee, sight_of
from rules.window import STALE_AFTER

SEEN_AGAIN_AFTER = STALE_AFTER / 2
"""What is said again is written down no oftener, though every poll says it."""


class Seen(NamedTuple):
    """What telemetry of about `at` showed of a device, as `rules.shared` asks; None where it does not tell."""

    silent: bool | None
    mains: bool | None
    at: datetime
    loaded: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreMemory:
    """Of one segment; `at` is the newest event time that was judged of the store. Lossless in MessagePack."""

    at: datetime | None = None
    known: Neighbourhood = field(default_factory=Neighbourhood)
    seen: dict[str, Seen] = field(default_factory=dict)
    shared: SharedMemory = field(default_factory=SharedMemory)

    def pass_to(self, at: datetime) -> StoreMemory:
        if self.at is not None and at <= self.at:
            return self
        return StoreMemory(at=at, known=self.known, seen=self.seen, shared=self.shared)

    def hear(self, asked: Collection[str], telemetry: Telemetry) -> StoreMemory:
        """With what a device says of the `asked` points; the same object where that is nothing new."""
        known = note(self.known, asked, telemetry)
        if known is self.known:
            return self
        return StoreMemory(at=self.at, known=known, seen=self.seen, shared=self.shared)

    def see(self, device: Device, memory: DeviceMemory, at: datetime) -> StoreMemory:
        """How the device stands after a telemetry of `at`; the same object where it stands as it did."""
        sight = sight_of(device, memory, at)
        before = self.seen.get(device.id)
        if before is not None and before[:2] == (sight.silent, sight.mains) and before.loaded is sight.loaded:
            stands = sight.mains is None and sight.loaded is None
            if stands or at - before.at < SEEN_AGAIN_AFTER:
                return self
        return replace(self, seen={**self.seen, device.id: Seen(sight.silent, sight.mains, at, sight.loaded)})

    def share(self, shared: SharedMemory) -> StoreMemory:
        return self if shared == self.shared else replace(self, shared=shared)

    def fork(self) -> StoreMemory:
        """Ahead of what is missing: what is raised stays raised, all else must be heard anew."""
        raised = {key: one for key, one in self.shared.alarms.items() if one.alarm.raised}
        return StoreMemory(at=self.at, shared=SharedMemory(alarms=raised))

    def join(self, earlier: StoreMemory) -> StoreMemory:
        """With what the segment before it knew."""
        return replace(self, known=joined(earlier.known, self.known))


def overlook(memory: StoreMemory, devices: Mapping[str, Device], causes: Mapping[str, Cause]) -> Overview:
    """What befalls the whole store at its newest event time. What was said of the mains long ago counts no more."""
    at = memory.at
    if at is None:
        return Overview(memory=memory.shared)
    sights = [_sight(devices[id_], seen, at) for id_, seen in memory.seen.items() if id_ in devices]
    return oversee(sights, memory.shared, at, causes, {device.bus for device in devices.values()})


def _sight(device: Device, seen: Seen, at: datetime) -> Sight:
    if at - seen.at > STALE_AFTER:
        return Sight(device=device, silent=seen.silent)
    return Sight(device=device, silent=seen.silent, mains=seen.mains, loaded=seen.loaded)


def minute_of(at: datetime | None) -> int:
    """A store is looked over once in each minute of its event time."""
    return -1 if at is None else int(at.timestamp()) // 60
