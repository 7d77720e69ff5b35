"""A plan asks all points, and nothing that a controller may refuse."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.plan import Learned, ReadRequest, learn, plan
from edge_agent.core.profile import Point, ReadLimits, Table, WordType
from tests.unit.edge_agent.points import flag, point

NOTHING = Learned()


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
        for each in request.points:
            words = request.words_of(each, answer)
            assert words == tuple(range(each.address.number, each.address.number + each.type.words))


@given(maps(), LIMITS)
def test_it_reads_no_register_between_points_but_in_a_proven_run(points: list[Point], limits: ReadLimits) -> None:
    for request in plan(points, limits, NOTHING):
        wanted = {each.address.number + offset for each in request.points for offset in range(each.type.words)}
        read = set(range(request.start, request.start + request.count))
        runs = limits.runs.get(request.table, ())
        assert read == wanted or any(first <= min(read) and max(read) <= last for first, last in runs)


@given(maps(), LIMITS, st.sets(st.integers(0, 29)))
def test_refusals_end_in_exactly_the_absent_points(points: list[Point], limits: ReadLimits, absent: set[int]) -> None:
    gone = {f"p{index}" for index in absent}
    learned, answered, rounds = NOTHING, set[str](), 0
    open_requests = list(plan(points, limits, learned))
    while open_requests:
        rounds += 1
        assert rounds < 200
        request = open_requests.pop()
        if gone & {each.name for each in request.points}:
            learned = learn(learned, request)
            open_requests += plan(request.points, limits, learned)
        else:
            answered |= {each.name for each in request.points}
    places = {(each.address.table, each.address.number) for each in points if each.name in gone}
    refused = {each.name for each in points if (each.address.table, each.address.number) in places}
    assert learned.refused == refused
    assert answered == {each.name for each in points} - refused


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


def test_a_refused_block_is_cut_in_two_and_stays_so() -> None:
    limits = ReadLimits(max_words=10)
    (whole,) = plan(registers(1, 2, 3, 4), limits, NOTHING)
    learned = learn(NOTHING, whole)
    assert blocks(plan(registers(1, 2, 3, 4), limits, learned)) == [("H", 1, 2), ("H", 3, 2)]


def test_a_refused_point_is_not_asked_again() -> None:
    (single,) = plan(registers(5), ReadLimits(), NOTHING)
    assert plan(registers(5), ReadLimits(), learn(NOTHING, single)) == ()
