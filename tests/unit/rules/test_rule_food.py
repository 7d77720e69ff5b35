"""The food behind the air: its temperature, the time it has, and what the table says of whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import exp
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.documents import Faulty
from edge_agent.contract.text import same
from rules.food import (
    Food,
    FoodMemory,
    Keeping,
    ProductClass,
    follow,
    food_of,
    minutes_to_limit,
)
from rules.food_table import load_food
from rules.model import Severity
from rules.priority import priority_of
from tests.unit.rules.judged import freezer

T0 = datetime(2026, 7, 15, tzinfo=UTC)
LAG = timedelta(minutes=60)
MEAT = ProductClass(id="M2", text=same("M2"), limit=7.0, discard_after=timedelta(hours=4))
KEEPING = Keeping(product=MEAT, lag=LAG)
TABLE = load_food()
CELSIUS = st.floats(-40, 40)


def followed(*air: float, every: float = 10, core: float | None = None) -> FoodMemory:
    """What is known after the air was so, every so many minutes."""
    memory = None
    for n, value in enumerate(air):
        memory = follow(memory, KEEPING, value, core, T0 + timedelta(minutes=n * every))
    assert memory is not None
    return memory


def food(memory: FoodMemory) -> Food:
    found = food_of(memory, KEEPING)
    assert found is not None
    return found


def test_food_begins_as_warm_as_the_air() -> None:
    assert followed(4.0).core == 4.0
    assert follow(None, KEEPING, None, None, T0) is None
    assert food_of(None, KEEPING) is None


def test_nothing_is_told_of_food_that_was_watched_for_less_than_an_hour() -> None:
    assert food_of(followed(*[4.0] * 6), KEEPING) is None
    assert food(followed(*[4.0] * 7)).temperature == 4.0


def test_food_follows_a_step_of_the_air_with_its_lag() -> None:
    memory = follow(followed(4.0), KEEPING, 14.0, None, T0 + timedelta(seconds=1))
    assert memory is not None
    later = follow(memory, KEEPING, 14.0, None, T0 + LAG)
    assert later is not None
    assert later.core == pytest.approx(14 - 10 * exp(-1), abs=0.01)


@given(st.lists(CELSIUS, min_size=2, max_size=30))
def test_the_estimate_stays_between_the_coldest_and_the_warmest_air(air: list[float]) -> None:
    memory = followed(*air)
    assert min(air) - 1e-6 <= memory.core <= max(air) + 1e-6


@given(CELSIUS, CELSIUS, CELSIUS, st.integers(2, 24))
def test_the_estimate_does_not_depend_on_how_often_the_air_is_reported(
    first: float, air: float, later: float, parts: int
) -> None:
    begun = follow(followed(first), KEEPING, air, None, T0 + timedelta(minutes=1))
    at_once = follow(begun, KEEPING, later, None, T0 + timedelta(minutes=61))
    in_steps = begun
    for n in range(1, parts + 1):
        at = T0 + timedelta(minutes=1) + timedelta(hours=1) * n / parts
        in_steps = follow(in_steps, KEEPING, air + (later - air) * n / parts, None, at)
    assert at_once is not None
    assert in_steps is not None
    assert at_once.core == pytest.approx(in_steps.core, abs=1e-3)


def test_a_measured_core_is_believed() -> None:
    told = food(followed(9.0, 9.0, core=3.5))
    assert (told.temperature, told.measured) == (3.5, True)


def test_unknown_air_and_old_news_change_nothing() -> None:
    memory = followed(4.0, 9.0)
    assert follow(memory, KEEPING, None, None, T0 + LAG) is memory
    assert follow(memory, KEEPING, 20.0, None, memory.at) is memory


def test_after_hours_without_a_word_the_estimate_begins_anew() -> None:
    memory = follow(followed(4.0), KEEPING, 20.0, None, T0 + timedelta(hours=5))
    assert memory is not None
    assert memory.core == 20.0


@given(CELSIUS, st.floats(0.1, 20), st.floats(0.1, 20))
def test_the_time_that_is_left_is_when_the_food_reaches_the_limit(core: float, below: float, above: float) -> None:
    limit, air = core + below, core + below + above
    left = minutes_to_limit(core, air, limit, LAG)
    assert left is not None
    assert air + (core - air) * exp(-left / 60) == pytest.approx(limit, abs=1e-6)


@given(st.floats(-40, 6), st.floats(7.1, 60), st.floats(0.1, 0.9))
def test_warmer_air_and_warmer_food_leave_less_time(core: float, air: float, more: float) -> None:
    left, warmer, airier = (
        minutes_to_limit(at, around, 7.0, LAG) for at, around in ((core, air), (core + more, air), (core, air + more))
    )
    assert left is not None
    assert warmer is not None
    assert airier is not None
    assert warmer < left
    assert airier < left


def test_no_time_is_left_above_the_limit_and_cold_air_never_brings_it_there() -> None:
    assert minutes_to_limit(7.0, 3.0, 7.0, LAG) == 0
    assert minutes_to_limit(3.0, 7.0, 7.0, LAG) is None


def test_a_draught_of_a_minute_is_not_taken_for_the_air_of_the_next_hours() -> None:
    steady, memory = followed(*[4.0] * 7), followed(*[4.0] * 7)
    warm = follow(memory, KEEPING, 15.0, None, memory.at + timedelta(minutes=1))
    assert warm is not None
    assert food(steady).minutes_to_limit is food(warm).minutes_to_limit is None


def test_the_time_above_the_limit_counts_until_it_is_below_again() -> None:
    assert food(followed(*[9.0] * 13)).minutes_above == pytest.approx(120)
    assert food(followed(*[9.0] * 13, *[0.0] * 20)).minutes_above == 0


def test_food_that_was_too_warm_for_too_long_is_not_for_sale() -> None:
    assert not food(followed(*[9.0] * 24)).discard
    assert food(followed(*[9.0] * 25)).discard


def test_the_mean_kinetic_temperature_of_an_even_temperature_is_that() -> None:
    assert food(followed(*[5.0] * 7)).mean_kinetic == pytest.approx(5.0, abs=0.01)


@given(st.lists(CELSIUS, min_size=2, max_size=60), st.integers(1, 180))
def test_a_memory_stays_small(air: list[float], every: int) -> None:
    assert len(followed(*air, every=every).kinetic) <= 24


def test_a_device_keeps_what_it_says_or_what_its_duty_usually_keeps() -> None:
    assert keeps("freezer") == keeps("freezer", says="yoghurt") == "L1"
    assert keeps("open_chiller") == "M2"
    assert keeps("open_chiller", says="milk") == "milk"
    assert (keeps("cold_room", 2.0), keeps("cold_room", -20.0), keeps("cold_room")) == ("M2", "L1", "M2")
    assert TABLE.keeping(freezer(duty="screen")) is None


def keeps(duty: str, set_point: float | None = None, says: str = "") -> str:
    device = replace(freezer(duty=duty), product_class=says)
    keeping = TABLE.keeping(device, set_point)
    assert keeping is not None
    return keeping.product.id


def test_the_shipped_classes_are_those_of_the_standard_and_the_chain() -> None:
    assert {"L1", "L2", "L3", "M0", "M1", "M2", "H1", "H2"} < TABLE.classes.keys()
    assert TABLE.classes["M1"].limit == 5


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("classes: {A: {text: {zh: 甲, en: A}, limit: 5, coldest: 6, discard_after: 4h}}", "coldest is not below"),
        ("duties: {freezr: {class: M2, lag: 45m}}", "no duty freezr — did you mean freezer?"),
        ("duties: {freezer: {class: M9, lag: 45m}}", "no class M9"),
        ("duties: {freezer: {class: M2, lag: 0s}}", "food without a lag"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused_by_line(tmp_path: Path, text: str, fault: str) -> None:
    classes = "classes: {M2: {text: {zh: 冷藏, en: Chilled}, limit: 7, discard_after: 4h}}\n"
    path = tmp_path / "table.yaml"
    path.write_text(text if text.startswith("classes") else classes + text, encoding="utf-8")
    with pytest.raises(Faulty, match=fault) as caught:
        load_food(path)
    assert caught.value.faults[0].line == (1 if text.startswith("classes") else 2)


def told(minutes: float | None) -> Food:
    return replace(food(followed(*[4.0] * 7)), minutes_to_limit=minutes)


@pytest.mark.parametrize(
    ("severity", "minutes", "priority"),
    [
        ("low", 20, "urgent"),
        ("critical", 20, "urgent"),
        ("critical", None, "urgent"),
        ("high", None, "medium"),
        ("low", None, "low"),
        ("high", 300, "high"),
        ("high", 2000, "medium"),
    ],
)
def test_priority_follows_from_consequence_and_time(severity: Severity, minutes: float | None, priority: str) -> None:
    assert priority_of(severity, told(minutes)) == priority
    assert minutes is not None or priority_of(severity, None) == priority


def test_less_time_never_means_a_lower_priority() -> None:
    rank = ("urgent", "high", "medium", "low")
    severities: tuple[Severity, ...] = ("critical", "high", "low")
    for severity in severities:
        found = [rank.index(priority_of(severity, told(minutes))) for minutes in (0, 30, 31, 120, 121, 480, 481, 9999)]
        assert all(one <= other for one, other in pairwise(found))
