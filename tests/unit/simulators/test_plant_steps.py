"""The length of a step changes nothing that matters, and a step costs little."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.plants import cabinet, case
from simulators.plants.cabinet import Around, Cabinet
from simulators.plants.kinds import KINDS
from tests.unit.simulators.lived_cases import AROUND, DUTIES, hours, kwh_a_day, mean, settled, shared

BUDGET = 30e-6  # s of processor time for a step of 60 s, on the machine that the budget was made for
LOOP = 0.0125  # s that the loop below takes there


@st.composite
def circumstances(draw: st.DrawFn) -> Around:
    number = st.floats
    return Around(
        room=draw(number(5, 40)),
        vapour=draw(number(0.002, 0.02)),
        leak=draw(number(0.5, 150)),
        heat=draw(number(0, 300)),
        airflow=draw(st.sampled_from([0.0, 0.5, 1.0])),
        coil_heat=draw(st.sampled_from([0.0, 1500.0])),
        kept_ice=draw(number(0, 20)),
        goods=draw(number(0, 500)),
        radiation=draw(number(0, 8)),
        draw=draw(number(0, 700)),
        sink=draw(number(-60, 0)),
    )


@settings(max_examples=150, deadline=None)
@given(duty=st.sampled_from(DUTIES), around=circumstances(), air=st.floats(-25, 20), coil=st.floats(-40, -1))
def test_a_cabinet_is_after_one_minute_where_six_steps_of_ten_seconds_lead(
    duty: str, around: Around, air: float, coil: float
) -> None:
    build = KINDS[duty].build
    long = cabinet.step(Cabinet(air, air, air, coil, 0.2), build, 60.0, around)
    short = Cabinet(air, air, air, coil, 0.2)
    for _ in range(6):
        short = cabinet.step(short, build, 10.0, around)
    thawed = short.coil > 0.0  # melting begins inside the minute, which a long step sees one step late
    assert long.air == pytest.approx(short.air, abs=2.5 if thawed else 0.4)
    assert long.food == pytest.approx(short.food, abs=0.1)
    assert thawed or long.coil == pytest.approx(short.coil, abs=0.6)
    assert thawed or long.frost == pytest.approx(short.frost, abs=0.05)


@settings(max_examples=60, deadline=None)
@given(duty=st.sampled_from(DUTIES), around=circumstances(), air=st.floats(-25, 20), seconds=st.floats(1, 3600))
def test_no_step_overshoots_what_drives_it(duty: str, around: Around, air: float, seconds: float) -> None:
    after = cabinet.step(Cabinet(air, air, air, air, 0.0), KINDS[duty].build, seconds, around)
    if not around.coil_heat and not around.heat:
        ends = (air, around.room, around.sink)
        assert min(ends) - 0.5 <= after.air <= max(ends) + 0.5


@pytest.mark.parametrize("duty", DUTIES)
def test_a_day_in_minutes_is_the_day_in_tens_of_seconds(duty: str) -> None:
    start = settled(duty)
    long, short = hours(start, 48), hours(start, 48, seconds=10.0)
    assert mean([one.cabinet.air for one in long]) == pytest.approx(mean([one.cabinet.air for one in short]), abs=0.1)
    assert long[-1].cabinet.food == pytest.approx(short[-1].cabinet.food, abs=0.15)
    assert max(map(case.product, long)) == pytest.approx(max(map(case.product, short)), abs=0.3)
    assert kwh_a_day(long) == pytest.approx(kwh_a_day(short), rel=0.05)
    assert sum(one.controller.mode == "defrost" for one in long) == pytest.approx(
        sum(one.controller.mode == "defrost" for one in short) / 6, abs=20
    )


@pytest.mark.parametrize(
    "fault", ["compressor_dead", "evaporator_fan_dead", "refrigerant_leak_slow", "evaporator_iced"]
)
def test_a_fault_in_minutes_is_the_fault_in_tens_of_seconds(fault: str) -> None:
    start = settled("freezer", cooling=True)
    long, short = hours(start, 6, {fault: 0.6}), hours(start, 6, {fault: 0.6}, seconds=10.0)
    assert long[-1].cabinet.food == pytest.approx(short[-1].cabinet.food, abs=0.3)
    assert case.product(long[-1]) == pytest.approx(case.product(short[-1]), abs=0.4)


@pytest.mark.parametrize("duties", [("open_chiller", "chiller", "cold_room"), ("freezer", "island_freezer")])
def test_a_shared_unit_in_minutes_is_the_unit_in_tens_of_seconds(duties: tuple[str, ...]) -> None:
    start = shared(duties, 24)[-1]
    long, short = shared(duties, 24, start=start), shared(duties, 24, seconds=10.0, start=start)
    for one, other in zip(long[-1].cases, short[-1].cases, strict=True):
        assert one.cabinet.food == pytest.approx(other.cabinet.food, abs=0.2)
    powers = [mean([plant.unit.electric for plant in lives]) for lives in (long, short)]
    assert powers[0] == pytest.approx(powers[1], rel=0.08)


def test_a_step_of_a_minute_costs_no_more_than_its_budget() -> None:
    """Measured against a loop of the same interpreter, so that a slow machine does not fail it."""
    rounds = 1500
    one = settled("open_chiller")
    faster = min(_loop() for _ in range(5))
    spent = min(_steps(one, rounds) for _ in range(3))
    assert spent / rounds < BUDGET * max(1.0, faster / LOOP)


def _loop() -> float:
    began = time.process_time()
    total = 0.0
    for number in range(200_000):
        total += number * 0.5
    return time.process_time() - began


def _steps(one: case.Case, rounds: int) -> float:
    around = AROUND._replace(chance=0.3)
    began = time.process_time()
    for _ in range(rounds):
        one = case.step(one, 60.0, around)
    return time.process_time() - began
