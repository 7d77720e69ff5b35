"""What rules know of other devices of the store, of its clock and its sky."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from edge_agent.contract.readings import Coordinates, Device, Quality
from rules.neighbours import Neighbourhood, Neighbours, Setting, joined, note
from rules.sun import elevation, sun_is_up
from tests.unit.rules.followed import book_for, judged, says
from tests.unit.rules.judged import MINUTE, T0, Said, freezer, telemetry

SHANGHAI = Coordinates(latitude=31.23, longitude=121.47)
UNIT = replace(freezer("unit-1", duty="condensing_unit"), device_class="condensing_unit")
OUTSIDE = replace(freezer("sky", duty="outdoor_climate"), device_class="env_sensor")
FREEZERS = [replace(freezer(f"freezer-{n}"), fed_by="unit-1") for n in range(1, 5)]
STORE = Setting(
    id="store-1",
    timezone="Asia/Shanghai",
    location=SHANGHAI,
    devices={device.id: device for device in [*FREEZERS, freezer("chiller-1", duty="chiller"), UNIT, OUTSIDE]},
)
WARM = {"freezer-2": -10.0, "freezer-3": -18.0, "freezer-4": -20.0, "chiller-1": 4.0}


def seen(
    text: str,
    said: Mapping[str, Mapping[str, Said]],
    device: Device = FREEZERS[0],
    store: Setting = STORE,
    at: float = 0,
) -> Any:
    """What a number is for a device, where each device said something at minute 0."""
    book = book_for(text, device_class=device.device_class)
    known = Neighbourhood()
    for id_, points in said.items():
        asked = book.asked_of(store.devices[id_].device_class)
        known = note(known, asked, telemetry(0, dict(points), id_))
    around = Neighbours(setting=store, known=known)
    memory = judged(book, [telemetry(at, {}, device.id)], device=device, neighbours=around)
    (answer,) = says(book, memory, device=device, neighbours=around)
    return answer


def airs(**more: Said) -> dict[str, dict[str, Said]]:
    return {id_: {"temp.control": value} for id_, value in {**WARM, **more}.items()}


def test_siblings_are_those_of_the_same_class_and_duty_without_oneself() -> None:
    assert seen("siblings(temp.control)", airs() | {"freezer-1": {"temp.control": 99.0}}) == -18


def test_two_siblings_are_needed_and_one_is_not_enough() -> None:
    assert seen("siblings(temp.control)", {"freezer-2": {"temp.control": -10.0}}) is None
    pair = {"freezer-2": {"temp.control": -10.0}, "freezer-3": {"temp.control": -20.0}}
    assert seen("siblings(temp.control)", pair) == -15


def test_what_a_neighbour_said_stands_for_twenty_minutes() -> None:
    assert seen("siblings(temp.control)", airs(), at=20) == -18
    assert seen("siblings(temp.control)", airs(), at=21) is None


def test_the_share_of_siblings_for_which_something_is_true() -> None:
    assert seen("siblings_share(temp.control > -19)", airs()) == pytest.approx(2 / 3)
    assert seen("siblings_share(out.compressor)", airs()) is None


def test_a_case_asks_its_feeder_and_a_feeder_its_cases() -> None:
    assert seen("feeder(temp.evaporating)", {"unit-1": {"temp.evaporating": -31.0}}) == -31
    assert seen("feeder(temp.evaporating)", {"unit-1": {"temp.evaporating": -31.0}}, device=OUTSIDE) is None
    assert seen("fed_share(temp.control > -19)", airs(), device=UNIT) == pytest.approx(2 / 3)
    one = {"freezer-2": {"temp.control": -10.0}}
    assert seen("fed_share(temp.control > -19)", one, device=UNIT) is None


def test_what_is_fed_is_added_up_as_far_as_it_tells() -> None:
    assert seen("fed_sum(temp.control)", {"freezer-2": {"temp.control": -10.0}}, device=UNIT) == -10
    assert seen("fed_sum(temp.control)", airs(), device=UNIT) == -48
    assert seen("fed_sum(temp.control)", airs(), device=UNIT, at=21) is None
    assert seen("fed_sum(temp.control)", airs(), device=OUTSIDE) is None


def test_a_point_of_the_store_is_found_by_its_class() -> None:
    assert seen("store(env_sensor.temp)", {"sky": {"temp": 33.5}}) == 33.5
    assert seen("store(env_sensor.temp)", airs()) is None


def test_the_clock_is_that_of_the_store() -> None:
    assert seen("local_hour()", {}) == 10  # 02:00 UTC
    assert seen("local_hour()", {}, at=90) == 11.5
    assert seen("local_hour()", {}, store=replace(STORE, timezone="Mars/Olympus")) is None


def test_the_sun_is_up_where_it_is_known_to_be() -> None:
    assert seen("least(local_hour(), 1)", {}) == 1
    assert sun_is_up(SHANGHAI, T0)
    assert not sun_is_up(SHANGHAI, T0 + timedelta(hours=12))


@pytest.mark.parametrize(
    ("place", "rises", "sets"),
    [
        (SHANGHAI, datetime(2026, 6, 20, 20, 50, tzinfo=UTC), datetime(2026, 6, 21, 11, 1, tzinfo=UTC)),
        (SHANGHAI, datetime(2026, 12, 20, 22, 49, tzinfo=UTC), datetime(2026, 12, 21, 8, 55, tzinfo=UTC)),
        (
            Coordinates(latitude=51.48, longitude=0.0),
            datetime(2026, 3, 20, 6, 3, tzinfo=UTC),
            datetime(2026, 3, 20, 18, 13, tzinfo=UTC),
        ),
    ],
)
def test_the_sun_rises_and_sets_when_almanacs_say(place: Coordinates, rises: datetime, sets: datetime) -> None:
    late = 5 * MINUTE
    assert not sun_is_up(place, rises - late)
    assert sun_is_up(place, rises + late)
    assert sun_is_up(place, sets - late)
    assert not sun_is_up(place, sets + late)


def test_at_noon_of_midsummer_it_stands_as_high_as_the_latitude_allows() -> None:
    noon = datetime(2026, 6, 21, 3, 56, tzinfo=UTC)
    assert elevation(SHANGHAI, noon) == pytest.approx(90 - 31.23 + 23.44, abs=0.1)


def test_only_what_rules_ask_for_is_noted() -> None:
    book = book_for("siblings(temp.control)")
    asked = book.asked_of("refrigeration_case")
    known = note(Neighbourhood(), asked, telemetry(0, {"temp.control": 1.0, "temp.air_on": 2.0}))
    assert list(known.said["freezer-1"]) == ["temp.control"]
    assert note(known, asked, telemetry(1, {"temp.air_on": 3.0})) is known
    assert note(known, book.asked_of("ups"), telemetry(1, {"temp.control": 3.0})) is known


def test_late_words_change_nothing_and_bad_ones_take_away() -> None:
    asked = frozenset({"temp.control"})
    known = note(Neighbourhood(), asked, telemetry(5, {"temp.control": 1.0}))
    assert note(known, asked, telemetry(4, {"temp.control": 2.0})) is known
    assert note(known, asked, telemetry(6, {"temp.control": 2.0}, trusted=False)) is known
    assert note(known, asked, telemetry(6, {"temp.control": Quality.PROBE_FAULT})).said == {"freezer-1": {}}


def test_two_neighbourhoods_become_the_newest_of_both() -> None:
    asked = frozenset({"temp.control", "in.door"})
    one = note(Neighbourhood(), asked, telemetry(5, {"temp.control": 1.0, "in.door": True}))
    other = note(Neighbourhood(), asked, telemetry(7, {"temp.control": 2.0}))
    both = joined(one, other)
    assert {point: said.value for point, said in both.said["freezer-1"].items()} == {
        "temp.control": 2.0,
        "in.door": True,
    }
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(both), type=Neighbourhood) == both
