"""Raw words ⇄ numbers and text: one rule for each type that register maps know."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence

from edge_agent.core.profile import Point, TextType, WordType

_SIGNED = {WordType.I8: 1 << 8, WordType.I16: 1 << 16, WordType.I32: 1 << 32, WordType.I64: 1 << 64}
_BYTES = frozenset({WordType.U8, WordType.I8})
_SIGN = 0x8000
_F32 = struct.Struct(">f")
_SHORTEST = ("%.6g", "%.7g", "%.8g")
_MINUTES, _HOURS = 60, 24


def ordered(point: Point, words: Sequence[int]) -> tuple[int, ...]:
    """The words most significant first, their bytes too, or back as they stand on the wire: it is its own inverse."""
    inner = tuple(word >> 8 | (word & 0xFF) << 8 for word in words) if point.low_byte_first else tuple(words)
    return tuple(reversed(inner)) if point.low_word_first else inner


def unsigned(words: Sequence[int]) -> int:
    number = 0
    for word in words:
        number = number << 16 | word
    return number


def field_of(point: Point, raw: int) -> int:
    """The bits of the register that are this point's own."""
    first, last = point.address.bit, point.address.last_bit
    if first is None or last is None:
        return raw
    return raw >> first & (1 << last - first + 1) - 1


def number_of(kind: WordType, raw: int) -> float | None:
    """`raw` is unsigned. None: those bits are no number of this type, such as a bcd digit above 9."""
    if kind is WordType.U16:
        return raw
    if kind is WordType.I16:
        return raw - 0x10000 if raw & _SIGN else raw
    if kind in _READERS:
        return _READERS[kind](raw)
    if kind in _BYTES:
        raw &= 0xFF
    span = _SIGNED.get(kind, 0)
    return raw - span if raw >= span // 2 and span else raw


def text_of(kind: TextType, words: Sequence[int]) -> str | None:
    """None where a character is none that prints."""
    letters = b"".join(word.to_bytes(2, "big") for word in words)[:: 3 - kind.chars]
    if kind.chars == 1:
        letters = bytes(word & 0xFF for word in words)
    told = letters.split(b"\0", 1)[0].strip(b" ")
    return told.decode("ascii") if all(0x20 <= letter < 0x7F for letter in told) else None


def _signed_magnitude(raw: int) -> float:
    return float(-(raw & ~_SIGN)) if raw & _SIGN else float(raw)


def _bcd(raw: int) -> float | None:
    digits = f"{raw:x}"
    return float(digits) if digits.isdecimal() else None


def _minutes(raw: int) -> float | None:
    hours, minutes = raw >> 8, raw & 0xFF
    return float(hours * _MINUTES + minutes) if hours < _HOURS and minutes < _MINUTES else None


def _shortest_f32(raw: int) -> float | None:
    """The number with the fewest digits that is the same single-precision float: 230.1, not 230.10000610351562."""
    packed = raw.to_bytes(4, "big")
    (exact,) = _F32.unpack(packed)
    if not math.isfinite(exact):
        return None
    for form in _SHORTEST:
        number = float(form % exact)
        if _packs_to(number, packed):
            return number
    return float(exact)


def _packs_to(number: float, packed: bytes) -> bool:
    try:
        return _F32.pack(number) == packed
    except OverflowError:
        return False


_READERS: Mapping[WordType, Callable[[int], float | None]] = {
    WordType.F32: _shortest_f32,
    WordType.SM16: _signed_magnitude,
    WordType.BCD: _bcd,
    WordType.BCD32: _bcd,
    WordType.HHMM: _minutes,
}
