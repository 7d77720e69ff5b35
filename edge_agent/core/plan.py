"""Points that are due → the cheapest requests that the controller can answer; and what its refusals teach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from edge_agent.core.cost import AT_9600, Cost
from edge_agent.core.profile import Point, ReadLimits, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """`count` registers or bits from `start`, for the sake of `points`."""

    table: Table
    start: int
    count: int
    points: tuple[Point, ...]
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _spans: tuple[tuple[str, int, int], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Where each point lies in the answer; a request is made once and answered for years."""
        firsts = [point.address.number - self.start for point in self.points]
        spans = tuple((at.name, first, first + at.type.words) for at, first in zip(self.points, firsts, strict=True))
        object.__setattr__(self, "_spans", spans)
        object.__setattr__(self, "names", tuple(point.name for point in self.points))

    def words_by_name(self, answer: Sequence[int]) -> dict[str, tuple[int, ...]]:
        """Each point's own words in the answer to this request."""
        words = tuple(answer)
        return {name: words[first:end] for name, first, end in self._spans}

    @property
    def places(self) -> tuple[int, ...]:
        """The distinct addresses of its points, lowest first."""
        return tuple(sorted({point.address.number for point in self.points}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What the answers have taught of one device: points it does not have, and addresses no block may reach across.

    A block may end before a cut or begin at it. `proven` are points that answered when asked by themselves, which is
    only noted where the profile says that a block may hide what is missing.
    """

    refused: frozenset[str] = frozenset()
    cuts: frozenset[tuple[Table, int]] = frozenset()
    proven: frozenset[str] = frozenset()


NOTHING_LEARNED = Learned()


def plan(
    points: Iterable[Point],
    limits: ReadLimits,
    learned: Learned = NOTHING_LEARNED,
    cost: Cost = AT_9600,
    readable: Iterable[Point] = (),
) -> tuple[ReadRequest, ...]:
    """The requests that ask every point that is not refused and take the least time on the line, in address order.

    A block reaches across nothing but other points of the map (`readable`), what `limits` declare readable, and no
    more than `limits.max_hole` unknown addresses in a row.
    """
    tables: dict[Table, list[Point]] = {}
    for point in points:
        if point.name not in learned.refused:
            tables.setdefault(point.address.table, []).append(point)
    known = tuple(readable)
    return tuple(
        request
        for table in sorted(tables)
        for request in _Ground(table, tables[table], limits, learned, known).cheapest(cost)
    )


def learn_absent(learned: Learned, request: ReadRequest) -> Learned:
    """The request for a single place was refused: the controller does not have it."""
    return replace(learned, refused=learned.refused | {point.name for point in request.points})


def learn_cut(learned: Learned, table: Table, address: int) -> Learned:
    """What lies on both sides of the address can be read, but not at once."""
    return replace(learned, cuts=learned.cuts | {(table, address)})


def learn_proven(learned: Learned, request: ReadRequest) -> Learned:
    """The points of the request were asked by themselves and answered."""
    return replace(learned, proven=learned.proven | {point.name for point in request.points})


def halves(request: ReadRequest) -> tuple[ReadRequest, ReadRequest]:
    """A refused block of several places as two smaller ones."""
    middle = request.places[len(request.places) // 2]
    low = tuple(point for point in request.points if point.address.number < middle)
    high = tuple(point for point in request.points if point.address.number >= middle)
    return _block(request.table, request.start, low), _block(request.table, middle, high)


class _Span(NamedTuple):
    """A block in the making: its first point, by number, and where it lies."""

    first: int
    start: int
    words: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """The best way to ask the points up to one: what it takes, and its last read."""

    seconds: float
    reads: int
    last: _Span | None = None


class _Ground:
    """The wanted points of one table, and what may be read of it."""

    def __init__(
        self, table: Table, wanted: Sequence[Point], limits: ReadLimits, learned: Learned, readable: Sequence[Point]
    ) -> None:
        self._table = table
        self._limits = limits
        self._learned = learned
        self._most = limits.max_bits if table.bits else limits.max_words
        self._points = sorted(wanted, key=_place)
        # A controller that fills with zeros is read across what it does not have; another refuses the whole block.
        absent = [] if limits.zero_fill else [point for point in readable if point.name in learned.refused]
        there = [point for point in readable if limits.zero_fill or point.name not in learned.refused]
        self._there = set(_addresses(table, [*wanted, *there]))
        self._reserved = {at for low, high in limits.no_start.get(table, ()) for at in range(low, high + 1)}
        self._barred = set(_addresses(table, absent)) - self._there
        self._cuts = sorted(address for cut_table, address in learned.cuts if cut_table is table)

    def cheapest(self, cost: Cost) -> list[ReadRequest]:
        """Dynamic programming over the points in order of address: the best way to ask the first n of them."""
        best = [_Way(seconds=0.0, reads=0)]
        for count in range(1, len(self._points) + 1):
            options = [(best[span.first], span, cost.of(self._table, span.words)) for span in self._to(count)]
            way, span, seconds = min(options, key=lambda one: (one[0].seconds + one[2], one[0].reads))
            best.append(_Way(seconds=way.seconds + seconds, reads=way.reads + 1, last=span))
        requests: list[ReadRequest] = []
        count = len(self._points)
        while (last := best[count].last) is not None:
            requests.append(_block(self._table, last.start, tuple(self._points[last.first : count])))
            count = last.first
        return requests[::-1]

    def _to(self, count: int) -> Iterator[_Span]:
        """Every block that may be asked and whose last point is number `count`, the smallest first.

        What forbids a block forbids each larger one.
        """
        last = self._points[count - 1].address.number
        end, widest_hole, above = 0, 0, last
        for first in range(count - 1, -1, -1):
            point = self._points[first]
            at = point.address.number
            widest_hole = max(widest_hole, self._hole(at, above))
            above, end = at, max(end, at + point.type.words)
            start = self._start(at)
            if at != last and not self._may_be_one(self._points[first:count], start, end, widest_hole):
                return
            yield _Span(first=first, start=start, words=end - start)

    def _may_be_one(self, group: Sequence[Point], start: int, end: int, widest_hole: int) -> bool:
        if end - start > self._most:
            return False
        if self._limits.zero_fill and not all(point.name in self._learned.proven for point in group):
            return False
        if any(start < cut < end for cut in self._cuts) or any(start <= one < end for one in self._barred):
            return False
        runs = self._limits.runs.get(self._table, ())
        return widest_hole <= self._limits.max_hole or any(low <= start and end <= high + 1 for low, high in runs)

    def _start(self, at: int) -> int:
        """Where a block must begin to contain `at`: before the reserved registers that it stands among, if it does."""
        start = at
        while start in self._reserved:
            start -= 1
        return start if start in self._there else at

    def _hole(self, low: int, high: int) -> int:
        """The longest stretch between two addresses of which nobody has said that it can be read."""
        longest = length = 0
        for address in range(low, high):
            length = 0 if address in self._there or address in self._reserved else length + 1
            longest = max(longest, length)
        return longest


def _place(point: Point) -> tuple[int, int, int, str]:
    return point.address.number, point.type.words, point.address.bit or 0, point.name


def _addresses(table: Table, points: Iterable[Point]) -> Iterator[int]:
    for point in points:
        if point.address.table is table:
            yield from range(point.address.number, point.address.number + point.type.words)


def _block(table: Table, start: int, points: tuple[Point, ...]) -> ReadRequest:
    end = max(point.address.number + point.type.words for point in points)
    return ReadRequest(table=table, start=start, count=end - start, points=points)
