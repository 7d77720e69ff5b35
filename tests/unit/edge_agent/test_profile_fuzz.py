"""Whatever stands in a profile file, it is loaded or its faults are named: nothing else happens to an installer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from configs.documents import Fault, Faulty
from edge_agent.core.decode import decode
from edge_agent.core.profile import Profile
from edge_agent.profiles.load import load_profile
from tests.unit.edge_agent.test_profile_schema import BENCH

Place = tuple[str | int, ...]

NUMBERS: list[Any] = [None, 0, -1, 1.5, True, 10**30, -(10**30), float("nan"), float("inf")]
WORDS: list[Any] = ["", "x", "H0", "H0:3-1", "H70000", "C5:2", "not", "a == b", "0x", "alarm.any", b"x"]
SHAPES: list[Any] = [[], [1], [[1]], {}, {"a": 1}, {1: 2}, [None], ["alarm.any"], [{}]]


def places(data: Any, above: Place = ()) -> Iterator[Place]:
    if above:
        yield above
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, child in children:
        yield from places(child, (*above, key))


PLACES = list(places(yaml.safe_load(BENCH)))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("profiles") / "bench.yaml"


@given(place=st.sampled_from(PLACES), junk=st.sampled_from([*NUMBERS, *WORDS, *SHAPES]), variant=st.booleans())
def test_junk_anywhere_is_a_named_fault_or_harmless(file: Path, place: Place, junk: Any, variant: bool) -> None:
    data = yaml.safe_load(BENCH)
    around = data
    for key in place[:-1]:
        around = around[key]
    around[place[-1]] = junk
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    outcome = loaded(file, "tall" if variant else "")
    if isinstance(outcome, Profile):
        decode(outcome, {name: (0xFFFF,) * point.type.words for name, point in outcome.points.items()})
    else:
        assert all(fault.what.zh and fault.what.en for fault in outcome)


def loaded(file: Path, variant: str) -> Profile | tuple[Fault, ...]:
    try:
        return load_profile(file, variant)
    except Faulty as faulty:
        return faulty.faults
