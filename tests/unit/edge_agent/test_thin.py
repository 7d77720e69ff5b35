"""Thinned telemetry: one entry of each device for a block of time, and no change of state lost or moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.readings import Quality, Reading, Telemetry, Value
from edge_agent.outbox.thin import Sample, thin
from tests.unit.edge_agent.bodies import NOON

BLOCK = timedelta(minutes=5)


def told(second: int, device: str = "a", boot: str = "boot-1", **points: Value | None) -> Telemetry:
    return telling(second, device, boot, points)


def telling(second: int, device: str, boot: str, points: Mapping[str, Value | None]) -> Telemetry:
    """None is a reading without an answer."""
    readings = (
        Reading(point=point, value=value, quality=Quality.GOOD if value is not None else Quality.NO_ANSWER)
        for point, value in points.items()
    )
    at = NOON + timedelta(seconds=second)
    return Telemetry(device=device, at=at, boot=boot, mono=float(second), clock_trusted=True, readings=tuple(readings))


def numbered(*telemetries: Telemetry) -> list[Sample]:
    return list(enumerate(telemetries, start=1))


def test_a_block_becomes_one_entry_with_the_last_of_each_point() -> None:
    samples = numbered(told(0, x=1.0, y=5.0), told(60, x=2.0), told(120, z=7.0))
    assert thin(samples, BLOCK) == {3: told(120, x=2.0, y=5.0, z=7.0)}


def test_each_block_and_each_device_has_its_own() -> None:
    samples = numbered(told(0, x=1.0), told(10, "b", x=2.0), told(290, x=3.0), told(300, x=4.0))
    assert thin(samples, BLOCK) == {2: told(10, "b", x=2.0), 3: told(290, x=3.0), 4: told(300, x=4.0)}


def test_the_numbers_that_become_free_lie_together() -> None:
    samples = numbered(told(0, x=1.0), told(1, "b", x=1.0), told(2, x=2.0), told(3, "b", x=2.0))
    assert sorted(thin(samples, BLOCK)) == [3, 4]
    samples = numbered(told(0, "b", x=1.0), told(1, x=1.0), told(2, x=2.0), told(3, x=3.0))
    assert sorted(thin(samples, BLOCK)) == [3, 4]


def test_an_entry_that_changes_a_flag_a_word_or_a_quality_stays_as_it_is() -> None:
    samples = numbered(
        told(0, x=1.0, on=False), told(10, x=2.0), told(20, x=3.0, on=True), told(30, x=4.0), told(40, x=None)
    )
    assert thin(samples, BLOCK) == {
        2: told(10, x=2.0, on=False),
        3: told(20, x=3.0, on=True),
        4: told(30, x=4.0),
        5: told(40, x=None),
    }


def test_times_of_two_clocks_are_not_mixed() -> None:
    samples = numbered(told(0, x=1.0), told(10, boot="boot-2", x=2.0))
    assert len(thin(samples, BLOCK)) == 2
    samples = numbered(told(10, x=1.0), told(0, x=2.0))
    assert len(thin(samples, BLOCK)) == 2


Step = tuple[str, int, dict[str, Value | None]]
values = st.one_of(st.none(), st.booleans(), st.sampled_from([1.0, 2.0]), st.sampled_from(["cooling", "defrost"]))
steps = st.tuples(
    st.sampled_from("abc"), st.integers(0, 90), st.dictionaries(st.sampled_from("xyz"), values, min_size=1)
)


@given(st.lists(steps, max_size=60))
def test_nothing_but_numbers_within_a_block_is_lost(
    given_steps: list[tuple[str, int, dict[str, Value | None]]],
) -> None:
    second, samples = 0, []
    for seq, (device, later, points) in enumerate(given_steps, start=7):
        second += later
        samples.append((seq, telling(second, device, "boot-1", points)))
    left = sorted(thin(samples, BLOCK).items())
    assert {seq for seq, _ in left} <= {seq for seq, _ in samples}
    assert states_of(left) == states_of(samples)
    assert last_of_blocks(left) == last_of_blocks(samples)
    for device in "abc":
        times = [telemetry.at for _, telemetry in left if telemetry.device == device]
        assert times == sorted(times)


def states_of(samples: list[Sample]) -> dict[tuple[str, str], list[object]]:
    """Of each point, what it was in turn, where that is more than a number; repetitions left out."""
    states: dict[tuple[str, str], list[object]] = defaultdict(list)
    for _, telemetry in samples:
        for reading in telemetry.readings:
            was = states[telemetry.device, reading.point]
            state = (reading.quality, None if isinstance(reading.value, float) else reading.value)
            if not was or was[-1] != state:
                was.append(state)
    return states


def last_of_blocks(samples: list[Sample]) -> dict[tuple[str, str, int], Value | None]:
    return {
        (telemetry.device, reading.point, (telemetry.at - NOON) // BLOCK): reading.value
        for _, telemetry in samples
        for reading in telemetry.readings
    }
