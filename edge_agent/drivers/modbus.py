"""Requests → frames and frames → answers, by pymodbus; which bytes are an answer at all is decided here.

pymodbus' own client is not used: on a serial line it takes a late reply for the answer to the next request, it keeps no
silence between frames, and its framer drops what follows a foreign frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from edge_agent.core.cost import data_bytes
from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import Table
from edge_agent.core.write_request import WriteRequest
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
_READS, _READS_OF_BITS = range(1, 5), range(1, 3)
_LENGTH_OF_READ = 8
"""Of its request, in bytes."""

_BUSY_OR_BEHIND_GATEWAY = frozenset({5, 6, 10, 11})
"""Acknowledge, busy, and a gateway that cannot reach the device: none of them is an answer of the point."""

_MOST_KEPT = 4096
"""Of each that is the same whenever a request is: its frame, and its only answers."""

MBAP_LENGTH = 7
_ECHO_BYTES = 5
"""Of function, address, and value or count: the answer to every write."""

Request = ReadRequest | WriteRequest


class OutOfStep(Exception):
    """The bytes of a connection are no Modbus TCP: nothing that follows on it can be trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The only answers to one request: this unit, this function, this many bytes; or its exception.

    A write is answered by its own beginning, `echo`.
    """

    unit: int
    function: int
    data_bytes: int
    count: int
    echo: bytes = b""

    @property
    def rtu_length(self) -> int:
        return len(self.echo) + 3 if self.echo else self.data_bytes + 5

    def fits(self, unit: int, pdu: bytes) -> bool:
        if unit != self.unit:
            return False
        if pdu[0] == self.function | _EXCEPTION:
            return len(pdu) == 2
        if self.echo:
            return pdu == self.echo
        return pdu[0] == self.function and len(pdu) == self.data_bytes + 2 and pdu[1] == self.data_bytes


def expected_of(unit: int, request: Request) -> Expected:
    if isinstance(request, WriteRequest):
        pdu = _pdu(unit, request, 0)
        echo = bytes((pdu.function_code,)) + pdu.encode()[: _ECHO_BYTES - 1]
        return Expected(unit=unit, function=pdu.function_code, data_bytes=0, count=0, echo=echo)
    return _expected_read(unit, request.table, request.count)


@lru_cache(maxsize=_MOST_KEPT)
def _expected_read(unit: int, table: Table, count: int) -> Expected:
    function = _REQUESTS[table].function_code
    return Expected(unit=unit, function=function, data_bytes=data_bytes(table, count), count=count)


def rtu_frame(unit: int, request: Request) -> bytes:
    return _RTU.buildFrame(_pdu(unit, request, 0))


def tcp_frame(unit: int, request: Request, transaction: int) -> bytes:
    """A read is framed once: only the transaction, in its first two bytes, is another each time."""
    if isinstance(request, WriteRequest):
        return _TCP.buildFrame(_pdu(unit, request, transaction))
    return transaction.to_bytes(2, "big") + _tcp_read(unit, request.table, request.start, request.count)[2:]


@lru_cache(maxsize=_MOST_KEPT)
def _tcp_read(unit: int, table: Table, start: int, count: int) -> bytes:
    return _TCP.buildFrame(_pdu(unit, ReadRequest(table=table, start=start, count=count, points=()), 0))


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
    heads = (bytes((expected.unit, expected.function)), bytes((expected.unit, expected.function | _EXCEPTION)))
    if not any(head in received for head in heads):
        return None  # a search byte by byte, with every byte that comes, is too dear where somebody babbles
    return next((pdu for unit, pdu in rtu_frames(received) if expected.fits(unit, pdu)), None)


def rtu_requests(received: bytes) -> int:
    """Reads that another master asked for; an answer of three bytes of bits looks the same, and is not counted."""
    return sum(
        received[at + 1] in _READS
        and not (received[at + 1] in _READS_OF_BITS and received[at + 2] == _LENGTH_OF_READ - 5)
        and FramerRTU.check_CRC(received[at : at + 6], int.from_bytes(received[at + 6 : at + _LENGTH_OF_READ], "big"))
        for at in range(len(received) - _LENGTH_OF_READ + 1)
    )


def rtu_torn(received: bytes, expected: Expected) -> bool:
    """Whether this is the expected answer damaged on its way: no other answer of this unit is still to come."""
    head = bytes((expected.unit,)) + (expected.echo[:1] or bytes((expected.function, expected.data_bytes)))
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
    if expected.echo:
        return ()
    words = tuple(int(bit) for bit in answer.bits) if answer.bits else tuple(answer.registers)
    return words[: expected.count]


def is_refusal(pdu: bytes) -> bool:
    return bool(pdu[0] & _EXCEPTION)


def _pdu(unit: int, request: Request, transaction: int) -> ModbusPDU:
    pdu = _read_pdu(request) if isinstance(request, ReadRequest) else _write_pdu(request)
    pdu.dev_id, pdu.transaction_id = unit, transaction
    return pdu


def _read_pdu(request: ReadRequest) -> ModbusPDU:
    return _REQUESTS[request.table](address=request.start, count=request.count)


def _write_pdu(request: WriteRequest) -> ModbusPDU:
    if request.table is Table.COIL:
        bits = WriteSingleCoilRequest if request.single else WriteMultipleCoilsRequest
        return bits(address=request.start, bits=[bool(word) for word in request.words])
    registers = WriteSingleRegisterRequest if request.single else WriteMultipleRegistersRequest
    return registers(address=request.start, registers=list(request.words))


def _whole_frame(received: bytes) -> bytes:
    """The frame that `received` begins with, checked; empty where there is none (yet)."""
    if len(received) < 5:
        return b""
    function = received[1]
    length = 5 if function & _EXCEPTION else _FIXED_LENGTHS.get(function, received[2] + 5)
    frame = received[:length]
    whole = len(frame) == length and FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))
    return frame if whole else b""
