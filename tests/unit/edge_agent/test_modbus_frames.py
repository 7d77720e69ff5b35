"""Only the answer to the question asked is taken from what a line carries."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import Table
from edge_agent.drivers.base import NoAnswer, Refused
from edge_agent.drivers.modbus import (
    OutOfStep,
    expected_of,
    rtu_answer,
    rtu_frame,
    rtu_torn,
    tcp_answers,
    tcp_frame,
    words_in,
)
from tests.frames import exception_reply, rtu, word_reply


def ask(count: int = 1, table: Table = Table.HOLDING, start: int = 2545) -> ReadRequest:
    return ReadRequest(table=table, start=start, count=count, points=())


WANTED = expected_of(3, ask())
ANSWER = rtu(3, word_reply(3, 65336))


def words(received: bytes) -> tuple[int, ...] | None:
    pdu = rtu_answer(received, WANTED)
    return None if pdu is None else words_in(pdu, WANTED)


def test_a_request_stands_on_the_wire_as_the_standard_says() -> None:
    # Example of a CRC: unit 2, FC04, address 2545, one register.
    assert rtu_frame(2, ask(table=Table.INPUT))[:6] == bytes([2, 4, 0x09, 0xF1, 0, 1])
    assert tcp_frame(11, ask(2), 0x1234) == bytes.fromhex("1234 0000 0006 0b 03 09f1 0002")


def test_the_answer_is_found() -> None:
    assert words(ANSWER) == (65336,)


@pytest.mark.parametrize("before", [b"\x00", b"\xff\x03", rtu(7, word_reply(3, 1, 2)), ANSWER[:-1] + b"\x00"])
def test_noise_and_foreign_frames_before_it_are_skipped(before: bytes) -> None:
    assert words(before + ANSWER) == (65336,)


@pytest.mark.parametrize(
    "received",
    [
        rtu(4, word_reply(3, 65336)),
        rtu(3, word_reply(4, 65336)),
        rtu(3, word_reply(3, 65336, 1)),
        rtu(3, b"\x03\x00"),
        ANSWER[:-1],
        ANSWER[:-1] + bytes([ANSWER[-1] ^ 1]),
        rtu(4, exception_reply(3, 2)),
        rtu(3, exception_reply(4, 2)),
        rtu_frame(3, ask()),
        b"",
    ],
)
def test_what_is_not_the_answer_is_not_taken(received: bytes) -> None:
    assert words(received) is None


@given(st.binary(max_size=40))
def test_noise_is_never_an_answer(noise: bytes) -> None:
    assert words(noise) is None


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_the_answer_is_found_within_noise(before: bytes, after: bytes) -> None:
    assert words(before + ANSWER + after) == (65336,)


@given(st.integers(0, len(ANSWER) * 8 - 1), st.integers(0, 15))
def test_a_burst_of_errors_never_makes_another_value(bit: int, length: int) -> None:
    damaged = int.from_bytes(ANSWER, "big") ^ ((1 << length | 1) << bit)
    received = damaged.to_bytes(len(ANSWER) + 3, "big")[3:]
    assert words(received) in {None, (65336,)} or received == ANSWER


def test_a_damaged_answer_is_known_as_one() -> None:
    assert rtu_torn(ANSWER[:-1] + bytes([ANSWER[-1] ^ 1]), WANTED)
    assert not rtu_torn(ANSWER[:-1], WANTED)
    assert not rtu_torn(b"\x04" + ANSWER[1:], WANTED)


def test_a_refusal_tells_its_code() -> None:
    with pytest.raises(Refused) as refusal:
        words(rtu(3, exception_reply(3, 2)))
    assert refusal.value.code == 2
    assert refusal.value.absent


@pytest.mark.parametrize("code", [5, 6, 10, 11])
def test_a_busy_device_or_a_gateway_that_cannot_reach_it_is_no_answer(code: int) -> None:
    with pytest.raises(NoAnswer):
        words(rtu(3, exception_reply(3, code)))


def test_bits_come_in_their_order() -> None:
    wanted = expected_of(13, ask(10, Table.COIL))
    pdu = rtu_answer(rtu(13, b"\x01\x02\x05\x02"), wanted)
    assert pdu is not None
    assert words_in(pdu, wanted) == (1, 0, 1, 0, 0, 0, 0, 0, 0, 1)


def test_frames_of_a_connection_are_taken_whole() -> None:
    first, second = bytes.fromhex("0001000000050b0302ff38"), bytes.fromhex("0002000000030b8302")
    received = bytearray(first + second[:4])
    assert list(tcp_answers(received)) == [(1, 11, bytes.fromhex("0302ff38"))]
    received += second[4:]
    assert list(tcp_answers(received)) == [(2, 11, bytes.fromhex("8302"))]
    assert received == b""


@pytest.mark.parametrize("header", ["00010001000401030200", "00010000000001030200", "0001000000ff01030200"])
def test_a_connection_that_is_no_modbus_is_given_up(header: str) -> None:
    with pytest.raises(OutOfStep):
        list(tcp_answers(bytearray.fromhex(header)))


@given(st.integers(0, 255), st.sampled_from(Table), st.integers(0, 0xFFFF), st.integers(1, 125), st.integers(1, 0xFFFF))
def test_each_transaction_is_another_and_all_else_of_its_frame_is_the_request(
    unit: int, table: Table, start: int, count: int, transaction: int
) -> None:
    frame = tcp_frame(unit, ask(count, table, start), transaction)
    function = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}[table]
    assert frame == struct.pack(">HHHBBHH", transaction, 0, 6, unit, function, start, count)
