"""What head office remembers of a store as a whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec

from collector.domain.store_memory import StoreMemory, minute_of, overlook
from edge_agent.contract.readings import Quality
from rules.memory import DeviceMemory, remember
from rules.shared import BUS_HOLD, NORMAL_FOR
from tests.unit.rules.judged import T0, freezer, said

CASES = [replace(freezer(f"freezer-{n}"), bus="a") for n in (1, 2)]
DEVICES = {case.id: case for case in CASES}
SILENT = remember(DeviceMemory(), said(0, temp_control=Quality.NO_ANSWER), {})
ANSWERS = remember(DeviceMemory(), said(0, temp_control=-20.0), {})


def seen(memory: DeviceMemory, minutes: int) -> StoreMemory:
    known = StoreMemory().pass_to(T0)
    for case in CASES:
        known = known.see(case, memory, T0)
    known = known.share(overlook(known, DEVICES, {}).memory)
    return known.pass_to(T0 + timedelta(minutes=minutes))


def test_it_stays_the_same_object_while_nothing_changes() -> None:
    known = seen(ANSWERS, 0)
    assert known.pass_to(T0 - timedelta(minutes=1)) is known
    assert known.see(CASES[0], ANSWERS, T0 + timedelta(minutes=1)) is known
    assert known.hear(frozenset({"temp.control"}), said(1, temp_air_off=1.0)) is known
    assert known.share(overlook(known, DEVICES, {}).memory) is known


def test_what_a_meter_says_of_its_load_is_written_down_when_it_changes_and_before_it_is_old() -> None:
    meter = replace(freezer("circuit-1", "circuit"), device_class="energy_meter")

    def told(minute: int, watts: float) -> DeviceMemory:
        return remember(DeviceMemory(), said(minute, p_total=watts), {})

    known = StoreMemory().see(meter, told(0, 900.0), T0)
    assert known.seen["circuit-1"].loaded is True
    assert known.see(meter, told(9, 800.0), T0 + timedelta(minutes=9)) is known
    assert known.see(meter, told(10, 800.0), T0 + timedelta(minutes=10)).seen["circuit-1"].at == T0 + timedelta(
        minutes=10
    )
    assert known.see(meter, told(1, 2.0), T0 + timedelta(minutes=1)).seen["circuit-1"].loaded is False


def test_it_finds_a_dead_bus_by_what_each_device_showed_last() -> None:
    known = seen(SILENT, BUS_HOLD // timedelta(minutes=1))
    (change,) = overlook(known, DEVICES, {}).changes
    assert (change.rule, change.device, change.kind, change.since) == ("bus.down", "freezer-1", "raised", T0)
    assert overlook(seen(ANSWERS, 9), DEVICES, {}).changes == ()
    assert overlook(StoreMemory(), DEVICES, {}).changes == ()


def test_a_bus_is_down_no_longer_once_no_device_is_listed_on_it() -> None:
    known = seen(SILENT, 5)
    known = known.share(overlook(known, DEVICES, {}).memory)
    moved = {id_: replace(case, bus="b") for id_, case in DEVICES.items()}
    assert overlook(known, moved, {}).changes == ()
    known = known.share(overlook(known, moved, {}).memory).pass_to(T0 + timedelta(minutes=5) + NORMAL_FOR)
    over = overlook(known, moved, {})
    assert [(one.rule, one.device, one.kind) for one in over.changes] == [("bus.down", "freezer-1", "cleared")]
    assert "bus.down:a" not in over.memory.alarms


def test_a_bus_that_is_listed_stays_down_while_nothing_on_it_is_heard() -> None:
    known = seen(SILENT, 5)
    ahead = known.share(overlook(known, DEVICES, {}).memory).fork()
    for minutes in (6, 60):
        overview = overlook(ahead.pass_to(T0 + timedelta(minutes=minutes)), DEVICES, {})
        assert (overview.changes, overview.memory) == ((), ahead.shared)


def test_a_fork_keeps_what_is_raised_and_a_join_what_the_time_before_heard() -> None:
    before = seen(SILENT, 5).hear(frozenset({"temp.control"}), said(1, temp_control=-20.0))
    raised = before.share(overlook(before, DEVICES, {}).memory)
    fork = raised.fork()
    assert (fork.at, fork.shared, fork.seen, fork.known.said) == (raised.at, raised.shared, {}, {})
    assert before.fork().shared.alarms == {}
    assert fork.join(raised).known == raised.known


def test_it_is_written_without_loss() -> None:
    known = seen(SILENT, 5).hear(frozenset({"temp.control"}), said(1, temp_control=-20.0))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(known), type=StoreMemory) == known


def test_a_minute_begins_with_the_clock() -> None:
    assert minute_of(None) < minute_of(T0)
    assert minute_of(T0) == minute_of(T0 + timedelta(seconds=59)) < minute_of(T0 + timedelta(seconds=60))
