"""Whatever bytes come, the frame path raises only what it declares and yields only what was truly answered."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import Table
from edge_agent.drivers.base import NoAnswer, Refused
from edge_agent.drivers.modbus import (
    Expected,
    OutOfStep,
    expected_of,
    rtu_answer,
    rtu_frames,
    rtu_torn,
    tcp_answers,
    words_in,
)
from tests.frames import crc, exception_reply, rtu, tcp, word_reply

FUNCTIONS = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}


@st.composite
def requests(draw: st.DrawFn) -> tuple[int, ReadRequest]:
    table = draw(st.sampled_from(Table))
    count = draw(st.integers(1, 40 if table.bits else 12))
    return draw(st.integers(1, 247)), ReadRequest(table=table, start=draw(st.integers(0, 99)), count=count, points=())


@st.composite
def pdus(draw: st.DrawFn) -> bytes:
    """Near to what a controller may say: any function, any length, lengths that lie."""
    function = draw(st.integers(0, 255))
    if draw(st.booleans()):
        return exception_reply(function & 0x7F, draw(st.integers(0, 255)))
    data = draw(st.binary(max_size=30))
    return bytes([function, draw(st.sampled_from([len(data), draw(st.integers(0, 255))]))]) + data


def answer_to(unit: int, request: ReadRequest) -> bytes:
    size = (request.count + 7) // 8 if request.table.bits else 2 * request.count
    return bytes([FUNCTIONS[request.table], size]) + bytes(range(1, size + 1))


@st.composite
def streams(draw: st.DrawFn) -> tuple[int, ReadRequest, bytes]:
    """Frames of this unit and of others, whole, cut and damaged, with noise between; as they would come on a line."""
    unit, request = draw(requests())
    pieces = []
    for _ in range(draw(st.integers(0, 5))):
        sender = draw(st.sampled_from([unit, draw(st.integers(0, 255))]))
        frame = rtu(sender, draw(st.one_of(pdus(), st.just(answer_to(unit, request)))))
        match draw(st.sampled_from(["whole", "cut", "hurt", "noise"])):
            case "cut":
                frame = frame[: draw(st.integers(0, len(frame)))]
            case "hurt":
                at = draw(st.integers(0, len(frame) - 1))
                frame = frame[:at] + bytes([frame[at] ^ draw(st.integers(1, 255))]) + frame[at + 1 :]
            case "noise":
                frame = draw(st.binary(max_size=10))
        pieces.append(frame)
    return unit, request, b"".join(pieces)


def is_true_answer(unit: int, pdu: bytes, request: ReadRequest, received: bytes) -> bool:
    """By the letter of the standard, and by nothing of the code that is tested."""
    frame = bytes([unit]) + pdu
    if frame + crc(frame).to_bytes(2, "little") not in received:
        return False
    if pdu[0] == FUNCTIONS[request.table] | 0x80:
        return len(pdu) == 2
    size = (request.count + 7) // 8 if request.table.bits else 2 * request.count
    return pdu[0] == FUNCTIONS[request.table] and pdu[1] == size and len(pdu) == size + 2


def check_words(pdu: bytes, wanted: Expected) -> None:
    try:
        words = words_in(pdu, wanted)
    except (Refused, NoAnswer):
        return
    assert len(words) == wanted.count


@given(streams())
def test_an_answer_from_a_line_carries_its_crc_unit_function_and_length(case: tuple[int, ReadRequest, bytes]) -> None:
    unit, request, received = case
    wanted = expected_of(unit, request)
    rtu_torn(received, wanted)
    pdu = rtu_answer(received, wanted)
    if pdu is not None:
        assert is_true_answer(unit, pdu, request, received)
        check_words(pdu, wanted)


@given(requests(), st.binary(max_size=300))
@example((3, ReadRequest(table=Table.HOLDING, start=0, count=1, points=())), b"\x03\x03")
@example((3, ReadRequest(table=Table.HOLDING, start=0, count=1, points=())), b"\x03\x83\x02\x61")
def test_any_bytes_at_all_do_no_harm_on_a_line(case: tuple[int, ReadRequest], received: bytes) -> None:
    unit, request = case
    pdu = rtu_answer(received, expected_of(unit, request))
    assert pdu is None or is_true_answer(unit, pdu, request, received)


@given(st.binary(max_size=300))
def test_every_frame_found_on_a_line_has_its_crc(received: bytes) -> None:
    for unit, pdu in rtu_frames(received):
        frame = bytes([unit]) + pdu
        assert frame + crc(frame).to_bytes(2, "little") in received


@given(streams(), st.lists(st.integers(1, 20), max_size=10))
def test_the_answer_is_the_same_however_the_bytes_are_cut(
    case: tuple[int, ReadRequest, bytes], cuts: list[int]
) -> None:
    """A driver looks again after every piece: no prefix may give an answer that the whole would not."""
    unit, request, received = case
    wanted = expected_of(unit, request)
    at = 0
    for cut in cuts:
        at += cut
        pdu = rtu_answer(received[:at], wanted)
        assert pdu is None or is_true_answer(unit, pdu, request, received)


@given(st.binary(max_size=600), st.integers(1, 50))
def test_any_bytes_at_all_do_no_harm_on_a_connection(received: bytes, step: int) -> None:
    kept = bytearray()
    try:
        for at in range(0, len(received), step):
            kept += received[at : at + step]
            for transaction, unit, pdu in tcp_answers(kept):
                assert tcp(transaction, unit, pdu) in received
    except OutOfStep:
        return
    assert received.endswith(bytes(kept))


@given(
    st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 255), st.binary(min_size=2, max_size=250)), max_size=6),
    st.integers(1, 40),
)
def test_whole_frames_of_a_connection_come_out_as_they_went_in(frames: list[tuple[int, int, bytes]], step: int) -> None:
    stream, kept = b"".join(tcp(*frame) for frame in frames), bytearray()
    found = []
    for at in range(0, len(stream), step):
        kept += stream[at : at + step]
        found += list(tcp_answers(kept))
    assert found == frames


@given(requests(), pdus())
def test_a_pdu_that_fits_is_words_or_a_declared_refusal(case: tuple[int, ReadRequest], pdu: bytes) -> None:
    unit, request = case
    wanted = expected_of(unit, request)
    if wanted.fits(unit, pdu):
        check_words(pdu, wanted)


@given(st.integers(0, 255))
def test_every_exception_code_is_a_refusal_or_no_answer(code: int) -> None:
    wanted = expected_of(3, ReadRequest(table=Table.HOLDING, start=0, count=1, points=()))
    with pytest.raises((Refused, NoAnswer)):
        words_in(exception_reply(3, code), wanted)


def test_a_word_reply_of_another_length_never_fits() -> None:
    wanted = expected_of(3, ReadRequest(table=Table.HOLDING, start=0, count=3, points=()))
    assert [count for count in range(1, 12) if wanted.fits(3, word_reply(3, *range(count)))] == [3]
