"""The reference store: its size, what hangs on what, and where its energy goes."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import lru_cache
from statistics import fmean

import pytest

from edge_agent.contract.catalogue import DEVICE_CLASSES, DUTIES
from simulators.layout import THREE_PHASES
from simulators.machines import power
from simulators.reference import inventory
from simulators.store import said
from tests.unit.simulators.reference import REFERENCE, lived, new_store, number

MACHINES = {machine.device: machine for machine in REFERENCE.machines}
DEFROSTING = [device for device, machine in MACHINES.items() if "defrost.active" in machine.says]
SEASONS = (1, 4, 7, 10)


@lru_cache
def day(month: int) -> dict[str, float]:
    """kWh of each device class and of the whole store, over a day; machines are looked at every three minutes."""
    state = lived(new_store(month), 2 * 60)
    begun = number(state, "meter-1", "e.import")
    spent: dict[str, float] = defaultdict(float)
    for _ in range(24 * 20):
        state = lived(state, 3)
        for device, plant in state.plants.items():
            spent[MACHINES[device].device_class] += power(plant) / 20e3
    spent["store"] = number(state, "meter-1", "e.import") - begun
    return spent


def mean(*names: str) -> float:
    """kWh a day over the seasons."""
    return fmean(sum(day(month)[name] for name in names) for month in SEASONS)


def share(*names: str) -> float:
    return mean(*names) / mean("store")


def test_it_has_forty_devices_with_twenty_points_in_mean() -> None:
    assert len(MACHINES) == 40
    assert fmean(len(machine.says) for machine in REFERENCE.machines) == pytest.approx(20, abs=0.5)


def test_its_classes_duties_and_points_are_those_of_the_catalogue() -> None:
    for machine in REFERENCE.machines:
        assert machine.duty in DUTIES
        assert machine.says <= set(DEVICE_CLASSES[machine.device_class].points), machine.device


def test_its_machines_say_nearly_all_that_their_controllers_could() -> None:
    state = new_store()
    silent = {device: machine.says - said(state.plants[device]).keys() for device, machine in MACHINES.items()}
    assert sum(map(len, silent.values())) < 0.05 * sum(len(machine.says) for machine in REFERENCE.machines)


def test_every_class_of_the_store_has_a_device() -> None:
    assert set(Counter(machine.device_class for machine in REFERENCE.machines)) == set(DEVICE_CLASSES) - {"relay_board"}


def test_what_feeds_a_machine_is_there() -> None:
    assert {machine.fed_by for machine in REFERENCE.machines} - {""} <= set(MACHINES)
    layout = new_store().layout
    assert layout.fed["unit-1"] == ("open-chiller-1", "open-chiller-2", "open-chiller-3", "open-chiller-6")
    assert layout.circuit["open-chiller-1"] == "circuit-cold-1"
    assert layout.circuit["contacts-1"] == "circuit-sockets"


def test_its_electrician_spread_the_machines_over_the_phases() -> None:
    layout = new_store().layout
    assert {layout.phase[device] for device in ("unit-1", "unit-2", "ac-1")} == {THREE_PHASES}
    state = lived(new_store(), 60)
    phases = [number(state, "meter-1", f"p.l{n}") for n in (1, 2, 3)]
    assert max(phases) < 1.2 * fmean(phases)


def test_its_cases_do_not_defrost_together() -> None:
    state, defrosting = new_store(), []
    for _ in range(8 * 12):
        state = lived(state, 5)
        defrosting.append(sum(number(state, device, "defrost.active") for device in DEFROSTING))
    assert 1 <= max(defrosting) <= len(DEFROSTING) // 2


def test_head_office_knows_it_as_an_inventory() -> None:
    devices = {device.id: device for device in inventory(REFERENCE)}
    assert devices["freezer-1"].product_class == "L1"
    assert devices["open-chiller-1"].fed_by == "unit-1"
    assert devices["freezer-1"].profile == "danfoss_ekc204a1"


def test_the_same_seed_has_the_same_day_and_another_one_another() -> None:
    first, again, other = (lived(new_store(seed=seed), 30) for seed in (1, 1, 2))
    assert first == again
    assert first.plants != other.plants


def test_the_main_meter_counts_what_machines_and_hot_food_take() -> None:
    state = lived(new_store(), 60)
    circuits = [device for device in MACHINES if device.startswith("circuit")]
    assert sum(number(state, one, "p.total") for one in circuits) == pytest.approx(number(state, "meter-1", "p.total"))


def test_a_year_takes_what_such_stores_take() -> None:
    """144 MWh is Japan's mean of 2022 (METI, quoted by enegraph.net), 167 MWh that of 1316 stores in Taiwan (ndltd)."""
    assert 125 < mean("store") * 365 / 1000 < 175


def test_refrigeration_takes_about_the_half() -> None:
    """50 % of fifty stores in Minnesota (mn.gov), about 40 % in Tokyo (Bureau of the Environment)."""
    assert 0.40 < share("refrigeration_case", "condensing_unit") < 0.55


def test_lighting_takes_about_a_sixth() -> None:
    """20 % in Minnesota, about 17 % in Tokyo."""
    assert 0.13 < share("lighting_circuit") < 0.21


def test_air_takes_less_than_food_and_more_in_july_than_in_april() -> None:
    """About 20 % in Tokyo, with fewer open cases to cool the room."""
    assert 0.06 < share("ac_unit") < 0.22
    assert day(7)["ac_unit"] > 1.3 * day(4)["ac_unit"]


def test_the_summer_costs_refrigeration_more_than_the_winter() -> None:
    summer, winter = (day(month)["condensing_unit"] for month in (7, 1))
    assert 1.4 < summer / winter < 3.5
