"""Everything that one register, alone or with the next one, may mean."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass

_SMALLEST, _LARGEST = 1e-4, 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two registers as one number."""

    u32: int
    i32: int
    f32: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meanings:
    """`high_first` and `low_first` join the register with the next one; None where that one does not exist.

    A float that no measurement would give is None.
    """

    address: int
    word: int
    i16: int
    bits: str
    text: str
    high_first: Pair | None
    low_first: Pair | None


def meanings(words: Mapping[int, int]) -> tuple[Meanings, ...]:
    """One row for each address that has a word."""
    return tuple(_meanings(address, word, words.get(address + 1)) for address, word in sorted(words.items()))


def signed(number: int, bits: int) -> int:
    return number - (1 << bits) if number >> (bits - 1) else number


def float_of(number: int) -> float:
    """The IEEE 754 single that these 32 bits are; may be infinite or no number."""
    (value,) = struct.unpack(">f", struct.pack(">I", number))
    return float(value)


def _meanings(address: int, word: int, following: int | None) -> Meanings:
    bits = f"{word:016b}"
    return Meanings(
        address=address,
        word=word,
        i16=signed(word, 16),
        bits=" ".join(bits[at : at + 4] for at in range(0, 16, 4)),
        text="".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in word.to_bytes(2, "big")),
        high_first=None if following is None else _pair(word << 16 | following),
        low_first=None if following is None else _pair(following << 16 | word),
    )


def _pair(number: int) -> Pair:
    value = float_of(number)
    sensible = math.isfinite(value) and (value == 0 or _SMALLEST <= abs(value) <= _LARGEST)
    return Pair(u32=number, i32=signed(number, 32), f32=value if sensible else None)
