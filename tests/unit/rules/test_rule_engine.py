"""Judging a device: pure, in event time, and insensitive to how telemetry is cut and mixed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.catalogue import DEVICE_CLASSES, DUTIES
from edge_agent.contract.readings import Device, Quality, Telemetry
from edge_agent.contract.text import same
from rules.engine import judge
from rules.load import load_rules
from rules.memory import DeviceMemory
from rules.model import Change
from tests.unit.rules.judged import MINUTE, T0, Said, book_in, freezer, judge_all, rule_text, said, telemetry

SHIPPED = load_rules()
VALUES: dict[str, st.SearchStrategy[Said]] = {
    "temp.control": st.one_of(st.floats(-40, 40), st.sampled_from(Quality).filter(lambda quality: quality != "good")),
    "temp.evaporator": st.floats(-40, 20),
    "defrost.active": st.booleans(),
    "state.mode": st.sampled_from(["cooling", "defrost", "idle"]),
    "in.door": st.one_of(st.booleans(), st.just(Quality.REFUSED)),
    "not.in.the.catalogue": st.one_of(st.floats(0, 1), st.booleans(), st.text(max_size=5)),
}
POINTS = st.fixed_dictionaries({}, optional=VALUES)
STORY = st.lists(st.tuples(st.integers(1, 30), POINTS), max_size=30)


def told(story: list[tuple[int, dict[str, Said]]], device: str = "freezer-1") -> list[Telemetry]:
    minute, all_ = 0, []
    for gap, points in story:
        minute += gap
        all_.append(telemetry(minute, points, device))
    return all_


def warm(*minutes: float, value: float = -5.0) -> list[Telemetry]:
    return [said(minute, temp_control=value, defrost_active=False, out_compressor=True) for minute in minutes]


def kinds(changes: tuple[Change, ...]) -> list[tuple[str, str]]:
    return [(change.rule, change.kind) for change in changes]


def test_it_raises_with_what_a_technician_needs() -> None:
    (change,) = judge_all(SHIPPED, freezer(), warm(0, 10, 20, 30)).changes
    assert (change.rule, change.kind, change.severity) == ("refrigeration.air_temperature_high", "raised", "critical")
    assert (change.since, change.at, change.evidence.held_for) == (T0, T0 + 30 * MINUTE, 30 * MINUTE)
    assert change.evidence.params == {"limit": -12, "back": 2}
    assert [value.point for value in change.evidence.values] == ["temp.control", "out.compressor", "defrost.active"]
    assert change.diagnosis


def test_it_clears_with_how_long_the_fault_lasted() -> None:
    change = judge_all(SHIPPED, freezer(), [*warm(0, 10, 20, 30), *warm(40, 50, value=-20)]).changes[-1]
    assert (change.kind, change.since, change.evidence.held_for) == ("cleared", T0, 40 * MINUTE)
    assert change.diagnosis == ()


def test_late_telemetry_leaves_alarms_as_they_are() -> None:
    before = judge_all(SHIPPED, freezer(), warm(0, 10, 20, 30)).memory
    for late in (15, 30):
        judged = judge(SHIPPED, freezer(), before, said(late, temp_control=-20.0))
        assert judged.changes == ()
        assert judged.memory.alarms == before.alarms
        assert judged.memory.at == before.at


def test_late_telemetry_tells_of_points_that_nothing_newer_is_known_of() -> None:
    memory = judge_all(SHIPPED, freezer(), [*warm(10), said(5, temp_control=3.0, in_door=True)]).memory
    assert memory.points["in.door"].value is True
    assert memory.points["temp.control"].value == -5


def test_the_time_of_an_untrusted_clock_decides_nothing() -> None:
    telemetry_ = said(0, temp_control=5.0, trusted=False)
    assert judge(SHIPPED, freezer(), DeviceMemory(), telemetry_).memory == DeviceMemory()


@pytest.mark.parametrize("year", [1, 1970, 9999])
def test_the_time_of_another_age_decides_nothing(year: int) -> None:
    told_ = replace(said(0, temp_control=5.0), at=T0.replace(year=year, month=12, day=31, hour=23))
    before = judge_all(SHIPPED, freezer(), warm(0)).memory
    assert judge(SHIPPED, freezer(), before, told_).memory == before


def test_a_point_that_is_not_reported_keeps_its_value() -> None:
    told_ = [*warm(0), *(said(minute, out_compressor=True) for minute in (5, 10, 15)), *warm(20, 30)]
    assert kinds(judge_all(SHIPPED, freezer(), told_).changes) == [("refrigeration.air_temperature_high", "raised")]


def test_a_device_of_an_unknown_class_is_not_judged() -> None:
    device = Device(
        id="x", device_class="oven", duty="baking", profile="p", profile_version=1, proven=False, name=same("x")
    )
    assert judge_all(SHIPPED, device, warm(0, 30)).memory.alarms == {}


def test_a_device_of_an_unknown_duty_is_judged_by_the_rules_for_all() -> None:
    silent = [said(minute, temp_control=Quality.NO_ANSWER) for minute in (0, 10)]
    judged = judge_all(SHIPPED, freezer(duty="ice_cream"), [*warm(-60, -30), *silent])
    assert kinds(judged.changes) == [("device.silent", "raised")]


def test_a_rule_that_is_inhibited_raises_when_the_other_is_over(tmp_path: Path) -> None:
    other = (
        rule_text(id_="refrigeration.door").replace("temp.control > limit", "in.door").replace("for: 30m", "for: 0s")
    )
    book = book_in(tmp_path, rule_text("inhibited_by: [refrigeration.door]"), other)
    opened = [said(minute, temp_control=0.0, in_door=True) for minute in range(0, 50, 10)]
    shut = [said(50, temp_control=0.0, in_door=False)]
    assert kinds(judge_all(book, freezer(), opened).changes) == [("refrigeration.door", "raised")]
    after = judge_all(book, freezer(), [*opened, *shut]).changes[1:]
    assert kinds(after) == [("refrigeration.door", "cleared"), ("refrigeration.too_warm", "raised")]
    assert after[1].since == T0


@given(STORY, st.integers(0, 30))
def test_it_does_not_matter_how_telemetry_is_cut_into_batches(
    story: list[tuple[int, dict[str, Said]]], cut: int
) -> None:
    whole = judge_all(SHIPPED, freezer(), told(story))
    first = judge_all(SHIPPED, freezer(), told(story)[:cut])
    stored = msgspec.msgpack.decode(msgspec.msgpack.encode(first.memory), type=DeviceMemory)
    second = judge_all(SHIPPED, freezer(), told(story)[cut:], stored)
    assert first.changes + second.changes == whole.changes
    assert second.memory == whole.memory


@given(STORY)
def test_telling_it_twice_changes_nothing(story: list[tuple[int, dict[str, Said]]]) -> None:
    once = judge_all(SHIPPED, freezer(), told(story))
    twice = judge_all(SHIPPED, freezer(), [each for each in told(story) for _ in range(2)])
    assert twice == once


@given(STORY, STORY, st.randoms())
def test_it_does_not_matter_how_devices_are_mixed(
    one: list[tuple[int, dict[str, Said]]], other: list[tuple[int, dict[str, Said]]], random: Random
) -> None:
    queues = {"freezer-1": told(one), "freezer-2": told(other, "freezer-2")}
    alone = {id_: judge_all(SHIPPED, freezer(id_), queue) for id_, queue in queues.items()}
    memories: dict[str, DeviceMemory] = {}
    while ready := [id_ for id_, queue in queues.items() if queue]:
        id_ = random.choice(ready)
        memories[id_] = judge(SHIPPED, freezer(id_), memories.get(id_, DeviceMemory()), queues[id_].pop(0)).memory
    assert all(memories.get(id_, DeviceMemory()) == judged.memory for id_, judged in alone.items())


@given(STORY)
def test_memory_and_changes_survive_being_written(story: list[tuple[int, dict[str, Said]]]) -> None:
    judged = judge_all(SHIPPED, freezer(), told(story))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(judged.memory), type=DeviceMemory) == judged.memory
    assert msgspec.json.decode(msgspec.json.encode(judged.memory), type=DeviceMemory) == judged.memory
    changes = judged.changes
    assert msgspec.json.decode(msgspec.json.encode(changes), type=tuple[Change, ...]) == changes


@given(STORY)
def test_what_is_cleared_was_raised_before(story: list[tuple[int, dict[str, Said]]]) -> None:
    open_: dict[str, Change] = {}
    for change in judge_all(SHIPPED, freezer(), told(story)).changes:
        if change.kind == "raised":
            assert change.rule not in open_
            open_[change.rule] = change
        else:
            assert open_.pop(change.rule).since == change.since


@pytest.mark.parametrize("device_class", DEVICE_CLASSES)
def test_every_class_has_rules(device_class: str) -> None:
    for duty in ("", *DUTIES):
        assert SHIPPED.plan(replace(freezer(duty=duty), device_class=device_class)).rules
