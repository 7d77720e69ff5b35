"""A plan asks all points, and nothing that a controller may refuse."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.cost import AT_9600, Cost, rtu_cost, tcp_cost
from edge_agent.core.plan import Learned, ReadRequest, halves, learn_absent, learn_cut, learn_proven, plan
from edge_agent.core.profile import Point, ReadLimits, Table, WordType
from tests.best_plan import best_seconds
from tests.unit.edge_agent.points import flag, point

NOTHING = Learned()
COSTS = st.sampled_from([AT_9600, rtu_cost(2400, 0.005), rtu_cost(115200, 0.002), tcp_cost()])


def blocks(requests: tuple[ReadRequest, ...]) -> list[tuple[str, int, int]]:
    return [(request.table.value, request.start, request.count) for request in requests]


def registers(*numbers: int) -> list[Point]:
    return [point(f"p{number}", number) for number in numbers]


@st.composite
def maps(draw: st.DrawFn) -> list[Point]:
    places = draw(st.lists(st.tuples(st.sampled_from(Table), st.integers(0, 60)), min_size=1, max_size=30, unique=True))
    kinds = st.sampled_from([WordType.I16, WordType.F32])
    return [
        point(f"p{index}", at, table, type=WordType.FLAG if table.bits else draw(kinds))
        for index, (table, at) in enumerate(places)
    ]


LIMITS = st.builds(
    ReadLimits,
    max_words=st.integers(2, 20),
    max_bits=st.integers(1, 20),
    runs=st.dictionaries(
        st.sampled_from(Table),
        st.lists(st.tuples(st.integers(0, 30), st.integers(30, 61)), max_size=2).map(tuple),
        max_size=2,
    ),
)


@given(maps(), LIMITS)
def test_it_asks_every_point_once_within_the_limits(points: list[Point], limits: ReadLimits) -> None:
    requests = plan(points, limits, NOTHING)
    asked = [each for request in requests for each in request.points]
    assert sorted(each.name for each in asked) == sorted(each.name for each in points)
    for request in requests:
        assert request.count <= (limits.max_bits if request.table.bits else limits.max_words)
        answer = range(request.start, request.start + request.count)
        words = request.words_by_name(answer)
        for each in request.points:
            assert words[each.name] == tuple(range(each.address.number, each.address.number + each.type.words))


@given(maps(), LIMITS)
def test_it_reads_no_register_between_points_but_in_a_proven_run(points: list[Point], limits: ReadLimits) -> None:
    for request in plan(points, limits, NOTHING):
        wanted = {each.address.number + offset for each in request.points for offset in range(each.type.words)}
        read = set(range(request.start, request.start + request.count))
        runs = limits.runs.get(request.table, ())
        assert read == wanted or any(first <= min(read) and max(read) <= last for first, last in runs)


@st.composite
def small_grounds(draw: st.DrawFn) -> tuple[list[Point], list[Point], ReadLimits, Learned]:
    """A map of at most nine points within reach of each other, of which some are wanted; and what is known of it."""
    table = draw(st.sampled_from([Table.HOLDING, Table.COIL]))
    places = draw(st.lists(st.integers(0, 16), min_size=1, max_size=9, unique=True))
    kinds = st.sampled_from([WordType.I16, WordType.I16, WordType.F32])
    points = [point(f"p{at}", at, table, type=WordType.FLAG if table.bits else draw(kinds)) for at in sorted(places)]
    ranges = st.lists(st.tuples(st.integers(0, 8), st.integers(8, 18)), max_size=2).map(tuple)
    limits = ReadLimits(
        max_words=draw(st.integers(1, 14)),
        max_bits=draw(st.integers(1, 14)),
        runs={table: draw(ranges)},
        max_hole=draw(st.integers(0, 3)),
        zero_fill=draw(st.booleans()),
    )
    names = st.sampled_from([each.name for each in points])
    learned = Learned(
        refused=frozenset(draw(st.sets(names, max_size=2))),
        cuts=frozenset((table, at) for at in draw(st.sets(st.integers(1, 16), max_size=2))),
        proven=frozenset(draw(st.sets(names))),
    )
    wanted = draw(st.lists(st.sampled_from(points), unique_by=lambda each: each.name, max_size=7))
    return wanted, points, limits, learned


@settings(max_examples=400, deadline=None)
@given(small_grounds(), COSTS)
def test_no_plan_is_cheaper(ground: tuple[list[Point], list[Point], ReadLimits, Learned], cost: Cost) -> None:
    wanted, points, limits, learned = ground
    requests = plan(wanted, limits, learned, cost, points)
    seconds = sum(cost.of(request.table, request.count) for request in requests)
    assert seconds == pytest.approx(best_seconds(wanted, limits, learned, cost, points))


@given(maps(), LIMITS)
def test_halves_of_a_block_ask_the_same_points(points: list[Point], limits: ReadLimits) -> None:
    for request in plan(points, limits):
        if len(request.places) > 1:
            low, high = halves(request)
            assert low.points
            assert high.points
            assert {each.name for each in (*low.points, *high.points)} == {each.name for each in request.points}
            assert max(low.places) < high.start


def test_neighbours_are_asked_together_up_to_the_limit() -> None:
    assert blocks(plan(registers(1, 2, 3, 4), ReadLimits(max_words=3), NOTHING)) == [("H", 1, 3), ("H", 4, 1)]


def test_a_controller_of_single_registers_is_asked_for_one_at_a_time() -> None:
    assert blocks(plan(registers(1, 2), ReadLimits(), NOTHING)) == [("H", 1, 1), ("H", 2, 1)]


def test_a_proven_run_is_read_across_what_nobody_wants() -> None:
    limits = ReadLimits(max_words=40, runs={Table.HOLDING: ((0, 9),)})
    assert blocks(plan(registers(0, 8, 20), limits, NOTHING)) == [("H", 0, 9), ("H", 20, 1)]


def test_bits_of_one_register_are_one_request() -> None:
    points = [flag("a", 7, bit=0), flag("b", 7, bit=3)]
    assert blocks(plan(points, ReadLimits(), NOTHING)) == [("H", 7, 1)]


def test_a_block_reaches_across_what_is_mapped_but_not_due() -> None:
    known = registers(1, 2, 3, 4)
    limits = ReadLimits(max_words=10)
    assert blocks(plan([known[0], known[3]], limits, NOTHING, AT_9600, known)) == [("H", 1, 4)]


def test_a_wide_hole_is_read_across_only_where_that_is_cheaper() -> None:
    limits = ReadLimits(max_words=100, runs={Table.HOLDING: ((0, 99),)})
    slow_line, slow_device = rtu_cost(2400, 0.005), rtu_cost(9600, 0.2)
    assert len(plan(registers(0, 30), limits, NOTHING, slow_line)) == 2
    assert len(plan(registers(0, 30), limits, NOTHING, slow_device)) == 1


def test_as_many_unknown_registers_are_read_across_as_the_profile_allows() -> None:
    limits = ReadLimits(max_words=20, max_hole=2)
    assert blocks(plan(registers(0, 3, 7), limits)) == [("H", 0, 4), ("H", 7, 1)]


def test_no_block_begins_at_a_reserved_register() -> None:
    limits = ReadLimits(max_words=20, no_start={Table.HOLDING: ((4, 6),)})
    known = registers(3, 6)
    assert blocks(plan(known[1:], limits, NOTHING, AT_9600, known)) == [("H", 3, 4)]


def test_a_block_that_hides_what_is_missing_is_read_once_each_point_has_answered_alone() -> None:
    limits = ReadLimits(max_words=10, zero_fill=True)
    singles = plan(registers(1, 2, 3), limits)
    assert blocks(singles) == [("H", 1, 1), ("H", 2, 1), ("H", 3, 1)]
    learned = learn_absent(learn_proven(learn_proven(NOTHING, singles[0]), singles[2]), singles[1])
    assert blocks(plan(registers(1, 2, 3), limits, learned, AT_9600, registers(1, 2, 3))) == [("H", 1, 3)]


def test_no_block_reaches_across_a_refused_register() -> None:
    limits = ReadLimits(max_words=10)
    learned = learn_absent(NOTHING, plan(registers(2), limits)[0])
    assert blocks(plan(registers(1, 2, 3), limits, learned, AT_9600, registers(1, 2, 3))) == [("H", 1, 1), ("H", 3, 1)]


def test_no_block_reaches_across_a_cut() -> None:
    learned = learn_cut(NOTHING, Table.HOLDING, 3)
    assert blocks(plan(registers(1, 2, 3, 4), ReadLimits(max_words=10), learned)) == [("H", 1, 2), ("H", 3, 2)]


def test_a_refused_point_is_not_asked_again() -> None:
    (single,) = plan(registers(5), ReadLimits(), NOTHING)
    assert plan(registers(5), ReadLimits(), learn_absent(NOTHING, single)) == ()
