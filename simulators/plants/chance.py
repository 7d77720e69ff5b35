"""Chance that repeats: numbers drawn evenly from 0..1 by a salt and a count, the same on every machine."""

from __future__ import annotations

import math
import zlib
from functools import lru_cache

_ALL = (1 << 64) - 1


@lru_cache(maxsize=65536)
def salt_of(*words: object) -> int:
    """64 bits that stand for these words."""
    text = "\x1f".join(map(str, words)).encode()
    return zlib.crc32(text) << 32 | zlib.crc32(text[::-1], 0x9E3779B9)


def draw(salt: int, count: int) -> float:
    """Neighbouring counts have nothing to do with each other (SplitMix64, Steele, Lea and Flood 2014)."""
    mixed = (salt + count * 0x9E3779B97F4A7C15) & _ALL
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _ALL
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _ALL
    return (mixed ^ mixed >> 31) / 18446744073709551616.0


def wave(salt: int, at: float) -> float:
    """0..1, without a step anywhere: at whole `at` it is drawn, between them it goes over smoothly."""
    before = math.floor(at)
    here, there = _knot(salt, before), _knot(salt, before + 1)
    return here + (there - here) * (0.5 - 0.5 * math.cos(math.pi * (at - before)))


@lru_cache(maxsize=65536)
def _knot(salt: int, count: int) -> float:
    return draw(salt, count)
