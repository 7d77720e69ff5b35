"""A dead bus and a power cut: what shows them, and what only looks like them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from edge_agent.contract.readings import Device, Quality
from rules.causes import SHIPPED, load_causes
from rules.families import FOUND_BY_HEAD_OFFICE
from rules.folding import OpenCase, fold
from rules.kinship import Key, Kin, Topology, kinship_of
from rules.memory import DeviceMemory, remember
from rules.model import Above, Change
from rules.shared import FAULTS, OTHERS, SharedMemory, Sight, oversee, sight_of, why_unheard
from tests.unit.rules.folded import change
from tests.unit.rules.judged import MINUTE, T0, Said, freezer, telemetry

CAUSES = load_causes([SHIPPED / "store.yaml"]).by_class["store"]


def device(id_: str, bus: str = "a", device_class: str = "refrigeration_case", duty: str = "") -> Device:
    return replace(freezer(id_, duty), device_class=device_class, bus=bus)


def sights(silent: str = "", mains: dict[str, bool] | None = None) -> list[Sight]:
    """Two devices on each of two buses; `silent` names those that do not answer."""
    every = (device("case-1"), device("case-2"), device("meter", "b"), device("ups", "b"))
    off = silent.split()
    return [Sight(device=each, silent=each.id in off, mains=(mains or {}).get(each.id)) for each in every]


class Story:
    """Looks at a store minute by minute."""

    def __init__(self) -> None:
        self.memory, self.at, self.changes = SharedMemory(), T0, list[Change]()

    def stays(self, seen: list[Sight], minutes: int) -> Story:
        for _ in range(minutes):
            self.at += MINUTE
            overview = oversee(seen, self.memory, self.at, CAUSES)
            self.memory = msgspec.json.decode(msgspec.json.encode(overview.memory), type=SharedMemory)
            self.changes += overview.changes
        return self

    def told(self) -> list[str]:
        return [f"{each.kind} {each.rule} {each.device}" for each in self.changes]


def test_a_bus_whose_devices_are_all_silent_is_down_until_one_answers() -> None:
    story = Story().stays(sights(), 2).stays(sights("case-1 case-2"), 6).stays(sights("case-2"), 5)
    assert story.told() == ["raised bus.down case-1", "cleared bus.down case-1"]
    assert "None of the 2 devices on bus a answers: case-1, case-2" in story.changes[0].evidence.condition.en


@pytest.mark.parametrize(
    ("feeders", "loaded", "first"),
    [
        (("c", "c"), False, "circuit_tripped"),
        (("c", "c"), True, "bus_down"),
        (("c", "c"), None, "bus_down"),
        (("c", ""), False, "bus_down"),
    ],
)
def test_a_bus_whose_devices_all_hang_on_a_dead_circuit_is_no_broken_line(
    feeders: tuple[str, str], loaded: bool | None, first: str
) -> None:
    cases = [replace(device(f"case-{n}"), fed_by=feeder) for n, feeder in enumerate(feeders)]
    meter = Sight(device=device("c", "b", "energy_meter", "circuit"), silent=False, loaded=loaded)
    silent = [Sight(device=each, silent=True) for each in cases]
    story = Story().stays([meter, *silent], 6)
    (raised,) = story.changes
    assert raised.diagnosis[0].id == first
    story.stays([replace(meter, loaded=not loaded), *silent], 6)
    assert story.memory.alarms["bus.down:a"].causes[0] == first


def test_it_is_told_before_its_devices_are_called_silent() -> None:
    assert Story().stays(sights("case-1 case-2"), 5).changes[0].at - T0 < timedelta(minutes=10)


def test_one_silent_device_is_no_dead_bus() -> None:
    alone = [Sight(device=device("case-1"), silent=True)]
    assert Story().stays(sights("case-1"), 30).stays(alone, 30).told() == []


def test_a_restart_of_a_line_is_no_dead_bus() -> None:
    assert Story().stays(sights("case-1 case-2"), 3).stays(sights(), 5).told() == []


def test_who_sees_the_mains_tells_of_a_power_cut() -> None:
    story = Story().stays(sights(mains={"ups": False}), 4).stays(sights(mains={"ups": True}), 4)
    assert story.told() == ["raised store.power_cut _gateway", "cleared store.power_cut _gateway"]
    first = story.changes[0]
    assert "seen by ups" in first.evidence.condition.en
    assert [cause.id for cause in first.diagnosis] == ["store_power_cut", "main_switch_tripped"]
    assert first.diagnosis[0].food_at_risk


def test_a_dip_of_a_minute_is_no_power_cut() -> None:
    assert Story().stays(sights(mains={"ups": False}), 1).stays(sights(mains={"ups": True}), 9).told() == []


def test_an_ups_whose_plug_was_pulled_is_no_power_cut() -> None:
    assert Story().stays(sights(mains={"ups": False, "meter": True}), 30).told() == []


def test_an_ups_alone_is_not_believed_while_machines_answer_that_live_on_the_mains() -> None:
    ups = Sight(device=device("ups", "b", "ups"), silent=False, mains=False)
    assert Story().stays([Sight(device=device("case-1"), silent=False), ups], 30).told() == []
    assert Story().stays([Sight(device=device("case-1"), silent=True), ups], 4).told() == [
        "raised store.power_cut _gateway"
    ]


def test_where_nothing_sees_the_mains_all_lines_must_fall_silent() -> None:
    assert "raised store.power_cut _gateway" in Story().stays(sights("case-1 case-2 meter ups"), 4).told()
    assert "raised store.power_cut _gateway" not in Story().stays(sights("case-1 case-2 meter"), 30).told()


def test_buses_that_fall_silent_in_a_power_cut_fold_under_it() -> None:
    story = Story().stays(sights("case-1 case-2 meter ups"), 9)
    kinship = kinship_of((), OTHERS)
    topology = Topology(devices={sight.device.id: sight.device for sight in sights()})
    cases: dict[Key, OpenCase] = {}
    for each in story.changes:
        cases, _ = fold(cases.values(), each, kinship, topology, story.at)
    assert {(case.device, case.family): len(case.alarms) for case in cases.values()} == {("_gateway", "outage"): 3}


def test_a_store_that_is_unheard_in_a_power_cut_folds_under_it() -> None:
    cases, _ = fold((), change(0, "_gateway", "store.power_cut"), OTHERS, Topology(), T0)
    cases, writes = fold(cases.values(), change(8, "_gateway", "store.offline"), OTHERS, Topology(), T0)
    assert [write.kind for write in writes] == ["fold"]


def test_a_store_that_falls_silent_when_its_ups_is_empty_folds_under_that() -> None:
    kinship = {**OTHERS, "ups.on_battery": Kin(family="supply")}
    cases, _ = fold((), change(0, "ups-1", "ups.on_battery"), kinship, Topology(), T0)
    cases, writes = fold(cases.values(), change(40, "_gateway", "store.offline"), kinship, Topology(), T0)
    assert [(write.kind, write.case.device) for write in writes] == [("fold", "ups-1")]


def test_what_head_office_finds_is_known_to_who_reads_rules() -> None:
    assert OTHERS.keys() <= FOUND_BY_HEAD_OFFICE
    assert FAULTS.keys() <= OTHERS.keys()
    assert OTHERS["bus.down"] == Kin(
        family="bus",
        folds_under=(Above(of="store", family="outage"), Above(of="feeder", family="circuit")),
        hold=timedelta(minutes=4),
    )
    assert {id_ for fault in FAULTS.values() for id_ in fault.causes} <= CAUSES.keys()


@pytest.mark.parametrize(
    ("device_class", "duty", "points", "mains"),
    [
        ("ups", "", {"on_battery": True, "mains_ok": True}, False),
        ("ups", "", {"mains_ok": True}, True),
        ("dry_contact", "", {"in.mains": False}, False),
        ("dry_contact", "", {"in.water": False}, None),
        ("energy_meter", "store_supply", {"v.l1": 3.0, "v.l2": 0.0}, False),
        ("energy_meter", "store_supply", {"v.l1": 3.0, "v.l2": 229.0}, True),
        ("energy_meter", "circuit", {"v.l1": 0.0}, None),
        ("ups", "", {"on_battery": Quality.REFUSED}, None),
    ],
)
def test_some_devices_see_the_mains(device_class: str, duty: str, points: dict[str, Said], mains: bool | None) -> None:
    memory = remember(DeviceMemory(), telemetry(0, points), {})
    seen = sight_of(device("x", device_class=device_class, duty=duty), memory, T0)
    assert (seen.mains, seen.silent) == (mains, False)


def test_what_a_silent_or_old_witness_said_counts_no_more() -> None:
    ups = device("ups", device_class="ups")
    memory = remember(DeviceMemory(), telemetry(0, {"on_battery": True}), {})
    assert sight_of(ups, memory, T0 + timedelta(minutes=21)).mains is None
    gone = remember(memory, telemetry(1, {"on_battery": Quality.NO_ANSWER, "charge_pct": Quality.NO_ANSWER}), {})
    assert (sight_of(ups, gone, T0 + MINUTE).mains, sight_of(ups, gone, T0 + MINUTE).silent) == (None, True)


def test_a_gateway_that_ran_on_had_lost_its_line() -> None:
    assert why_unheard("m1.a", "m1.b") == why_unheard("m1.a", "m1.a") == "line_to_head_office_down"
    assert why_unheard("m1.a", "m2.a") == "store_power_cut"


def test_a_store_of_which_nothing_is_known_is_not_judged() -> None:
    assert oversee([], SharedMemory(), T0, CAUSES).changes == ()
