"""Points that are due → requests that the controller can answer; and what its refusals teach."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from edge_agent.core.profile import Point, ReadLimits, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """`count` registers or bits from `start`, for the sake of `points`."""

    table: Table
    start: int
    count: int
    points: tuple[Point, ...]

    def words_of(self, point: Point, answer: Sequence[int]) -> tuple[int, ...]:
        """The point's own words in the answer to this request."""
        first = point.address.number - self.start
        return tuple(answer[first : first + point.type.words])


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What refusals have taught of one device: points it does not have, and addresses no block may reach across.

    A block may end before a cut or begin at it.
    """

    refused: frozenset[str] = frozenset()
    cuts: frozenset[tuple[Table, int]] = frozenset()


def plan(points: Iterable[Point], limits: ReadLimits, learned: Learned) -> tuple[ReadRequest, ...]:
    """Few requests that together ask every point that is not refused, in the order of addresses.

    Points are asked together when they touch or lie in one proven run, within the limits and across no cut.
    """
    wanted = sorted((point for point in points if point.name not in learned.refused), key=_place)
    requests: list[ReadRequest] = []
    for point in wanted:
        joined = _joined(requests[-1], point, limits, learned) if requests else None
        if joined:
            requests[-1] = joined
        else:
            requests.append(_single(point))
    return tuple(requests)


def learn(learned: Learned, request: ReadRequest) -> Learned:
    """The request was refused for its address: its only point does not exist, or the block is to be cut in two."""
    places = sorted({point.address.number for point in request.points})
    if len(places) == 1:
        return replace(learned, refused=learned.refused | {point.name for point in request.points})
    middle = (request.table, places[len(places) // 2])
    return replace(learned, cuts=learned.cuts | {middle})


def _place(point: Point) -> tuple[Table, int, int, str]:
    return point.address.table, point.address.number, point.address.bit or 0, point.name


def _single(point: Point) -> ReadRequest:
    address = point.address
    return ReadRequest(table=address.table, start=address.number, count=point.type.words, points=(point,))


def _joined(request: ReadRequest, point: Point, limits: ReadLimits, learned: Learned) -> ReadRequest | None:
    start, end = point.address.number, point.address.number + point.type.words
    reach = max(end, request.start + request.count) - request.start
    most = limits.max_bits if request.table.bits else limits.max_words
    if point.address.table != request.table or reach > max(most, request.count):
        return None
    if any(table is request.table and request.start < cut <= start for table, cut in learned.cuts):
        return None
    touches = start <= request.start + request.count
    if not touches and not _in_run(limits, request.table, request.start, end - 1):
        return None
    return replace(request, count=reach, points=(*request.points, point))


def _in_run(limits: ReadLimits, table: Table, first: int, last: int) -> bool:
    return any(low <= first and last <= high for low, high in limits.runs.get(table, ()))
