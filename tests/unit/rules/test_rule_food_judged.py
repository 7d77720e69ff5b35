"""The food in what is judged: followed from telemetry, asked by conditions, told with a change."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge_agent.contract.readings import Quality, Telemetry
from rules.engine import DeviceMemory
from rules.load import load_rules
from rules.segments import fork
from tests.unit.rules.judged import Said, book_in, freezer, judge_all, rule_text, telemetry

BOOK = load_rules()


def warm(minutes: int, **points: Said) -> list[Telemetry]:
    """Every ten minutes, from a good hour of cold on."""
    cold: dict[str, Said] = {"temp.control": -21.0}
    now: dict[str, Said] = {name.replace("_", ".", 1): value for name, value in points.items()}
    told = [telemetry(minute, cold) for minute in range(0, 70, 10)]
    return told + [telemetry(minute, now) for minute in range(70, 70 + minutes + 1, 10)]


def core(told: list[Telemetry]) -> float:
    memory = judge_all(BOOK, freezer(), told).memory.food
    assert memory is not None
    return memory.core


def test_a_change_tells_how_it_stands_with_the_food(tmp_path: Path) -> None:
    (change,) = judge_all(book_in(tmp_path, rule_text()), freezer(), warm(40, temp_control=-5.0)).changes
    assert change.food is not None
    assert change.food.product_class == "L1"
    assert -21 < change.food.temperature < -15
    assert change.food.minutes_to_limit is not None
    assert change.priority == "urgent"


def test_a_device_that_keeps_no_food_has_none() -> None:
    assert judge_all(BOOK, freezer(duty="contacts"), warm(60, temp_control=-5.0)).memory.food is None


def test_the_memory_of_the_food_is_lossless_and_goes_on_in_a_new_segment() -> None:
    memory = judge_all(BOOK, freezer(), warm(60, temp_control=-5.0)).memory
    assert msgspec.json.decode(msgspec.json.encode(memory), type=DeviceMemory) == memory
    assert fork(memory).food == memory.food


def test_a_control_probe_that_is_lost_is_not_believed() -> None:
    assert core(warm(120, temp_control=-21.0, temp_air_off=-4.0)) == pytest.approx(-21.0)
    lost = [telemetry(minute, {"temp.control": -21.0}) for minute in range(0, 70, 10)]
    said: dict[str, Said] = {"temp.control": -21.0, "temp.air_off": -4.0, "alarm.probe_control": True}
    assert core(lost + [telemetry(minute, said) for minute in range(70, 200, 10)]) > -15


def test_food_follows_still_air_more_slowly() -> None:
    moved, still = core(warm(60, temp_control=-5.0, out_fan=True)), core(warm(60, temp_control=-5.0, out_fan=False))
    assert still == pytest.approx(-21 + 0.5 * (moved + 21), abs=0.6)
    assert core(warm(60, temp_control=-5.0)) == moved


def test_a_bad_reading_is_no_air() -> None:
    assert core(warm(120, temp_control=Quality.PROBE_FAULT)) == pytest.approx(-21.0)


def test_a_measured_product_is_believed() -> None:
    assert core(warm(20, temp_control=-5.0, temp_product=-19.5)) == -19.5


@pytest.mark.parametrize(
    ("condition", "minutes", "raised"),
    [
        ("food_estimate() > food_limit()", 30, False),
        ("food_estimate() > food_limit()", 180, True),
        ("food_minutes() < 120", 40, True),
        ("food_minutes() < 5", 20, False),
    ],
)
def test_conditions_ask_for_the_food(tmp_path: Path, condition: str, minutes: int, raised: bool) -> None:
    text = rule_text().replace("when: temp.control > limit", f"when: {condition}").replace("for: 30m", "for: 0s")
    text = text.replace("expect: pendingx3 active", "expect: clearx4")
    changes = judge_all(book_in(tmp_path, text), freezer(), warm(minutes, temp_control=-5.0)).changes
    assert bool(changes) is raised


def test_what_the_food_has_left_is_unknown_where_it_never_gets_too_warm(tmp_path: Path) -> None:
    text = rule_text().replace("when: temp.control > limit", "when: not (food_minutes() < 9999)")
    text = text.replace("expect: pendingx3 active", "expect: clearx4")
    assert judge_all(book_in(tmp_path, text), freezer(), warm(60, temp_control=-21.0)).changes == ()


def test_a_folder_of_rules_brings_its_own_product_classes(tmp_path: Path) -> None:
    classes = "classes: {own: {text: {zh: 自有, en: Own}, limit: -18, discard_after: 1h}}\n"
    (tmp_path / "product_classes.yaml").write_text(classes + "duties: {freezer: {class: own, lag: 45m}}", "utf-8")
    assert book_in(tmp_path, rule_text()).food.classes.keys() == {"own"}
