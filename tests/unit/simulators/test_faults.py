"""The files of faults and disturbances, and how a fault grows."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.documents import Faulty
from edge_agent.contract.catalogue import DEVICE_CLASSES, DUTIES
from simulators.faults import (
    DISTURBANCES,
    FAULTS,
    KINDS,
    Injection,
    UnknownFault,
    active,
    kind_of,
    load_kinds,
)

GUIDE = Path(__file__).parents[3] / "docs" / "add-a-fault.md"
HOUR = timedelta(hours=1)
LEAK = kind_of("refrigerant_leak_slow", "refrigeration_case")
FILE = """
fault: too_loud
device_class: refrigeration_case
said: {zh: 太吵, en: is too loud}
sudden: true
lasts: [1h, 2h]
source: somebody said so
"""


def test_every_file_is_for_a_class_and_duties_that_there_are() -> None:
    for kind in (*KINDS, *DISTURBANCES.values()):
        assert kind.on in {None, "store", *DEVICE_CLASSES}
        assert kind.duties <= set(DUTIES)
        assert kind.source
        assert kind.said.zh
        assert timedelta(0) < kind.lasts[0] <= kind.lasts[1]


def test_a_fault_is_unique_in_its_class() -> None:
    assert max(Counter((kind.name, kind.on) for kind in KINDS).values()) == 1
    assert len(FAULTS) == 41


def test_one_that_grows_lasts_long_enough_to_show() -> None:
    for kind in KINDS:
        assert kind.sudden is (kind.grows[1] == timedelta(0))
        assert kind.observable_after(kind.grows[1]) < kind.lasts[1]


@given(st.sampled_from(KINDS), st.floats(0, 1.5), st.floats(0, 1.5))
def test_a_fault_never_shrinks_and_ends_at_one(kind: object, share: float, later: float) -> None:
    one = next(each for each in KINDS if each is kind)
    over = one.grows[1] or HOUR
    sooner, late = sorted((share, later))
    assert 0 <= one.severity(over * sooner, over) <= one.severity(over * late, over) <= 1
    assert one.severity(over, over) == pytest.approx(1.0)
    assert one.severity(-HOUR, over) == 0.0


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.sudden], ids=lambda kind: f"{kind.name}-{kind.on}")
def test_it_shows_from_the_severity_on_that_its_file_says(kind: object) -> None:
    one = next(each for each in KINDS if each is kind)
    over = one.grows[0]
    assert one.severity(one.observable_after(over), over) == pytest.approx(one.observable_at, abs=1e-6)


def test_the_same_fault_of_two_classes_is_two_kinds() -> None:
    assert kind_of("compressor_dead", "condensing_unit").affects == "fed"
    assert kind_of("compressor_dead", "refrigeration_case").affects == "own"
    with pytest.raises(UnknownFault):
        kind_of("compressor_dead", "ac_unit")


def test_a_fault_of_the_own_compressor_is_for_cabinets_that_have_one() -> None:
    assert LEAK.fits("refrigeration_case", "freezer")
    assert not LEAK.fits("refrigeration_case", "freezer", fed=True)
    assert not LEAK.fits("condensing_unit", "condensing_unit")


def test_a_fault_of_heaters_is_for_cabinets_that_have_one() -> None:
    heater = kind_of("defrost_heater_dead", "refrigeration_case")
    assert heater.fits("refrigeration_case", "cold_room", fed=True)
    assert not heater.fits("refrigeration_case", "open_chiller")


def test_what_any_device_can_have_fits_every_class() -> None:
    assert all(kind_of("controller_silent", device_class).fits(device_class, "") for device_class in DEVICE_CLASSES)


def test_an_injection_may_grow() -> None:
    growing = Injection(device="a", fault="leak", at=HOUR, severity=0.8, over=2 * HOUR)
    assert active([growing], "a", 0.5 * HOUR) == {}
    assert active([growing], "a", 2 * HOUR) == {"leak": pytest.approx(0.4)}
    assert active([growing], "a", 9 * HOUR) == {"leak": 0.8}
    assert active([growing], "b", 9 * HOUR) == {}


def test_an_injection_is_whole_at_once_if_nothing_else_is_said() -> None:
    assert active([Injection(device="a", fault="fire", at=HOUR)], "a", HOUR) == {"fire": 1.0}


def test_a_folder_of_ones_own_is_read_in_the_same_way(tmp_path: Path) -> None:
    (tmp_path / "too_loud.yaml").write_text(FILE, encoding="utf-8")
    (kind,) = load_kinds(tmp_path)
    assert (kind.name, kind.on, kind.labelled, kind.lasts) == ("too_loud", "refrigeration_case", True, (HOUR, 2 * HOUR))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("fault: too_loud", "name: too_loud"),
        ("fault: too_loud", "fault: too_loud\ndisturbance: too_loud"),
        ("sudden: true", "sudden: false"),
        ("sudden: true", "sudden: true\ngrowth: {over: [1h, 2h]}"),
        ("lasts: [1h, 2h]", "lasts: soon"),
        ("lasts: [1h, 2h]", "lasts: [1h, 2h]\nobservable_at: 3"),
    ],
)
def test_a_file_that_makes_no_sense_says_so(tmp_path: Path, was: str, becomes: str) -> None:
    (tmp_path / "too_loud.yaml").write_text(FILE.replace(was, becomes), encoding="utf-8")
    with pytest.raises(Faulty, match=r"too_loud\.yaml"):
        load_kinds(tmp_path)


def test_the_example_of_the_guide_is_a_file_that_can_be_read(tmp_path: Path) -> None:
    example = GUIDE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    (tmp_path / "fan_blade_loose.yaml").write_text(example, encoding="utf-8")
    (kind,) = load_kinds(tmp_path)
    assert kind.fits("refrigeration_case", "freezer")
    assert kind.observable_after(10 * HOUR) == 3 * HOUR
