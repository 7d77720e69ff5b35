"""The devices of a bus are exchanged between two turns: what is known of those that stay is not lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from edge_agent.contract.readings import Quality
from edge_agent.contract.text import same
from edge_agent.core.profile import Poll, Profile
from edge_agent.settings import SiteDevice
from tests.unit.edge_agent.points import CASE, CASE_IN_BLOCKS, PERIODS, device_of
from tests.unit.edge_agent.poller_bench import EVERY_POINT, Bench, qualities

STAYS, GOES, COMES = (device_of(CASE, unit, f"freezer-{unit}") for unit in (3, 4, 5))


def adopt(bench: Bench, *devices: SiteDevice, fast_s: float = 10) -> None:
    bench.poller.adopt(devices, PERIODS | {Poll.FAST: timedelta(seconds=fast_s)}, timedelta(minutes=5))


def test_who_stays_is_asked_in_its_rhythm_and_told_no_more_than_before() -> None:
    bench = Bench(STAYS, GOES)
    bench.turn()
    bench.turn(6.0)
    adopt(bench, STAYS, COMES)
    assert {telemetry.device for telemetry in bench.turn(1.0)} == {"freezer-5"}
    assert {unit for unit, _ in bench.line.asked} == {5}
    assert bench.turn(3.0) == []
    assert (3, 10) in bench.line.asked


def test_who_goes_is_neither_asked_nor_told() -> None:
    bench = Bench(STAYS, GOES)
    bench.turn()
    adopt(bench, STAYS)
    bench.turns(30.0)
    assert [device.device for device in bench.poller.health().devices] == ["freezer-3"]
    assert not bench.line.closed


def test_another_name_ends_nothing() -> None:
    bench = Bench(STAYS)
    bench.turn()
    adopt(bench, replace(STAYS, name=same("Ice cream"), duty="cold_room"))
    assert bench.turn(1.0) == []
    assert bench.line.asked == []


@pytest.mark.parametrize(
    ("mended", "quality"),
    [(CASE_IN_BLOCKS, Quality.GOOD), (replace(CASE, label=same("mended")), Quality.REFUSED)],
    ids=["asked otherwise", "only called otherwise"],
)
def test_another_map_is_read_wholly_and_what_is_asked_otherwise_no_longer_counts_as_refused(
    mended: Profile, quality: Quality
) -> None:
    bench = Bench(STAYS)
    del bench.line.words[20]
    assert qualities(bench.turn())["alarm.probe_control"] == Quality.REFUSED
    bench.line.words[20] = 0
    adopt(bench, replace(STAYS, profile=mended))
    told = qualities(bench.turn(1.0))
    assert set(told) == EVERY_POINT
    assert told["alarm.probe_control"] == quality


def test_what_a_device_refuses_stays_known() -> None:
    bench = Bench(STAYS)
    del bench.line.words[20]
    bench.turn()
    adopt(bench, STAYS, COMES)
    bench.turn(10.0)
    assert (3, 20) not in bench.line.asked


def test_a_silent_device_is_not_waited_for_anew() -> None:
    bench = Bench(STAYS)
    bench.line.silent = {3}
    bench.turns(40.0)
    adopt(bench, STAYS)
    assert not bench.poller.health().devices[0].answers


def test_a_quicker_rhythm_begins_with_the_next_poll() -> None:
    bench = Bench(STAYS)
    bench.turn()
    adopt(bench, STAYS, fast_s=5)
    bench.turn(5.0)
    assert (3, 10) in bench.line.asked
