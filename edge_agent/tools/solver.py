"""The byte-order solver: which register, type, word order and scale explain what the panel shows?

Every interpretation of every address is tried against all readings; those that explain each of them within the
rounding of the display remain, the simplest first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from edge_agent.contract.text import Text
from edge_agent.core.profile import Table
from edge_agent.tools.interpret import float_of, signed

Words = Mapping[Table, Mapping[int, int]]

SCALES = (1.0, 0.1, 0.01, 10.0, 0.001, 0.5, 0.2, 0.25, 0.05, 100.0)
_SCALE_COST = {scale: 0.2 * rank for rank, scale in enumerate(SCALES)}
_SLACK = 1e-6
_NEAR_COST = 3.0


class NotShown(ValueError):
    """The text is no number as a panel shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the panel shows: `value`, to `digits` decimals."""

    value: float
    digits: int

    @property
    def step(self) -> float:
        """The smallest change that the panel can show."""
        return float(10.0**-self.digits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The registers, and what the panel showed at the same time."""

    words: Words
    shown: Shown


class Order(StrEnum):
    NONE = "none"
    HIGH_FIRST = "high_first"
    LOW_FIRST = "low_first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to make a number of one or two registers. `cost` grows with what must be believed for it."""

    type: str
    order: Order
    words: int
    cost: float
    number: Callable[[tuple[int, ...]], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """`also` are types that the samples cannot tell from this one. `near`: samples that it explains only to within the
    last digit of the display. `moves`: whether its registers changed between the samples."""

    table: Table
    address: int
    type: str
    order: Order
    scale: float
    cost: float
    near: int
    moves: bool
    also: tuple[str, ...] = ()


_Found = tuple[Candidate, tuple[float | None, ...]]
"""A candidate and the unscaled numbers that it makes of the samples."""


def shown(text: str) -> Shown:
    """`-18.4`, `−18,4 °C`, `5`. Raises NotShown."""
    bare = text.strip().replace("−", "-").replace(",", ".").removesuffix("°C").removesuffix("℃").strip()
    try:
        number = Decimal(bare)
    except InvalidOperation as error:
        raise NotShown(text) from error
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise NotShown(text)
    return Shown(value=float(number), digits=max(0, -exponent))


def solve(samples: Sequence[Sample]) -> tuple[Candidate, ...]:
    """What explains all samples, simplest first; with nothing exact, what explains them to within one last digit."""
    found = [one for table in _tables(samples) for one in _candidates(table, samples)]
    exact = [one for one in found if one[0].near == 0]
    return tuple(_merged(sorted(exact or found, key=_rank)))


def next_step(candidates: Sequence[Candidate], samples: Sequence[Sample]) -> Text:
    """What to do to tell the remaining candidates apart."""
    distinct = {sample.shown.value for sample in samples}
    if not candidates:
        return _NOTHING
    if len(distinct) < 2 and len(candidates) > 1:
        return _WAIT if len(samples) > 1 else _AGAIN
    if len(candidates) == 1:
        return _SURE if len(distinct) > 2 else _ONCE_MORE
    if {Order.HIGH_FIRST, Order.LOW_FIRST} == {one.order for one in candidates}:
        return _SECOND_POINT
    return _BELOW_ZERO if _only_sign_differs(candidates) else _ELSEWHERE if _same_scale(candidates) else _FAR


def _candidates(table: Table, samples: Sequence[Sample]) -> Iterator[_Found]:
    tables = [sample.words.get(table, {}) for sample in samples]
    addresses = set(tables[0]).intersection(*tables[1:])
    for address in addresses:
        for reading in READINGS:
            places = range(address, address + reading.words)
            if not addresses.issuperset(places):
                continue
            series = [tuple(words[place] for place in places) for words in tables]
            yield from _explaining(table, address, reading, series, samples)


def _explaining(
    table: Table, address: int, reading: Reading, series: list[tuple[int, ...]], samples: Sequence[Sample]
) -> Iterator[_Found]:
    numbers = [reading.number(words) for words in series]
    for scale in SCALES:
        near = _near(numbers, scale, samples)
        if near is None:
            continue
        still = sum(len(set(column)) == 1 for column in zip(*series, strict=True))
        moves = still < reading.words
        cost = reading.cost + _scale_cost(scale, reading, samples) + _NEAR_COST * near / len(samples)
        candidate = Candidate(
            table=table,
            address=address,
            type=reading.type,
            order=reading.order,
            scale=scale,
            cost=cost + _still_cost(reading, still, moves=moves) + _chance_cost(numbers, scale, samples),
            near=near,
            moves=moves,
        )
        yield candidate, tuple(numbers)


def _near(numbers: Sequence[float | None], scale: float, samples: Sequence[Sample]) -> int | None:
    """How many samples are explained only roughly; None when one is not explained at all."""
    near = 0
    for number, sample in zip(numbers, samples, strict=True):
        if number is None:
            return None
        away = abs(number * scale - sample.shown.value)
        slack = _SLACK * max(1.0, abs(sample.shown.value))
        if away <= sample.shown.step / 2 + slack:
            continue
        if away > sample.shown.step * 1.5 + slack:
            return None
        near += 1
    return near


def _scale_cost(scale: float, reading: Reading, samples: Sequence[Sample]) -> float:
    """A scale that makes just the digits which the panel shows needs the least belief; floats come unscaled."""
    if reading.type == "f32":
        return 0.0 if scale == 1.0 else 2.0 + _SCALE_COST[scale]
    natural = max(sample.shown.step for sample in samples)
    return 0.0 if math.isclose(scale, natural) else 0.3 + _SCALE_COST[scale]


def _still_cost(reading: Reading, still: int, *, moves: bool) -> float:
    """What the panel shows moves; a float moves in both of its words, the upper half of an integer need not."""
    return 0.3 * still if reading.type == "f32" and moves else 0.0 if moves else 0.6


def _chance_cost(numbers: Sequence[float | None], scale: float, samples: Sequence[Sample]) -> float:
    """Most controllers keep what they show; what only falls within the rounding by chance lies anywhere in it."""
    away = [
        abs((number or 0.0) * scale - sample.shown.value) / sample.shown.step
        for number, sample in zip(numbers, samples, strict=True)
    ]
    return 0.6 * sum(away) / len(away)


def _merged(ranked: Sequence[_Found]) -> Iterator[Candidate]:
    """Types that make the same numbers of the same words are one candidate, known by its simplest type."""
    groups: dict[tuple[object, ...], list[Candidate]] = {}
    for one, numbers in ranked:
        groups.setdefault((one.table, one.address, one.order, one.scale, numbers), []).append(one)
    for simplest, *others in groups.values():
        yield replace(simplest, also=tuple(other.type for other in others))


def _rank(found: _Found) -> tuple[float, str, int, str]:
    one = found[0]
    return round(one.cost, 6), one.table, one.address, one.type


def _tables(samples: Sequence[Sample]) -> list[Table]:
    return [table for table in Table if not table.bits and all(table in sample.words for sample in samples)]


def _only_sign_differs(candidates: Sequence[Candidate]) -> bool:
    return len({(one.table, one.address) for one in candidates}) == 1


def _same_scale(candidates: Sequence[Candidate]) -> bool:
    return len({(one.type, one.order, one.scale) for one in candidates}) == 1


def _signed_magnitude(word: int) -> float:
    return -float(word & 0x7FFF) if word & 0x8000 else float(word)


def _bcd(word: int) -> float | None:
    text = f"{word:x}"
    return float(text) if text.isdigit() else None


def _joined(words: tuple[int, ...], *, swapped: bool) -> int:
    high, low = reversed(words) if swapped else words
    return high << 16 | low


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _wide(order: Order, cost: float) -> Iterator[Reading]:
    swapped = order is Order.LOW_FIRST
    yield Reading(
        type="i32", order=order, words=2, cost=cost + 1.0, number=lambda w: signed(_joined(w, swapped=swapped), 32)
    )
    yield Reading(type="u32", order=order, words=2, cost=cost + 1.1, number=lambda w: _joined(w, swapped=swapped))
    yield Reading(
        type="f32",
        order=order,
        words=2,
        cost=cost + 0.6,
        number=lambda w: _finite(float_of(_joined(w, swapped=swapped))),
    )


READINGS: tuple[Reading, ...] = (
    Reading(type="i16", order=Order.NONE, words=1, cost=0.0, number=lambda w: signed(w[0], 16)),
    Reading(type="u16", order=Order.NONE, words=1, cost=0.1, number=lambda w: w[0]),
    *_wide(Order.HIGH_FIRST, 0.0),
    *_wide(Order.LOW_FIRST, 0.1),
    Reading(type="i8", order=Order.NONE, words=1, cost=2.0, number=lambda w: signed(w[0] & 0xFF, 8)),
    Reading(type="sm16", order=Order.NONE, words=1, cost=2.0, number=lambda w: _signed_magnitude(w[0])),
    Reading(type="bcd", order=Order.NONE, words=1, cost=2.5, number=lambda w: _bcd(w[0])),
)

_NOTHING = Text(
    zh="没有任何解释。请检查:范围是否够大(也试试输入寄存器 I);读数是否同时记录;面板显示的单位是否为 °F 或已加修正值",
    en="Nothing explains it. Is the range wide enough (try the input registers, I, too); was the panel read at the "
    "same time; does it show °F, or a value with a correction added?",
)
_WAIT = Text(
    zh="面板显示一直没变。请等它变化(开门、用手捂热探头),再读一次",
    en="The panel has shown the same each time. Wait until it changes (open the door, warm the probe in your hand) "
    "and take another reading",
)
_AGAIN = Text(
    zh="一次读数不够。等面板显示变化后再读一次",
    en="One reading is not enough. Take another one when the display has changed",
)
_SECOND_POINT = Text(
    zh="剩下的解释只差字序。同一控制器的字序都相同:请对另一个点(数值大的,如电量)也求解一次",
    en="What remains differs in its word order, which is the same for all points of a controller: solve a second "
    "point, best one with a large value",
)
_ONCE_MORE = Text(
    zh="只剩一个解释。显示变化后再读一次即可确认",
    en="One explanation remains. Take one more reading when the display has changed, to be sure",
)
_SURE = Text(zh="只有这一个解释", en="This is the only explanation")
_BELOW_ZERO = Text(
    zh="剩下的解释在同一地址,只是类型或比例不同。请在数值差别大时(如零度以下、化霜末期)再读一次",
    en="What remains is one address in different types or scales. Take a reading when the value is very different "
    "(below zero, at the end of a defrost)",
)
_ELSEWHERE = Text(
    zh="剩下的地址数值相同(例如控制温度与显示温度)。只捂热一个探头,或在化霜时再读一次",
    en="What remains are addresses with equal values (such as the control and the displayed temperature). Warm only "
    "one probe, or take a reading during a defrost",
)
_FAR = Text(
    zh="请在显示变化较大时(开门、化霜)再读一次",
    en="Take another reading when the display has changed by much (door open, defrost)",
)
