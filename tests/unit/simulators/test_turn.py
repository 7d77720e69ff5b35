"""What machines of one store give to each other in a step, and what people and the mains do to them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from simulators.faults import KINDS
from simulators.plants.air_conditioner import AirConditioner
from simulators.plants.case import Case
from simulators.plants.habits import doings
from simulators.plants.setting import Setting
from simulators.plants.surroundings import Surroundings
from simulators.store import StoreState, advance, said, silent
from tests.unit.simulators.reference import NO_FAULTS, SHANGHAI, lived, new_store, number

SETTLED = lived(new_store(), 30)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dipping:
    """The setting of a store whose mains are away for one minute."""

    setting: Setting
    dips_at: datetime

    @property
    def seed(self) -> int:
        return self.setting.seed

    def around(self, at: datetime, local: datetime, room: float) -> Surroundings:
        return self.setting.around(at, local, room)

    def dips(self, at: datetime) -> bool:
        return at == self.dips_at


def when(device: str, device_class: str, duty: str, disturbance: str) -> datetime:
    """A minute of 2026 at which people do that to the machine, as the reference store's seed has it."""
    begin = datetime(2026, 6, 1, tzinfo=SHANGHAI)
    minutes = (begin + n * MINUTE for n in range(0, 200 * 1440, 10))
    return next(one for one in minutes if disturbance in doings(1, device, device_class, duty, one).disturbances)


def at(local: datetime) -> StoreState:
    state = new_store(month=local.month, day=local.day, hour=local.hour)
    return lived(state, local.minute + 3)


def test_a_dead_condensing_unit_warms_its_cases_and_no_others() -> None:
    faults = {"unit-1": {"compressor_dead": 1.0}}
    broken, healthy = lived(SETTLED, 60, faults), lived(SETTLED, 60)
    for number_ in (1, 2, 3, 6):
        assert air(broken, f"open-chiller-{number_}") > air(healthy, f"open-chiller-{number_}") + 2
    assert abs(air(broken, "open-chiller-4") - air(healthy, "open-chiller-4")) < 2
    assert silent(broken, faults) == frozenset()


def test_a_case_that_stands_open_warms_and_asks_more_of_its_unit() -> None:
    faults = {f"open-chiller-{n}": {"curtain_blocked": 1.0} for n in (1, 2, 3, 6)}
    assert number(lived(SETTLED, 60, faults), "circuit-cold-1", "e.import") > number(
        lived(SETTLED, 60), "circuit-cold-1", "e.import"
    )


def test_air_conditioners_that_fail_warm_the_room_and_everything_in_it() -> None:
    faults = {f"ac-{n}": {"ac_low_on_charge": 1.0} for n in (1, 2, 3)}
    broken, healthy = lived(SETTLED, 180, faults), lived(SETTLED, 180)
    assert broken.area is not None
    assert healthy.area is not None
    assert broken.area.temperature > healthy.area.temperature + 1
    assert number(broken, "climate-1", "temp") > number(healthy, "climate-1", "temp") + 1
    assert number(broken, "circuit-cold-2", "e.import") > number(healthy, "circuit-cold-2", "e.import")


def test_heating_at_once_makes_the_other_units_cool_more() -> None:
    broken, healthy = lived(SETTLED, 120, {"ac-2": {"ac_and_heating_at_once": 1.0}}), lived(SETTLED, 120)
    assert number(broken, "circuit-ac", "e.import") > number(healthy, "circuit-ac", "e.import") + 5


def test_a_dip_of_the_mains_silences_the_store_for_one_step() -> None:
    dips_at = SETTLED.at + 2 * MINUTE
    state = replace(SETTLED, world=Dipping(setting=Setting(seed=1), dips_at=dips_at))
    before = lived(state, 1)
    during = lived(before, 1)
    after = lived(during, 1)
    assert [len(silent(one, NO_FAULTS)) for one in (before, during, after)] == [0, 37, 0]
    assert number(during, "ups-1", "on_battery") == 1


def test_staff_who_turn_a_set_point_reach_the_air_conditioner() -> None:
    state = at(when("ac-1", "ac_unit", "sales_area", "set_point_turned"))
    unit, other = state.plants["ac-1"], state.plants["ac-2"]
    assert isinstance(unit, AirConditioner)
    assert isinstance(other, AirConditioner)
    assert unit.turned != 0
    assert other.turned == 0


def test_staff_who_clean_a_case_switch_it_off() -> None:
    state = at(when("freezer-1", "refrigeration_case", "freezer", "cleaning_switched_off"))
    case = state.plants["freezer-1"]
    assert isinstance(case, Case)
    assert not case.drive.compressor


def test_a_fault_of_a_device_wins_over_what_staff_do() -> None:
    faults = {"ac-1": {"ac_filter_clogged": 0.7}}
    moment = when("ac-1", "ac_unit", "sales_area", "set_point_turned")
    state = advance(at(moment), faults, MINUTE)
    unit = state.plants["ac-1"]
    assert isinstance(unit, AirConditioner)
    assert unit.turned != 0


def air(state: StoreState, device: str) -> float:
    case = state.plants[device]
    assert isinstance(case, Case)
    return case.cabinet.air


def every_fault(severity: float) -> dict[str, dict[str, float]]:
    """Of every machine whatever its class can have, but what silences the store as a whole."""
    return {
        device: {kind.name: severity for kind in KINDS if kind.on in {None, machine.device_class}}
        for device, machine in SETTLED.layout.machines.items()
    }


@pytest.mark.parametrize("severity", [0.3, 1.0])
def test_no_heap_of_faults_breaks_the_physics(severity: float) -> None:
    state = lived(SETTLED, 240, every_fault(severity))
    numbers = [value for plant in state.plants.values() for value in said(plant).values() if isinstance(value, float)]
    assert all(math.isfinite(value) for value in numbers)
    assert state.area is not None
    assert -20 < state.area.temperature < 60


def test_every_fault_of_the_library_has_a_machine_in_the_reference_store() -> None:
    machines = SETTLED.layout.machines.values()
    for kind in KINDS:
        fitting = [
            one.device
            for one in machines
            if kind.fits(one.device_class, one.duty, fed=one.fed_by in SETTLED.layout.fed)
        ]
        assert fitting or kind.on == "store", kind.name
