"""Controllers of which every register holds a number that no other register holds, now or a moment ago."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pymodbus.constants import ExcCodes
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.pdu import bit_message as bits
from pymodbus.pdu import register_message as registers

from edge_agent.contract.readings import Reading
from edge_agent.core.decode import decode
from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import Address, Point, Profile, ReadLimits, Table, WordType
from edge_agent.profiles.load import profile

REGISTERS, BITS = 16, 48
VERSIONS = 8
"""The registers change every second of the loop; an answer is late by less than so many seconds."""

_TABLES = {1: Table.COIL, 2: Table.DISCRETE, 3: Table.HOLDING, 4: Table.INPUT}
_TYPES = {8: WordType.U32, 10: WordType.U32, 12: WordType.I32}
_SECOND_WORDS = frozenset(number + 1 for number in _TYPES)
_TENTHS = frozenset({6, 7})
_LOW_FIRST = frozenset({10})


def word(unit: int, table: Table, number: int, version: int) -> int:
    """8 bits of unit, 1 of table, 4 of register, 3 of time."""
    return unit << 8 | (table is Table.INPUT) << 7 | number << 3 | version


def bit(unit: int, table: Table, number: int, version: int) -> int:
    """Not unique, which one bit cannot be; a block of them nearly is."""
    mixed = (unit * 40503 + number * 2654435761 + version * 97 + (table is Table.COIL) * 7919) & 0xFFFFFFFF
    return (mixed ^ mixed >> 15) >> 7 & 1


@dataclass(slots=True)
class Truth:
    """One of these controllers; `clock` is the loop's. `told` are its latest answers."""

    unit: int
    clock: Callable[[], float]
    asked: int = 0
    told: deque[tuple[int, ...]] = field(default_factory=lambda: deque(maxlen=30))

    def answer(self, request: ModbusPDU) -> ModbusPDU:
        self.asked += 1
        table = _TABLES.get(request.function_code)
        if table is None:
            return ExceptionResponse(request.function_code, ExcCodes.ILLEGAL_FUNCTION)
        version, numbers = version_at(self.clock()), range(request.address, request.address + request.count)
        if numbers.stop > (BITS if table.bits else REGISTERS):
            return ExceptionResponse(request.function_code, ExcCodes.ILLEGAL_ADDRESS)
        if table.bits:
            states = [bool(bit(self.unit, table, number, version)) for number in numbers]
            self.told.append((*map(int, states), *[0] * (-len(states) % 8)))
            one = bits.ReadCoilsResponse if table is Table.COIL else bits.ReadDiscreteInputsResponse
            return one(bits=states)
        words = [word(self.unit, table, number, version) for number in numbers]
        self.told.append(tuple(words))
        holding = table is Table.HOLDING
        return (registers.ReadHoldingRegistersResponse if holding else registers.ReadInputRegistersResponse)(
            registers=words
        )


def told_by(truth: Truth, words: Sequence[int], *, as_bits: bool) -> bool:
    """Whether this controller gave that answer, to whatever question; bits are told by the byte."""
    length = len(words) + -len(words) % 8 if as_bits else len(words)
    return any(len(told) == length and told[: len(words)] == tuple(words) for told in truth.told)


def version_at(time: float) -> int:
    return int(time) % VERSIONS


def held(point: Point, unit: int, version: int) -> float:
    """The value by plain arithmetic, which is not that of the decoder."""
    table, number = point.address.table, point.address.number
    if table.bits:
        return bit(unit, table, number, version)
    first = word(unit, table, number, version)
    if point.type.words == 1:
        signed = first - 0x10000 if number in _TENTHS and first >= 0x8000 else first
        return signed / 10 if number in _TENTHS else signed
    second = word(unit, table, number + 1, version)
    high, low = (second, first) if number in _LOW_FIRST else (first, second)
    both = high * 0x10000 + low
    return both - 0x100000000 if point.type is WordType.I32 and both >= 0x80000000 else both


def wrong(readings: Sequence[Reading], unit: int, asked_at: float, told_at: float) -> list[Reading]:
    """Those with a value that the controller did not hold for that point between the two times."""
    versions = {second % VERSIONS for second in range(int(asked_at), int(told_at) + 1)}
    return [
        reading
        for reading in readings
        if reading.value is not None
        and not any(
            isinstance(reading.value, (bool, float, int))
            and abs(held(POINTS[reading.point], unit, one) - reading.value) < 1e-6
            for one in versions
        )
    ]


def readings_of(request: ReadRequest, words: Sequence[int]) -> tuple[Reading, ...]:
    """By the decoder that is shipped."""
    return decode(PROFILE, request.words_by_name(words))


def _points() -> Iterator[Point]:
    for table in (Table.HOLDING, Table.INPUT):
        for number in range(REGISTERS):
            if number not in _SECOND_WORDS:
                yield _register(table, number)
    for table in (Table.COIL, Table.DISCRETE):
        for number in range(BITS):
            yield Point(name=f"{table}{number}", address=Address(table=table, number=number), type=WordType.FLAG)


def _register(table: Table, number: int) -> Point:
    tenths = number in _TENTHS
    return Point(
        name=f"{table}{number}",
        address=Address(table=table, number=number),
        type=WordType.I16 if tenths else _TYPES.get(number, WordType.U16),
        scale=0.1 if tenths else 1.0,
        low_word_first=number in _LOW_FIRST,
    )


def _blocks() -> Iterator[ReadRequest]:
    for table in Table:
        points = [point for point in POINTS.values() if point.address.table is table]
        for first in range(0, len(points), 5 if table.bits else 1):
            for size in (1, 2, 3, 8) if not table.bits else (1, 7, 8, 9, 24):
                yield _block(tuple(points[first : first + size]))


def _block(points: tuple[Point, ...]) -> ReadRequest:
    first, last = points[0].address, points[-1]
    count = last.address.number + last.type.words - first.number
    return ReadRequest(table=first.table, start=first.number, count=count, points=points)


POINTS: Mapping[str, Point] = {point.name: point for point in _points()}
PROFILE: Profile = replace(
    profile("xy_md02"), points=dict(POINTS), derived={}, limits=ReadLimits(max_words=REGISTERS, max_bits=BITS)
)
BLOCKS: Sequence[ReadRequest] = tuple(_blocks())
