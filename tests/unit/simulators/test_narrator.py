"""What is told of a store, in both languages."""

from __future__ import annotations

from datetime import timedelta

from simulators.faults import Injection, active
from simulators.narrator import happenings
from simulators.store import advance, start
from tests.unit.simulators.demo_store import MORNING, PLACES, TIMEZONE


def told(minutes: int, *injections: Injection, defrosts: dict[str, timedelta] | None = None) -> list[str]:
    places = {place.device: place for place in PLACES}
    state = start(PLACES, MORNING, TIMEZONE, defrosts)
    lines: list[str] = []
    for _ in range(minutes * 6):
        before = {device: active(injections, device, state.at - MORNING) for device in places}
        after = {device: active(injections, device, state.at + timedelta(seconds=10) - MORNING) for device in places}
        then = advance(state, after)
        lines += [f"{one.text.en} / {one.text.zh}" for one in happenings(places, state, then, (before, after))]
        state = then
    return lines


def test_it_tells_of_a_fault_when_it_is_injected_and_once() -> None:
    lines = told(10, Injection(device="freezer-1", fault="compressor_dead", at=timedelta(minutes=5)))
    assert lines == ["Freezer 1: compressor stops (fault injected) / 冷冻柜 1:压缩机停转(注入的故障)"]


def test_it_tells_of_a_defrost_and_its_end() -> None:
    lines = [line for line in told(20, defrosts={"freezer-1": timedelta(minutes=1)}) if "defrost" in line]
    assert [line.split(" / ")[0] for line in lines] == [
        "Freezer 1: defrost begins",
        "Freezer 1: defrost ends, water drips off",
    ]


def test_it_tells_the_temperatures_every_quarter_of_an_hour() -> None:
    lines = told(31)
    assert sum("°C" in line for line in lines) == 2
    assert "Air conditioner 1" in next(line for line in lines if "°C" in line)
