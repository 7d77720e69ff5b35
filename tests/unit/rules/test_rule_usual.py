"""What is usual: learned by hour and weather, robust, honest about what is not learned yet, and small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import sin, tau
from random import Random

import pytest

from edge_agent.contract.readings import Telemetry
from rules.book import book_of
from rules.memory import DeviceMemory
from rules.neighbours import Neighbourhood, Neighbours, Setting, note
from rules.usual import SIZE, Hour, joined, spread_of, teach, usual
from tests.unit.rules.followed import book_for, judged, rule_of, says
from tests.unit.rules.judged import freezer, said, telemetry

Level = Callable[[int, float], float]
OPEN = range(7, 22)


def busy(hour: int, _outdoor: float) -> float:
    """1 kW in the night, 3 kW while open, 1 more on Sundays."""
    return 1.0 + 2.0 * (hour % 24 in OPEN) + 1.0 * (hour % 168 >= 144)


def learned(level: Level, days: int, *, noise: float = 0.1, outdoor: Level | None = None) -> bytes:
    random, known = Random(1), b""
    for number in range(days * 24):
        air = None if outdoor is None else outdoor(number, 0.0)
        known = teach(known, Hour(number, number % 168, air), level(number, air or 0.0) + random.gauss(0, noise))
    return known


def warm_and_cold(hour: int, _: float) -> float:
    """A summer: each day has its course, and some weeks are hotter than others."""
    return 25 + 6 * sin(tau * hour / 24) + 5 * sin(tau * hour / 24 / 9)


def cooling(hour: int, outdoor: float) -> float:
    return busy(hour, outdoor) + 0.2 * (outdoor - 25)


def test_nothing_is_usual_before_fourteen_days() -> None:
    known = learned(busy, 14)
    assert usual(known, Hour(14 * 24 - 1, 10, None)) is None
    assert usual(known, Hour(14 * 24, 10, None)) is not None
    assert usual(b"", Hour(0, 0, None)) is None


def test_half_a_fortnight_of_hours_is_not_enough() -> None:
    known = b""
    for number in range(0, 15 * 24, 2):
        known = teach(known, Hour(number, number % 168, None), 1.0)
    assert usual(known, Hour(15 * 24, 10, None)) is None


def test_it_knows_the_hours_of_the_day() -> None:
    known = learned(busy, 15)
    assert usual(known, Hour(15 * 24, 3, None)) == pytest.approx(1.0, abs=0.3)
    assert usual(known, Hour(15 * 24, 12, None)) == pytest.approx(3.0, abs=0.3)


def test_the_oftener_it_saw_a_weekday_the_more_it_believes_that_it_differs() -> None:
    sunday = Hour(15 * 24, 144 + 12, None)
    after = [usual(learned(busy, days), replace(sunday, number=days * 24)) for days in (15, 57, 183)]
    assert after == sorted(after)  # type: ignore[type-var]  # none of them is unknown
    assert after[-1] == pytest.approx(4.0, abs=0.3)


def test_a_wild_hour_moves_it_little() -> None:
    known = learned(busy, 30)
    wild = teach(known, Hour(720, 12, None), 1000.0)
    before, after = (usual(one, Hour(721, 12, None)) for one in (known, wild))
    assert after == pytest.approx(before, abs=0.3)


def test_what_has_changed_for_good_becomes_usual() -> None:
    known = learned(busy, 30)
    for number in range(720, 720 + 90 * 24):
        known = teach(known, Hour(number, number % 168, None), busy(number, 0.0) + 2.0)
    assert usual(known, Hour(3000, 12, None)) == pytest.approx(5.0, abs=0.4)


def test_its_spread_is_the_mean_distance() -> None:
    assert spread_of(learned(busy, 60, noise=0.5), Hour(1440, 12, None)) == pytest.approx(0.4, abs=0.25)


def test_it_allows_for_the_weather() -> None:
    known = learned(cooling, 45, outdoor=warm_and_cold)
    mild, hot = (usual(known, Hour(45 * 24, 12, outdoor)) for outdoor in (25.0, 35.0))
    assert mild is not None
    assert hot is not None
    assert hot - mild == pytest.approx(2.0, abs=0.5)


def test_it_is_small_and_stays_so() -> None:
    assert SIZE < 1300
    assert len(learned(busy, 30)) == SIZE


@pytest.mark.parametrize("extreme", [1e29, -1e29, 0.0])
def test_no_number_breaks_it(extreme: float) -> None:
    known = b""
    for number in range(400):
        known = teach(known, Hour(number, number % 168, extreme), extreme if number % 2 else 1.0)
    assert usual(known, Hour(500, 3, extreme)) is not None


def test_two_parts_keep_the_hours_that_either_was_taught_more_of() -> None:
    day, night = b"", b""
    for number in range(14 * 24):
        hour = Hour(number, number % 168, None)
        day = teach(day, hour, 3.0) if number % 24 in OPEN else day
        night = teach(night, hour, 1.0) if number % 24 not in OPEN else night
    whole = joined(day, night)
    assert (usual(whole, Hour(336, 12, None)), usual(whole, Hour(336, 3, None))) == (3.0, 1.0)
    assert joined(b"", day) == joined(day, b"") == day


def months(days: int, *, fault_from: int | None = None) -> list[Telemetry]:
    return [
        said(minute, temp_control=-20.0 + (15 if fault_from is not None and minute >= fault_from * 1440 else 0))
        for minute in range(0, days * 1440, 15)
    ]


def test_a_device_learns_what_its_rules_ask_for() -> None:
    book = book_for("usual(temp.control)", "spread_of_usual(temp.control)", "usual(avg(temp.control, 3h))")
    assert says(book, judged(book, months(13))) == (None, None, None)
    known = judged(book, months(16))
    assert says(book, known) == (-20, 0, -20)
    assert {len(one) for one in known.history.usual.values()} == {SIZE}


def test_it_is_not_taught_while_an_alarm_is_raised() -> None:
    book = book_of([*book_for("usual(temp.control)").rules, rule_of("temp.control > -10", "test.warm")])
    memory = judged(book, months(18, fault_from=16))
    assert memory.alarms["test.warm"].raised
    assert says(book, memory) == (-20, -5)


def test_the_hours_are_those_of_the_store() -> None:
    setting = Setting(id="store-1", timezone="Asia/Shanghai", devices={"freezer-1": freezer()})
    book, around = book_for("usual(temp.control)"), Neighbours(setting=setting)
    told = [
        said(minute, temp_control=5.0 if (minute // 60 + 10) % 24 in OPEN else 0.0)
        for minute in range(0, 16 * 1440, 15)
    ]
    memory = judged(book, told, neighbours=around)
    at_four, at_noon = (says(book, memory, 16 * 1440 + 60 * hour, neighbours=around)[0] for hour in (18, 2))
    assert (at_four, at_noon) == (pytest.approx(0, abs=0.5), pytest.approx(5, abs=0.5))


def test_outdoor_temperature_comes_from_the_neighbourhood() -> None:
    sky = replace(freezer("sky", duty="outdoor_climate"), device_class="env_sensor")
    setting = Setting(id="store-1", devices={"freezer-1": freezer(), "sky": sky})
    book, known, memory = book_for("usual(temp.control)"), Neighbourhood(), DeviceMemory()
    asked = book.asked_of("env_sensor")
    assert asked == {"temp"}
    for step in range(40 * 96):
        hour = step // 4
        outdoor = round(warm_and_cold(hour, 0), 2)
        known = note(known, asked, telemetry(step * 15, {"temp": outdoor}, "sky"))
        around = Neighbours(setting=setting, known=known)
        memory = judged(book, [said(step * 15, temp_control=0.1 * outdoor)], memory, neighbours=around)
    hot = note(known, asked, telemetry(40 * 1440, {"temp": 45.0}, "sky"))
    (now,) = says(book, memory, neighbours=around)
    (then,) = says(book, memory, neighbours=Neighbours(setting=setting, known=hot))
    assert isinstance(now, float)
    assert isinstance(then, float)
    assert then - now == pytest.approx(0.1 * (45 - warm_and_cold(40 * 24 - 1, 0)), abs=0.5)


def test_a_gap_teaches_nothing() -> None:
    book = book_for("usual(temp.control)")
    sparse = [said(minute, temp_control=1.0) for minute in range(0, 20 * 1440, 120)]
    assert judged(book, sparse).history.usual == {}
