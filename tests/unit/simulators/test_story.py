"""Stories are files, and a wrong one is refused with everything that is wrong with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from configs.documents import Faulty
from simulators.faults import FAULTS
from simulators.story import DEFAULT, Expectation, UnknownStory, load_story, story, story_names
from tests.unit.simulators.demo_store import PLACES

DEVICES = {place.device for place in PLACES}

GOOD = """\
title: {zh: 故事, en: A story}
factor: 60
length: 1h
starts: "09:00"
"""


@pytest.mark.parametrize("name", story_names())
def test_a_shipped_story_fits_the_demo_store(name: str) -> None:
    shipped = story(name, DEVICES)
    assert shipped.name == name
    assert shipped.length / timedelta(seconds=shipped.factor) < 130, "all stories must end within three minutes"


def test_the_default_story_breaks_the_freezer() -> None:
    assert story(DEFAULT).expect == {Expectation(device="freezer-1", fault="refrigeration.coil_not_cold")}


def test_the_healthy_story_has_a_defrost_of_every_case_and_no_fault() -> None:
    healthy = story("healthy")
    assert healthy.length >= timedelta(hours=3)
    assert healthy.faults == ()
    assert set(healthy.defrosts) == {"freezer-1", "open-chiller-1", "cold-room-1"}


def test_a_story_may_be_told_faster() -> None:
    assert story(DEFAULT, factor=120).factor == 120


def test_an_unknown_story_is_refused() -> None:
    with pytest.raises(UnknownStory):
        story("no_such")


def test_every_mistake_is_found_at_once_with_its_line(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(
        GOOD
        + "defrosts: {freezer-9: 5m}\n"
        + "faults:\n"
        + "  - {at: 3m, device: freezer-8, fault: gremlins}\n"
        + "expect: [{device: freezer-7, fault: device.silent}]\n"
    )
    with pytest.raises(Faulty) as found:
        load_story(wrong, DEVICES)
    assert [fault.line for fault in found.value.faults] == [5, 7, 7, 8]
    assert sorted(FAULTS)[0] in str(found.value)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [("factor: 0", "factor"), ("length: soon", "length"), ("starts: teatime", "starts"), ("sequel: yes", "sequel")],
)
def test_a_value_that_makes_no_sense_is_refused(tmp_path: Path, line: str, wanted: str) -> None:
    wrong = tmp_path / "wrong.yaml"
    lines = [kept for kept in GOOD.splitlines() if not kept.startswith(wanted)]
    wrong.write_text("\n".join([*lines, line]))
    with pytest.raises(Faulty, match=wanted):
        load_story(wrong)


def test_a_fault_of_a_story_may_grow(tmp_path: Path) -> None:
    file = tmp_path / "leak.yaml"
    leak = "  - {at: 3m, device: freezer-1, fault: refrigerant_leak_fast, over: 40m, severity: 0.9}\n"
    file.write_text(GOOD + "faults:\n" + leak)
    (injection,) = load_story(file, DEVICES).faults
    assert (injection.over, injection.severity) == (timedelta(minutes=40), 0.9)
