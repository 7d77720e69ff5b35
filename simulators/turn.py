"""One step of a store: what its machines give to each other, and take from the same mains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from simulators.layout import THREE_PHASES
from simulators.machines import Plant, power
from simulators.plants import (
    air_conditioner,
    appliances,
    case,
    condensing_unit,
    dry_contact,
    energy_meter,
    env_sensor,
    lighting,
    price_tags,
    screen,
    ups,
)
from simulators.plants.air_conditioner import AirConditioner
from simulators.plants.case import Case, Draw, Feed
from simulators.plants.chance import draw
from simulators.plants.condensing_unit import CondensingUnit
from simulators.plants.dry_contact import DryContact
from simulators.plants.energy_meter import EnergyMeter, Watts
from simulators.plants.env_sensor import EnvSensor
from simulators.plants.habits import NOTHING, Doings, doings
from simulators.plants.lighting import LightingCircuit
from simulators.plants.price_tags import PriceTags
from simulators.plants.screen import Screen
from simulators.plants.surroundings import Surroundings
from simulators.plants.ups import Ups
from simulators.state import StoreState
from simulators.supply import Faults, supply_of

_ROOM_WITHOUT_AC = 25.0  # °C
_NOISE_EVERY = 10  # s
_NO_FAULTS: Mapping[str, float] = {}
_NOTHING: Watts = (0.0, 0.0, 0.0)

_STEPS: Mapping[type, Callable[[Any, float, Surroundings, Mapping[str, float]], Plant]] = {
    AirConditioner: air_conditioner.step,
    LightingCircuit: lighting.step,
    EnvSensor: lambda sensor, seconds, around, _: env_sensor.step(sensor, seconds, around),
    Screen: screen.step,
    PriceTags: price_tags.step,
    Ups: ups.step,
}

Given = tuple[Surroundings, Mapping[str, float]]
"""What one machine has around it, and what is wrong or out of the ordinary with it."""


class Turn:
    """`at` is the end of the step, `around` what all machines have in common."""

    def __init__(self, state: StoreState, faults: Faults, step: timedelta) -> None:
        self.at = state.at + step
        self.seconds = step.total_seconds()
        self._local = self.at.astimezone(state.timezone)
        room = state.area.temperature if state.area else _ROOM_WITHOUT_AC
        self.around = state.world.around(self.at, self._local, room)
        self.supply = supply_of(state.layout, faults, dips=state.world.dips(self.at))
        self._state = state
        self._faults = faults
        self._count = int(self.at.timestamp()) // _NOISE_EVERY

    def plants(self) -> dict[str, Plant]:
        """In the order that they had before."""
        before = self._state.plants
        after = dict(before)
        feeds: dict[str, Feed] = {}
        for unit, cases in self._state.layout.fed.items():
            stepped = self._unit(unit, [case.draw(_case(before[fed])) for fed in cases])
            after[unit] = stepped
            feeds |= dict.fromkeys(cases, condensing_unit.feed(stepped))
        for device, plant in before.items():
            if isinstance(plant, Case):
                after[device] = case.step(plant, self.seconds, *self._given(device), feeds.get(device))
            elif not isinstance(plant, (CondensingUnit, EnergyMeter)):
                after[device] = self._other(plant, *self._given(device))
        self._read_meters(after)
        return after

    def gains(self, plants: Mapping[str, Plant]) -> float:
        """W into the sales area."""
        total = appliances.TO_THE_ROOM * self._besides()
        for plant in plants.values():
            match plant:
                case Case():
                    total += case.heat_to_room(plant)
                case AirConditioner():
                    total -= plant.taken
                case LightingCircuit() if plant.kind.heats:
                    total += plant.power
                case Screen() | Ups():
                    total += power(plant)
        return total

    def _unit(self, device: str, draws: list[Draw]) -> CondensingUnit:
        plant = self._state.plants[device]
        assert isinstance(plant, CondensingUnit)
        return condensing_unit.step(plant, self.seconds, *self._given(device), draws)

    def _other(self, plant: Plant, around: Surroundings, faults: Mapping[str, float]) -> Plant:
        if isinstance(plant, DryContact):
            return dry_contact.step(around, not self.supply.tripped, faults)
        step = _STEPS.get(type(plant))
        return step(plant, self.seconds, around, faults) if step else plant

    def _given(self, device: str) -> Given:
        """Faults come first: a set point that somebody turned for good is not turned back in the evening."""
        machine, around = self._state.layout.machines[device], self.around
        doing = doings(self._state.world.seed, device, machine.device_class, machine.duty, self._local)
        faults = self._faults.get(device, _NO_FAULTS)
        if doing.disturbances:
            faults = {**dict.fromkeys(doing.disturbances, 1.0), **faults}
        return self._around(device, around, doing), faults

    def _around(self, device: str, around: Surroundings, doing: Doings = NOTHING) -> Surroundings:
        """Written out: `dataclasses.replace` takes thrice as long, and this is done for every machine and step."""
        return Surroundings(
            outdoor=around.outdoor,
            room=around.room,
            humidity=around.humidity,
            customers_per_hour=around.customers_per_hour,
            chance=draw(self._state.layout.salts[device], self._count),
            outdoor_humidity=around.outdoor_humidity,
            sun=around.sun,
            raining=around.raining,
            hour=around.hour,
            open=around.open,
            night=around.night,
            stocking=doing.stocking,
            cleaning=doing.cleaning,
            supply_ok=device not in self.supply.dead,
        )

    def _besides(self) -> float:
        """W of what has no controller."""
        layout = self._state.layout
        if self.supply.away or layout.besides_on in self.supply.tripped:
            return 0.0
        lamps = 0.0 if layout.watched_lamps or not self.around.open else appliances.UNWATCHED_LAMPS
        return appliances.power(self.around) + lamps

    def _read_meters(self, plants: dict[str, Plant]) -> None:
        """First the circuits, then the supply of the store, which also sees what somebody plugged in downstream."""
        layout, dead = self._state.layout, self.supply.dead
        loads = {meter: [0.0, 0.0, 0.0] for meter in ("", *layout.circuits)}
        for device, plant in plants.items():
            if device not in dead and (watts := power(plant)):
                _hang(loads[layout.circuit[device]], layout.phase[device], watts)
        _hang(loads.get(layout.besides_on, loads[""]), THREE_PHASES, self._besides())
        moved = {name: severity for meter in layout.mains for name, severity in self._moved(meter).items()}
        total = list(energy_meter.burdened(EnergyMeter(), _watts(loads[""]), self.around, moved))
        for meter in layout.circuits:
            burden = self._read(plants, meter, loads[meter], {**moved, **self._faults.get(meter, _NO_FAULTS)})
            total = [one + more for one, more in zip(total, burden, strict=True)]
        for meter in layout.mains:
            faults = self._faults.get(meter, _NO_FAULTS)
            self._read(plants, meter, total, {name: faults[name] for name in faults if name not in moved})

    def _moved(self, meter: str) -> Mapping[str, float]:
        """Machines that were moved from phase to phase show on their own circuits too."""
        faults = self._faults.get(meter, _NO_FAULTS)
        return {"phase_imbalance": faults["phase_imbalance"]} if "phase_imbalance" in faults else _NO_FAULTS

    def _read(self, plants: dict[str, Plant], device: str, load: list[float], faults: Mapping[str, float]) -> Watts:
        meter = plants[device]
        assert isinstance(meter, EnergyMeter)
        off = self.supply.away or device in self.supply.tripped
        around, lost = self._around(device, self.around), self.supply.lost_at(device)
        plants[device] = stepped = energy_meter.step(
            meter, self.seconds, around, _NOTHING if off else _watts(load), _NO_FAULTS if off else faults, lost
        )
        return stepped.phases


def _watts(load: list[float]) -> Watts:
    return load[0], load[1], load[2]


def _case(plant: Plant) -> Case:
    assert isinstance(plant, Case)
    return plant


def _hang(loads: list[float], phase: int, watts: float) -> None:
    if phase == THREE_PHASES:
        for number in range(3):
            loads[number] += watts / 3
    else:
        loads[phase - 1] += watts
