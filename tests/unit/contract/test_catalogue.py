"""The vocabulary is complete in both languages, and names keep their form."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from edge_agent.contract.catalogue import DEVICE_CLASSES, DUTIES, PointMeaning, UnknownPoint, meaning
from edge_agent.contract.text import Text

NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?")


def points() -> Iterator[PointMeaning]:
    for device_class in DEVICE_CLASSES.values():
        yield from device_class.points.values()


def labels() -> Iterator[Text]:
    yield from (device_class.label for device_class in DEVICE_CLASSES.values())
    yield from (point.label for point in points())
    yield from DUTIES.values()


def test_every_label_is_written_in_both_languages() -> None:
    assert not [label for label in labels() if not label.zh or not label.en]
    assert not [label for label in labels() if re.search("[一-鿿]", label.en)]
    assert not [label for label in labels() if not re.search("[一-鿿]", label.zh)]


def test_names_are_dotted_words() -> None:
    assert not [point.name for point in points() if not NAME.fullmatch(point.name)]
    assert not [name for name in (*DUTIES, *DEVICE_CLASSES) if not re.fullmatch(r"[a-z][a-z0-9_]*", name)]


def test_only_numbers_have_a_unit_and_digits() -> None:
    assert not [point.name for point in points() if point.type != "number" and (point.unit or point.digits)]


def test_a_name_means_the_same_unit_in_every_class() -> None:
    units: dict[str, set[tuple[str, str]]] = {}
    for point in points():
        units.setdefault(point.name, set()).add((point.type, point.unit))
    assert not {name: meanings for name, meanings in units.items() if len(meanings) > 1}


def test_no_two_points_of_a_class_are_called_alike() -> None:
    for device_class in DEVICE_CLASSES.values():
        for language in ("zh", "en"):
            called = [getattr(point.label, language) for point in device_class.points.values()]
            assert len(set(called)) == len(called), device_class.name


def test_it_knows_what_a_point_means() -> None:
    assert meaning("refrigeration_case", "temp.control").unit == "°C"


@pytest.mark.parametrize(("device_class", "point"), [("refrigeration_case", "temp.soup"), ("soup", "temp.control")])
def test_it_says_what_it_does_not_know(device_class: str, point: str) -> None:
    with pytest.raises(UnknownPoint):
        meaning(device_class, point)
