"""Controllers answer what the real ones answer, and refuse what those refuse."""

from __future__ import annotations

import struct

import pytest
from pymodbus.pdu import ModbusPDU

from edge_agent.contract.readings import Value
from edge_agent.profiles.load import profile
from simulators.answers import Answer, answer, read_request
from simulators.registers import Image, image_of
from tests.unit.simulators.plant_values import plant_values

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


def image(name: str) -> Image:
    known = profile(name)
    return image_of(known, plant_values(known.device_class))


def asked(name: str, function: int, address: int, count: int) -> ModbusPDU:
    return answer(read_request(struct.pack(">BHH", function, address, count)), image(name)).pdu


def told(name: str, request: bytes) -> Answer:
    return answer(read_request(request), image(name))


def test_an_ekc_gives_the_same_registers_to_both_read_functions() -> None:
    holding, inputs = asked("danfoss_ekc204a1", 3, 2531, 1), asked("danfoss_ekc204a1", 4, 2531, 1)
    assert list(holding.registers) == list(inputs.registers) == [65336]


def named(given: Answer) -> tuple[tuple[str, Value], ...]:
    return tuple((point.name, value) for point, value in given.sets)


@pytest.mark.parametrize("function", [1, 2, 5, 6, 16, 43])
def test_an_ekc_knows_no_other_function(function: int) -> None:
    given = told("danfoss_ekc204a1", struct.pack(">BHH", function, 2531, 1))
    assert given.pdu.function_code == function | 0x80
    assert given.pdu.exception_code in {ILLEGAL_FUNCTION, ILLEGAL_VALUE}


def test_a_hole_is_refused_and_so_is_a_read_across_one() -> None:
    assert asked("danfoss_ekc204a1", 3, 98, 1).exception_code == ILLEGAL_ADDRESS
    assert asked("danfoss_ekc204a1", 3, 2511, 2).exception_code == ILLEGAL_ADDRESS
    assert list(asked("danfoss_ekc204a1", 3, 2509, 3).registers) == [1, 1, 0]


@pytest.mark.parametrize("count", [0, 126, 2000])
def test_too_many_or_no_registers_are_an_illegal_value(count: int) -> None:
    assert asked("danfoss_ekc204a1", 3, 2509, count).exception_code == ILLEGAL_VALUE


def test_a_meter_answers_floats_to_function_four_alone() -> None:
    words = asked("eastron_sdm630", 4, 0, 2).registers
    assert 220 < struct.unpack(">f", struct.pack(">HH", *words))[0] < 240
    assert asked("eastron_sdm630", 3, 0, 2).exception_code == ILLEGAL_FUNCTION


def test_a_meter_answers_the_whole_of_a_proven_run() -> None:
    assert len(asked("eastron_sdm630", 4, 0, 36).registers) == 36
    assert asked("eastron_sdm630", 4, 34, 4).exception_code == ILLEGAL_ADDRESS


def test_a_relay_board_tells_its_coils() -> None:
    assert list(asked("waveshare_relay_8ch", 1, 0, 8).bits) == [True] + [False] * 7
    assert asked("waveshare_relay_8ch", 1, 7, 2).exception_code == ILLEGAL_ADDRESS


def test_one_relay_is_switched_and_the_request_comes_back_as_the_answer() -> None:
    given = told("waveshare_relay_8ch", struct.pack(">BHH", 5, 2, 0xFF00))
    assert named(given) == (("out.relay3", True),)
    assert given.pdu.encode() == struct.pack(">HH", 2, 0xFF00)


def test_several_relays_are_switched_at_once() -> None:
    given = told("waveshare_relay_8ch", struct.pack(">BHHBB", 15, 0, 3, 1, 0b010))
    assert named(given) == (("out.relay1", False), ("out.relay2", True), ("out.relay3", False))
    assert given.pdu.encode() == struct.pack(">HH", 0, 3)


def test_an_air_conditioner_takes_a_set_point() -> None:
    given = told("intesis_ac", struct.pack(">BHH", 6, 4, 240))
    assert named(given) == (("sp", 24.0),)
    assert given.pdu.encode() == struct.pack(">HH", 4, 240)


def test_an_air_conditioner_takes_several_registers() -> None:
    given = told("intesis_ac", struct.pack(">BHHBHHH", 16, 0, 3, 6, 1, 4, 2))
    assert named(given) == (("power", True), ("mode", "cool"), ("fan", "mid"))


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (struct.pack(">BHH", 6, 5, 240), ILLEGAL_ADDRESS),
        (struct.pack(">BHH", 6, 4, 4000), ILLEGAL_VALUE),
        (struct.pack(">BHH", 6, 1, 9), ILLEGAL_VALUE),
        (struct.pack(">BHHB", 16, 0, 2, 0), ILLEGAL_VALUE),
    ],
)
def test_a_write_that_cannot_be_is_refused_and_changes_nothing(request_: bytes, code: int) -> None:
    given = told("intesis_ac", request_)
    assert given.pdu.exception_code == code
    assert given.sets == ()


def test_a_torn_request_is_an_illegal_value() -> None:
    assert told("intesis_ac", b"\x03\x00").pdu.exception_code == ILLEGAL_VALUE
    assert told("intesis_ac", b"\x63\x00\x00").pdu.exception_code == ILLEGAL_FUNCTION
