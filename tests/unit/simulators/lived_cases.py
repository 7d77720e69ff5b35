"""Cases that live for hours in a test, alone or on a shared unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, islice, pairwise
from typing import NamedTuple

from simulators.plants import case, condensing_unit
from simulators.plants.case import Case
from simulators.plants.condensing_unit import CondensingUnit
from simulators.plants.surroundings import Surroundings

AROUND = Surroundings(outdoor=31.0, room=25.0, humidity=60.0, customers_per_hour=40.0, chance=0.5)
"""An ISO 23953 climate class 3 indoors (25 °C, 60 %RH), a warm day outdoors."""

DUTIES = ("freezer", "open_chiller", "chiller", "island_freezer", "cold_room")
NO_FAULT: Mapping[str, float] = {}


class Plant(NamedTuple):
    unit: CondensingUnit
    cases: tuple[Case, ...]


def chances(step: int) -> float:
    """A fixed sequence that is spread evenly."""
    return (step * 0.61803398875) % 1


def lived(
    start: Case, faults: Mapping[str, float] = NO_FAULT, around: Surroundings = AROUND, seconds: float = 60.0
) -> Iterator[Case]:
    """The case after each further step."""
    for number in count():
        start = case.step(start, seconds, around._replace(chance=chances(number)), faults)
        yield start


def hours(
    start: Case,
    length: float,
    faults: Mapping[str, float] = NO_FAULT,
    around: Surroundings = AROUND,
    seconds: float = 60.0,
) -> list[Case]:
    return list(islice(lived(start, faults, around, seconds), round(length * 3600 / seconds)))


def settled(duty: str, around: Surroundings = AROUND, *, cooling: bool | None = None) -> Case:
    """A case that has had its day; `cooling`: at an instant when it does or does not cool, no defrost near."""
    case_now = hours(case.start(duty), 26, around=around)[-1]
    if cooling is None:
        return case_now
    mode = "cooling" if cooling else "idle"
    return next(
        one
        for one in lived(case_now, around=around)
        if one.controller.mode == mode and one.controller.in_mode > 120 and one.controller.defrost_in > 7200
    )


def shared(
    duties: Sequence[str],
    length: float,
    faults: Mapping[str, float] = NO_FAULT,
    around: Surroundings = AROUND,
    seconds: float = 60.0,
    start: Plant | None = None,
) -> list[Plant]:
    """A unit and the cases that it feeds, after each step."""
    plant = start or Plant(
        condensing_unit.start(duties), tuple(case.start(duty, 3600.0 * n, fed=True) for n, duty in enumerate(duties, 1))
    )
    return list(islice(_shared(plant, faults, around, seconds), round(length * 3600 / seconds)))


def duty_of(lives: Sequence[Case]) -> float:
    """The share of time that its compressor or valve was on."""
    return sum(one.drive.compressor for one in lives) / len(lives)


def starts_per_hour(lives: Sequence[Case], seconds: float = 60.0) -> float:
    starts = sum(after.drive.compressor and not before.drive.compressor for before, after in pairwise(lives))
    return starts * 3600 / seconds / len(lives)


def kwh_a_day(lives: Sequence[Case]) -> float:
    return sum(case.power(one) for one in lives) / len(lives) * 24 / 1000


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _shared(plant: Plant, faults: Mapping[str, float], around: Surroundings, seconds: float) -> Iterator[Plant]:
    for number in count():
        now = around._replace(chance=chances(number))
        unit = condensing_unit.step(plant.unit, seconds, now, faults, [case.draw(one) for one in plant.cases])
        feed = condensing_unit.feed(unit)
        plant = Plant(unit, tuple(case.step(one, seconds, now, NO_FAULT, feed) for one in plant.cases))
        yield plant
