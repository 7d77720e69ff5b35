"""Sets of positions as the bits of an int, and as the bytes that are stored of them."""

from __future__ import annotations

from collections.abc import Iterable


def bits_at(positions: Iterable[int]) -> int:
    bits = 0
    for position in positions:
        bits |= 1 << position
    return bits


def bits_of(packed: bytes) -> int:
    return int.from_bytes(packed, "little")


def packed(bits: int) -> bytes:
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little") if bits else b""
