"""A Modbus request and the image of a controller → what that controller answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pymodbus.constants import ExcCodes
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu import bit_message as bits
from pymodbus.pdu import register_message as registers

from edge_agent.contract.readings import Value
from edge_agent.core.condition import is_other
from edge_agent.core.decode import value_of
from edge_agent.core.profile import Point, Table
from simulators.registers import Image

_BIT_READS: dict[int, type[ModbusPDU]] = {1: bits.ReadCoilsResponse, 2: bits.ReadDiscreteInputsResponse}
_WORD_READS: dict[int, type[ModbusPDU]] = {
    3: registers.ReadHoldingRegistersResponse,
    4: registers.ReadInputRegistersResponse,
}
_DECODER = DecodePDU(True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`sets` is what the request changed: points and their new values."""

    pdu: ModbusPDU
    sets: tuple[tuple[Point, Value], ...] = ()


def read_request(pdu: bytes) -> ModbusPDU:
    """The request, or the exception that a controller answers to one that it cannot read."""
    if request := _DECODER.decode(pdu):
        return request
    known = pdu[0] in _DECODER.pdu_table
    return ExceptionResponse(pdu[0] & 0x7F, ExcCodes.ILLEGAL_VALUE if known else ExcCodes.ILLEGAL_FUNCTION)


def answer(request: ModbusPDU, image: Image) -> Answer:
    """Never touches the image: whoever owns the plant carries out `sets`."""
    code = request.function_code
    if request.isError():
        return Answer(pdu=request)
    if code in image.reads and code in _BIT_READS | _WORD_READS:
        return Answer(pdu=_read(request, image))
    if code in image.writes:
        return _write(request, image)
    return _refusal(request, ExcCodes.ILLEGAL_FUNCTION)


def _read(request: ModbusPDU, image: Image) -> ModbusPDU:
    code = request.function_code
    table = image.words.get(image.reads[code], {})
    words = [table.get(number) for number in range(request.address, request.address + request.count)]
    if None in words:
        return ExceptionResponse(code, ExcCodes.ILLEGAL_ADDRESS)
    if code in _BIT_READS:
        return _BIT_READS[code](bits=[bool(word) for word in words])
    return _WORD_READS[code](registers=[word for word in words if word is not None])


def _write(request: ModbusPDU, image: Image) -> Answer:
    table = Table.COIL if request.function_code in {5, 15} else Table.HOLDING
    written = request.bits if table is Table.COIL else request.registers
    if not written or (request.function_code in {15, 16} and len(written) != request.count):
        return _refusal(request, ExcCodes.ILLEGAL_VALUE)
    points = [image.settable.get((table, request.address + index)) for index in range(len(written))]
    sets = [_set(point, word) for point, word in zip(points, written, strict=True) if point]
    if len(sets) < len(written):
        return _refusal(request, ExcCodes.ILLEGAL_ADDRESS)
    if None in sets:
        return _refusal(request, ExcCodes.ILLEGAL_VALUE)
    return Answer(pdu=_echo(request, written), sets=tuple(one for one in sets if one is not None))


def _set(point: Point, word: int) -> tuple[Point, Value] | None:
    if point.words and int(word) not in point.words:
        return None
    value = value_of(point, (int(word),)).value
    return None if value is None or is_other(value) else (point, value)


def _echo(request: ModbusPDU, written: Sequence[int]) -> ModbusPDU:
    match request.function_code:
        case 5:
            return bits.WriteSingleCoilResponse(address=request.address, bits=[bool(written[0])])
        case 6:
            return registers.WriteSingleRegisterResponse(address=request.address, registers=list(written))
        case 15:
            return bits.WriteMultipleCoilsResponse(address=request.address, count=request.count)
    return registers.WriteMultipleRegistersResponse(address=request.address, count=request.count)


def _refusal(request: ModbusPDU, code: ExcCodes) -> Answer:
    return Answer(pdu=ExceptionResponse(request.function_code, code))
