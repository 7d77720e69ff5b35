"""The best plan of a small map by trying every way to put its points together; knows nothing of the planner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edge_agent.core.cost import Cost
from edge_agent.core.plan import Learned
from edge_agent.core.profile import Point, ReadLimits, Table

Block = tuple[Table, int, int]


def best_seconds(
    points: Sequence[Point], limits: ReadLimits, learned: Learned, cost: Cost, readable: Sequence[Point] = ()
) -> float:
    """What the cheapest plan takes of the line; the number of plans tried grows very fast with the places."""
    wanted = [point for point in points if point.name not in learned.refused]
    tables = {point.address.table for point in wanted}
    return sum(
        min(
            sum(cost.of(table, _count(group, limits, readable, learned)) for group in grouping)
            for grouping in _groupings(_places([point for point in wanted if point.address.table is table]))
            if all(_allowed(group, points, limits, learned, readable) for group in grouping)
        )
        for table in tables
    )


def _places(points: Sequence[Point]) -> list[tuple[Point, ...]]:
    """Points that begin at one address can only be asked together or to no gain apart."""
    numbers = sorted({point.address.number for point in points})
    return [tuple(point for point in points if point.address.number == number) for number in numbers]


def _groupings(places: list[tuple[Point, ...]]) -> Iterator[list[tuple[Point, ...]]]:
    if not places:
        yield []
        return
    first, *rest = places
    for grouping in _groupings(rest):
        yield [first, *grouping]
        for index, group in enumerate(grouping):
            yield [*grouping[:index], (*first, *group), *grouping[index + 1 :]]


def _words(points: Sequence[Point]) -> set[int]:
    return {point.address.number + offset for point in points for offset in range(point.type.words)}


def _reserved(table: Table, limits: ReadLimits) -> set[int]:
    return {at for low, high in limits.no_start.get(table, ()) for at in range(low, high + 1)}


def _there(group: Sequence[Point], readable: Sequence[Point], learned: Learned) -> set[int]:
    table = group[0].address.table
    return _words([one for one in readable if one.name not in learned.refused and one.address.table is table])


def _span(group: Sequence[Point], limits: ReadLimits, readable: Sequence[Point], learned: Learned) -> range:
    first = start = min(_words(group))
    while start in _reserved(group[0].address.table, limits):
        start -= 1
    known = _there(group, readable, learned) | _words(group)
    return range(start if start in known else first, max(_words(group)) + 1)


def _count(group: Sequence[Point], limits: ReadLimits, readable: Sequence[Point], learned: Learned) -> int:
    return len(_span(group, limits, readable, learned))


def _allowed(
    group: Sequence[Point], wanted: Sequence[Point], limits: ReadLimits, learned: Learned, readable: Sequence[Point]
) -> bool:
    if len({point.address.number for point in group}) == 1:
        return True
    table = group[0].address.table
    if limits.zero_fill and not {point.name for point in group} <= learned.proven:
        return False
    span = _span(group, limits, readable, learned)
    if len(span) > (limits.max_bits if table.bits else limits.max_words):
        return False
    if any(cut in span[1:] for where, cut in learned.cuts if where is table):
        return False
    everything = [*readable, *(point for point in wanted if point.address.table is table)]
    here = [point for point in everything if point.address.table is table]
    there = _words([point for point in here if limits.zero_fill or point.name not in learned.refused])
    absent = _words([point for point in here if point.name in learned.refused]) - there
    if absent & set(span):
        return False
    in_run = any(low <= span[0] and span[-1] <= high for low, high in limits.runs.get(table, ()))
    return in_run or _longest_hole(span, there | _reserved(table, limits)) <= limits.max_hole


def _longest_hole(span: range, there: set[int]) -> int:
    marks = "".join("." if at in there else "?" for at in span)
    return max(len(hole) for hole in marks.split("."))
