"""What hangs on what in a store: cases on condensing units, machines on circuits and phases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from simulators.plants import air_conditioner
from simulators.plants.chance import salt_of

THREE_PHASES = 0

# W, roughly: an electrician spreads single-phase machines over the phases by their rating plates.
_RATING = {
    "freezer": 900.0,
    "island_freezer": 600.0,
    "chiller": 500.0,
    "open_chiller": 1200.0,
    "cold_room": 1000.0,
    "sales_area": 3000.0,
    "sales_lighting": 1200.0,
    "sign_lighting": 600.0,
    "ambience_lighting": 280.0,
    "screen": 130.0,
    "emergency_power": 320.0,
}
_LITTLE = 100.0


class Machine(Protocol):
    """`fed_by` is the device without which it cannot work, `kind` a size where there are several."""

    @property
    def device(self) -> str: ...
    @property
    def device_class(self) -> str: ...
    @property
    def duty(self) -> str: ...
    @property
    def bus(self) -> str: ...
    @property
    def fed_by(self) -> str: ...
    @property
    def kind(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """`fed`: condensing unit → its cases. `circuit`: machine → the meter of its circuit ("" = none but the store's).
    `phase`: machine → 1, 2, 3 or THREE_PHASES. `watched_lamps`: whether the lamps of the sales area are machines."""

    machines: Mapping[str, Machine]
    salts: Mapping[str, int]
    fed: Mapping[str, tuple[str, ...]]
    circuit: Mapping[str, str]
    phase: Mapping[str, int]
    circuits: tuple[str, ...]
    mains: tuple[str, ...]
    besides_on: str
    watched_lamps: bool

    def on(self, meter: str) -> tuple[str, ...]:
        """The machines whose current flows through that meter."""
        if meter in self.mains:
            return tuple(device for device in self.machines if device != meter)
        return tuple(device for device, circuit in self.circuit.items() if circuit == meter)


def layout_of(machines: Iterable[Machine], besides_on: str = "") -> Layout:
    """`besides_on` is the circuit of what has no controller (tills, warmers); "" is the store's supply itself."""
    known = {machine.device: machine for machine in machines}
    units = [device for device, machine in known.items() if machine.device_class == "condensing_unit"]
    meters = [machine for machine in known.values() if machine.device_class == "energy_meter"]
    return Layout(
        machines=known,
        salts={device: salt_of("chance", device) for device in known},
        fed={unit: tuple(one.device for one in known.values() if one.fed_by == unit) for unit in units},
        circuit={device: _circuit(machine, known) for device, machine in known.items()},
        phase=_phases(known),
        circuits=tuple(one.device for one in meters if one.duty == "circuit"),
        mains=tuple(one.device for one in meters if one.duty != "circuit"),
        besides_on=besides_on,
        watched_lamps=any(one.duty == "sales_lighting" for one in known.values()),
    )


def _circuit(machine: Machine, known: Mapping[str, Machine]) -> str:
    """The nearest meter of a circuit upstream of the machine."""
    seen = {machine.device}
    while (feeder := known.get(machine.fed_by)) is not None and feeder.device not in seen:
        if feeder.device_class == "energy_meter" and feeder.duty == "circuit":
            return feeder.device
        seen.add(feeder.device)
        machine = feeder
    return ""


def _phases(known: Mapping[str, Machine]) -> dict[str, int]:
    """The biggest first, each where its circuit has least, and of equals where the store has least."""
    phases: dict[str, int] = {}
    store, circuits = [0.0, 0.0, 0.0], defaultdict[str, list[float]](lambda: [0.0, 0.0, 0.0])
    for device, machine in sorted(known.items(), key=lambda item: -_rating(item[1], known)):
        if _is_three_phase(machine):
            phases[device] = THREE_PHASES
            continue
        circuit = circuits[_circuit(machine, known)]
        least = min(range(3), key=lambda phase: (circuit[phase], store[phase]))
        for loads in (circuit, store):
            loads[least] += _rating(machine, known)
        phases[device] = least + 1
    return phases


def _is_three_phase(machine: Machine) -> bool:
    if machine.device_class == "ac_unit":
        return air_conditioner.KINDS[machine.kind].three_phase
    return machine.device_class in {"condensing_unit", "energy_meter"}


def _rating(machine: Machine, known: Mapping[str, Machine]) -> float:
    feeder = known.get(machine.fed_by)
    if feeder is not None and feeder.device_class == "condensing_unit":
        return _LITTLE
    return _RATING.get(machine.duty, _LITTLE)
