"""Requests → frames and frames → answers, by pymodbus; which bytes are an answer at all is decided here.

pymodbus' own client is not used: on a serial line it takes a late reply for the answer to the next request, it keeps no
silence between frames, and its framer drops what follows a foreign frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest

from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import Table
from edge_agent.drivers.base import NoAnswer, Refused

_REQUESTS: dict[Table, type[ModbusPDU]] = {
    Table.COIL: ReadCoilsRequest,
    Table.DISCRETE: ReadDiscreteInputsRequest,
    Table.HOLDING: ReadHoldingRegistersRequest,
    Table.INPUT: ReadInputRegistersRequest,
}
_DECODER = DecodePDU(is_server=False)
_RTU = FramerRTU(_DECODER)
_TCP = FramerSocket(_DECODER)

_EXCEPTION = 0x80
_FIXED_LENGTHS = {5: 8, 6: 8, 15: 8, 16: 8}
_BUSY_OR_BEHIND_GATEWAY = frozenset({5, 6, 10, 11})
"""Acknowledge, busy, and a gateway that cannot reach the device: none of them is an answer of the point."""

MBAP_LENGTH = 7


class OutOfStep(Exception):
    """The bytes of a connection are no Modbus TCP: nothing that follows on it can be trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The only answers to one request: this unit, this function, this many bytes; or its exception."""

    unit: int
    function: int
    data_bytes: int
    count: int

    @property
    def rtu_length(self) -> int:
        return self.data_bytes + 5

    def fits(self, unit: int, pdu: bytes) -> bool:
        if unit != self.unit:
            return False
        if pdu[0] == self.function | _EXCEPTION:
            return len(pdu) == 2
        return pdu[0] == self.function and len(pdu) == self.data_bytes + 2 and pdu[1] == self.data_bytes


def expected_of(unit: int, request: ReadRequest) -> Expected:
    data_bytes = (request.count + 7) // 8 if request.table.bits else request.count * 2
    function = _REQUESTS[request.table].function_code
    return Expected(unit=unit, function=function, data_bytes=data_bytes, count=request.count)


def rtu_frame(unit: int, request: ReadRequest) -> bytes:
    return _RTU.buildFrame(_pdu(unit, request, 0))


def tcp_frame(unit: int, request: ReadRequest, transaction: int) -> bytes:
    return _TCP.buildFrame(_pdu(unit, request, transaction))


def rtu_frames(received: bytes) -> Iterator[tuple[int, bytes]]:
    """Unit and PDU of each whole, undamaged frame; noise between them is skipped."""
    at = 0
    while at < len(received):
        frame = _whole_frame(received[at:])
        if frame:
            yield frame[0], frame[1:-2]
        at += len(frame) or 1


def rtu_answer(received: bytes, expected: Expected) -> bytes | None:
    """The PDU of the expected answer, if `received` holds all of it."""
    return next((pdu for unit, pdu in rtu_frames(received) if expected.fits(unit, pdu)), None)


def rtu_torn(received: bytes, expected: Expected) -> bool:
    """Whether this is the expected answer damaged on its way: no other answer of this unit is still to come."""
    head = bytes((expected.unit, expected.function, expected.data_bytes))
    return len(received) == expected.rtu_length and received.startswith(head)


def tcp_answers(received: bytearray) -> Iterator[tuple[int, int, bytes]]:
    """Takes whole frames off the front: transaction, unit, PDU. Raises OutOfStep."""
    while len(received) >= MBAP_LENGTH:
        protocol, length = int.from_bytes(received[2:4], "big"), int.from_bytes(received[4:6], "big")
        if protocol != 0 or not 3 <= length <= 254:
            raise OutOfStep(f"header {bytes(received[:MBAP_LENGTH]).hex()}")
        if len(received) < length + 6:
            return
        frame = bytes(received[: length + 6])
        del received[: length + 6]
        yield int.from_bytes(frame[:2], "big"), frame[6], frame[MBAP_LENGTH:]


def words_in(pdu: bytes, expected: Expected) -> tuple[int, ...]:
    """The words or bits of an answer that fits. Raises Refused, NoAnswer."""
    answer = _DECODER.decode(pdu)
    if isinstance(answer, ExceptionResponse):
        if answer.exception_code in _BUSY_OR_BEHIND_GATEWAY:
            raise NoAnswer(f"exception {answer.exception_code}")
        raise Refused(answer.exception_code)
    if answer is None:
        raise NoAnswer("the answer cannot be decoded")
    words = tuple(int(bit) for bit in answer.bits) if answer.bits else tuple(answer.registers)
    return words[: expected.count]


def _pdu(unit: int, request: ReadRequest, transaction: int) -> ModbusPDU:
    return _REQUESTS[request.table](dev_id=unit, transaction_id=transaction, address=request.start, count=request.count)


def _whole_frame(received: bytes) -> bytes:
    """The frame that `received` begins with, checked; empty where there is none (yet)."""
    if len(received) < 5:
        return b""
    function = received[1]
    length = 5 if function & _EXCEPTION else _FIXED_LENGTHS.get(function, received[2] + 5)
    frame = received[:length]
    whole = len(frame) == length and FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))
    return frame if whole else b""
