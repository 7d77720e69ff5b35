"""Who in a store is without electricity, and who cannot be heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulators.layout import THREE_PHASES, Layout

GATEWAY = "_gateway"
"""Under this device stand the faults of the whole store."""

Faults = Mapping[str, Mapping[str, float]]
"""Device → fault → severity 0..1."""

_NONE: frozenset[str] = frozenset()
_NO_PHASES: frozenset[int] = frozenset()
_ON_UPS = frozenset({"ups", "dry_contact"})


@dataclass(frozen=True, slots=True)
class Supply:
    """`away`: the store has no mains at all. `dead`: machines without electricity. `lost`: meter → phases without it.
    `tripped`: meters whose breaker is open."""

    away: bool = False
    dead: frozenset[str] = _NONE
    lost: tuple[tuple[str, frozenset[int]], ...] = ()
    tripped: frozenset[str] = _NONE

    def lost_at(self, meter: str) -> frozenset[int]:
        return next((phases for device, phases in self.lost if device == meter), _NO_PHASES)


ALL_WELL = Supply()


def supply_of(layout: Layout, faults: Faults, *, dips: bool) -> Supply:
    """`dips`: the mains are away for a moment, without any fault of the store."""
    if dips or "store_power_cut" in faults.get(GATEWAY, ()):
        return Supply(away=True, dead=frozenset(layout.machines))
    meters = (*layout.mains, *layout.circuits)
    tripped = frozenset(meter for meter in meters if "circuit_tripped" in faults.get(meter, ()))
    own = {meter: lost_phase(layout, meter) for meter in meters if "phase_lost" in faults.get(meter, ())}
    if not tripped and not own:
        return ALL_WELL
    upstream = frozenset(own[meter] for meter in layout.mains if meter in own)
    lost = {meter: upstream | ({own[meter]} if meter in own else set()) for meter in meters}
    dead = {device for meter in tripped for device in layout.on(meter)}
    for meter, phases in lost.items():
        dead |= {device for device in layout.on(meter) if _hangs_on(layout, device, phases)}
    return Supply(
        dead=frozenset(dead) - frozenset(meters),
        lost=tuple((meter, phases) for meter, phases in lost.items() if phases),
        tripped=tripped,
    )


def lost_phase(layout: Layout, meter: str) -> int:
    """Which of the three it is that this meter loses: always the same one."""
    return 1 + layout.salts[meter] % 3


def silent(layout: Layout, supply: Supply, faults: Faults, *, ups_empty: bool) -> frozenset[str]:
    """The devices that answer nobody. What hangs on the UPS speaks as long as it holds."""
    if supply.away and ups_empty:
        return frozenset(layout.machines)
    buses = {machine.bus for device, machine in layout.machines.items() if "bus_down" in faults.get(device, ())}
    mute = {device for device, found in faults.items() if "controller_silent" in found}
    behind = {device for device, machine in layout.machines.items() if machine.bus in buses} if buses else _NONE
    unfed = {device for device in supply.dead if layout.machines[device].device_class not in _ON_UPS}
    return frozenset(mute | behind | unfed)


def _hangs_on(layout: Layout, device: str, phases: frozenset[int]) -> bool:
    """A three-phase machine is taken off by its phase relay, controller and all, when any phase is lost."""
    phase = layout.phase[device]
    return bool(phases) if phase == THREE_PHASES else phase in phases
