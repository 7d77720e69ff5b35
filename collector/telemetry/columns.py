"""Numbers side by side in few bytes: whole numbers as steps, decimals as whole numbers where nothing is lost."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from itertools import accumulate, chain
from operator import sub

import msgspec

MOST_DECIMALS = 4
LARGEST_SCALED = 1e15
"""Beyond this a double no longer holds four decimals beside the whole number."""

_WIDTHS = (("b", 1 << 7), ("h", 1 << 15), ("i", 1 << 31), ("q", 1 << 63))


class Run(msgspec.Struct, array_like=True, frozen=True):
    """Whole numbers of 64 bits: the first, and the steps to each next one, little-endian in the narrowest `width`."""

    first: int
    width: str
    steps: bytes


class Numbers(msgspec.Struct, array_like=True, frozen=True):
    """Numbers exactly as they were: `scaled` by ten to the power of `decimals`, or the doubles themselves."""

    decimals: int
    scaled: Run | None
    doubles: bytes


def pack_run(whole: Sequence[int]) -> Run:
    """`whole` has at least one number. Raises OverflowError where a step is beyond 64 bits."""
    steps = list(map(sub, whole[1:], whole))
    reach = max(*steps, -1 - min(steps)) if steps else 0
    for width, limit in _WIDTHS:
        if reach < limit:
            return Run(whole[0], width, _bytes(array(width, steps)))
    raise OverflowError("steps beyond 64 bits")


def unpack_run(run: Run) -> list[int]:
    return list(accumulate(chain((run.first,), _array(run.width, run.steps))))


def pack_numbers(numbers: Sequence[float]) -> Numbers:
    """`numbers` has at least one; all are finite."""
    decimals, whole = fit(numbers)
    if decimals < 0:
        return pack_doubles(numbers)
    return Numbers(decimals, pack_run(whole), b"")


def pack_doubles(numbers: Sequence[float]) -> Numbers:
    return Numbers(-1, None, _bytes(array("d", numbers)))


def unpack_numbers(packed: Numbers) -> list[float]:
    if packed.scaled is None:
        return list(_array("d", packed.doubles))
    factor = 10.0**packed.decimals
    return [one / factor for one in unpack_run(packed.scaled)]


def fit(numbers: Sequence[float]) -> tuple[int, list[int]]:
    """With how many decimals all can be written exactly, and so scaled; -1 and nothing where four are too few."""
    if max(map(abs, numbers)) * 10**MOST_DECIMALS < LARGEST_SCALED:
        for decimals in range(MOST_DECIMALS + 1):
            factor = 10.0**decimals
            if round(numbers[0] * factor) / factor == numbers[0]:  # the first one tells most wrong guesses
                whole = scale(numbers, decimals)
                if [one / factor for one in whole] == list(numbers):
                    return decimals, whole
    return -1, []


def scale(numbers: Sequence[float], decimals: int) -> list[int]:
    if decimals == 0:
        return list(map(round, numbers))
    factor = 10.0**decimals
    return [round(one * factor) for one in numbers]


def _bytes(numbers: array[int] | array[float]) -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _array(width: str, packed: bytes) -> array[int]:
    numbers: array[int] = array(width, packed)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
