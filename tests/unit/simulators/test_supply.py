"""Electricity and lines of a whole store: what fails, what goes with it, and who can still be heard."""

from __future__ import annotations

from simulators.layout import THREE_PHASES
from simulators.store import GATEWAY, offline, silent
from simulators.supply import ALL_WELL, lost_phase, supply_of
from tests.unit.simulators.reference import NO_FAULTS, REFERENCE, lived, new_store, number

SETTLED = lived(new_store(), 20)
LAYOUT = SETTLED.layout
ON_UPS = {"ups-1", "contacts-1", "contacts-2"}
CASES = {machine.device for machine in REFERENCE.machines if machine.device_class == "refrigeration_case"}
CUT = {GATEWAY: {"store_power_cut": 1.0}}
TRIPPED = {"circuit-cold-1": {"circuit_tripped": 1.0}}
LOST = {"meter-1": {"phase_lost": 1.0}}


def test_a_healthy_store_is_supplied_and_heard() -> None:
    assert SETTLED.supply == ALL_WELL
    assert silent(SETTLED, NO_FAULTS) == frozenset()
    assert not offline(SETTLED, NO_FAULTS)


def test_a_power_cut_silences_all_but_what_the_ups_holds() -> None:
    cut = lived(SETTLED, 5, CUT)
    assert silent(cut, CUT) == set(LAYOUT.machines) - ON_UPS
    assert number(cut, "ups-1", "on_battery") == 1
    assert number(cut, "contacts-1", "in.mains") == 0
    assert number(cut, "meter-1", "p.total") == 0
    assert not offline(cut, CUT)


def test_a_store_whose_ups_is_empty_cannot_be_heard_until_the_mains_come_back() -> None:
    cut = lived(SETTLED, 60, CUT)
    assert offline(cut, CUT)
    assert silent(cut, CUT) == set(LAYOUT.machines)
    back = lived(cut, 30)
    assert not offline(back, NO_FAULTS)
    assert silent(back, NO_FAULTS) == frozenset()


def test_a_power_cut_warms_every_case() -> None:
    before = {case: number(SETTLED, case, "temp.control") for case in CASES}
    after = lived(lived(SETTLED, 90, CUT), 1)
    warmer = [case for case in CASES if number(after, case, "temp.control") > before[case] + 1.0]
    assert len(warmer) > 0.8 * len(CASES)


def test_a_tripped_circuit_takes_its_machines_and_leaves_its_voltage() -> None:
    state = lived(SETTLED, 5, TRIPPED)
    behind = {"unit-1", "unit-2", "cold-room-1"} | {f"open-chiller-{n}" for n in range(1, 7)}
    assert silent(state, TRIPPED) == behind
    assert number(state, "circuit-cold-1", "i.l1") == 0
    assert number(state, "circuit-cold-1", "v.l1") > 200
    assert number(state, "contacts-2", "in.breaker") == 0
    assert number(state, "meter-1", "p.total") < number(SETTLED, "meter-1", "p.total")


def test_the_hot_food_goes_with_its_circuit() -> None:
    faults = {"circuit-kitchen": {"circuit_tripped": 1.0}}
    assert number(SETTLED, "circuit-kitchen", "p.total") > 2000
    assert number(lived(SETTLED, 2, faults), "circuit-kitchen", "p.total") == 0


def test_a_lost_phase_takes_a_third_of_the_small_machines_and_every_three_phase_one() -> None:
    state = lived(SETTLED, 5, LOST)
    phase = lost_phase(LAYOUT, "meter-1")
    gone = silent(state, LOST)
    assert {"unit-1", "unit-2", "ac-1"} <= gone
    single = [device for device in LAYOUT.machines if LAYOUT.phase[device] != THREE_PHASES]
    assert 0.2 < len(gone & set(single)) / len(single) < 0.5
    assert number(state, "meter-1", f"v.l{phase}") < 20
    assert number(state, "meter-1", f"i.l{phase}") == 0
    assert number(state, "circuit-light", f"v.l{phase}") < 20, "and every circuit sees it"


def test_a_phase_that_one_circuit_loses_is_there_for_the_others() -> None:
    faults = {"circuit-light": {"phase_lost": 1.0}}
    state = lived(SETTLED, 2, faults)
    phase = lost_phase(LAYOUT, "circuit-light")
    assert number(state, "circuit-light", f"v.l{phase}") < 20 < 200 < number(state, "meter-1", f"v.l{phase}")
    assert silent(state, faults) <= {"sign-1", "ambience-1", "sales-light-1", "sales-light-2"}


def test_an_overloaded_circuit_shows_at_the_main_meter_too() -> None:
    state = lived(SETTLED, 1, {"circuit-sockets": {"overload": 1.0}})
    more = number(state, "circuit-sockets", "p.total") - number(SETTLED, "circuit-sockets", "p.total")
    assert more > 1500
    untouched = number(lived(SETTLED, 1), "meter-1", "p.total")
    assert abs(number(state, "meter-1", "p.total") - untouched - more) < 20


def test_machines_that_were_moved_to_one_phase_show_at_their_circuits_and_at_the_main_meter() -> None:
    state = lived(SETTLED, 2, {"meter-1": {"phase_imbalance": 1.0}})
    for meter in ("meter-1", "circuit-light", "circuit-cold-2"):
        assert number(state, meter, "p.l1") > 2 * number(state, meter, "p.l2")
    circuits = [device for device in LAYOUT.machines if device.startswith("circuit")]
    assert abs(sum(number(state, one, "p.l1") for one in circuits) - number(state, "meter-1", "p.l1")) < 1


def test_a_dead_bus_silences_its_devices_and_stops_none() -> None:
    faults = {"freezer-1": {"bus_down": 1.0}}
    state = lived(SETTLED, 30, faults)
    on_the_bus = {machine.device for machine in REFERENCE.machines if machine.bus == "line-b"}
    assert silent(state, faults) == on_the_bus
    assert number(state, "freezer-2", "temp.control") < -17


def test_a_controller_that_hangs_is_silent_alone() -> None:
    faults = {"ac-2": {"controller_silent": 1.0}}
    assert silent(SETTLED, faults) == {"ac-2"}


def test_a_line_to_head_office_that_is_down_silences_nobody_in_the_store() -> None:
    faults = {GATEWAY: {"line_to_head_office_down": 1.0}}
    assert offline(SETTLED, faults)
    assert silent(SETTLED, faults) == frozenset()


def test_a_dip_of_the_mains_is_over_with_the_next_step() -> None:
    assert supply_of(LAYOUT, NO_FAULTS, dips=True).away
    assert supply_of(LAYOUT, NO_FAULTS, dips=False) == ALL_WELL
