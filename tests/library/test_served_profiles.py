"""Every shipped map, served by the bench and asked as the agent asks: within its limits, and everything answers."""

from __future__ import annotations

import struct

import pytest

from edge_agent.contract.readings import Quality
from edge_agent.core.decode import Raw, decode
from edge_agent.core.plan import ReadRequest, plan
from edge_agent.core.profile import Profile, Table
from edge_agent.profiles.load import installed_profile, profile, shipped_profiles
from simulators.answers import answer, read_request
from simulators.registers import Image, image_of
from tests.unit.simulators.plant_values import plant_values

FUNCTIONS = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}


def words_of_answer(request: ReadRequest, image: Image) -> list[int]:
    asked = struct.pack(">BHH", FUNCTIONS[request.table], request.start, request.count)
    pdu = answer(read_request(asked), image).pdu
    assert not pdu.isError(), request
    return [int(word) for word in (pdu.bits if request.table.bits else pdu.registers)]


def read(known: Profile) -> dict[str, Raw]:
    image = image_of(known, plant_values(known.device_class))
    raw: dict[str, Raw] = {}
    for request in plan(known.points.values(), known.limits):
        words = words_of_answer(request, image)
        raw |= request.words_by_name(words)
    return raw


@pytest.mark.parametrize("name", sorted(shipped_profiles()))
def test_it_is_asked_and_answers(name: str) -> None:
    known = profile(name)
    readings = decode(known, read(known))
    assert {reading.point for reading in readings} == {*known.points, *known.derived}
    wrong = [reading for reading in readings if reading.quality is not Quality.GOOD]
    assert [reading for reading in wrong if reading.quality is not Quality.NO_ANSWER] == []
    assert not wrong or any(point.doubts for point in known.points.values())


@pytest.mark.parametrize("name", sorted(shipped_profiles()))
def test_no_request_is_larger_than_the_controller_takes(name: str) -> None:
    known = profile(name)
    for request in plan(known.points.values(), known.limits):
        assert request.count <= (known.limits.max_bits if request.table.bits else known.limits.max_words)


def test_the_last_unit_of_a_gateway_is_asked_and_answers() -> None:
    known = installed_profile("daikin_dta116a51", instance=63)
    assert {reading.quality for reading in decode(known, read(known))} == {Quality.GOOD}
