"""A device that takes long to answer is visited in portions: nobody waits for it, and nothing of it is forgotten."""

from __future__ import annotations

from dataclasses import replace

from edge_agent.contract.readings import Quality
from edge_agent.core.profile import Poll, Profile, ReadLimits, Table
from edge_agent.drivers.base import NoAnswer
from tests.unit.edge_agent.points import CASE, CASE_IN_BLOCKS, device_of, flag, point, profile_of
from tests.unit.edge_agent.poller_bench import Bench, qualities
from tests.virtual_time import run_virtually

SLOW_S = 0.6
MANY = profile_of(*(point(f"p{at}", at, poll=Poll.FAST) for at in range(100, 110)))
QUICK = profile_of(flag("in.door", 20, poll=Poll.FAST))
Asked = list[tuple[int, int]]


def slow(profile: Profile) -> Bench:
    """Unit 3 is slow; unit 4 is its neighbour."""
    bench = Bench(device_of(profile, 3, "slow"), device_of(QUICK, 4, "quick"))
    bench.line.takes[3] = SLOW_S
    bench.line.words |= dict.fromkeys(range(100, 110), 1)
    return bench


def turns(bench: Bench, count: int, after: float = 1.0) -> list[tuple[Asked, dict[str, Quality]]]:
    """Of each turn what was asked of the slow device, and what was told of it."""

    async def play() -> list[tuple[Asked, dict[str, Quality]]]:
        found = []
        for _ in range(count):
            told = await bench.take_turn(after)
            of_slow = [one for one in told if one.device == "slow"]
            found.append(([one for one in bench.line.asked if one[0] == 3], qualities(of_slow)))
        return found

    return run_virtually(play)


def starts(found: list[tuple[Asked, dict[str, Quality]]]) -> list[int]:
    return [at for asked, _ in found for _, at in asked]


def test_one_request_is_all_that_a_slow_device_gets_in_a_turn_and_what_it_said_is_told() -> None:
    asked, told = turns(slow(MANY), 1)[0]
    assert asked == [(3, 100)]
    assert told == {"p100": Quality.GOOD}


def test_it_goes_on_where_it_stopped_until_all_is_read() -> None:
    found = turns(slow(MANY), 10, after=0.7)
    assert starts(found) == list(range(100, 110))
    assert {name for _, told in found for name in told} == MANY.points.keys()


def test_its_neighbour_is_asked_whenever_it_is_due() -> None:
    bench = slow(MANY)

    async def play() -> int:
        count = 0
        for _ in range(40):
            await bench.take_turn(1.0)
            count += bench.line.asked.count((4, 20))
        return count

    assert run_virtually(play) == 5


def test_a_refused_block_is_halved_over_several_turns_and_never_asked_whole_again() -> None:
    bench = slow(replace(MANY, limits=ReadLimits(max_words=10)))
    del bench.line.words[107]
    found = turns(bench, 8)
    assert starts(found) == [100, 100, 105, 105, 107, 107, 108]
    told = {name: quality for _, one in found for name, quality in one.items()}
    assert [name for name, quality in told.items() if quality is not Quality.GOOD] == ["p107"]
    assert len(told) == len(MANY.points)


def test_a_cut_is_learned_although_its_halves_are_asked_in_two_turns() -> None:
    points = [point(f"p{at}", at, poll=Poll.FAST) for at in (100, 104)]
    bench = slow(profile_of(*points, limits=ReadLimits(max_words=10, runs={Table.HOLDING: ((100, 104),)})))
    del bench.line.words[102]
    assert starts(turns(bench, 3)) == [100, 100, 104]
    assert starts(turns(bench, 12)) == [100, 104]


def test_what_an_alarm_triggers_waits_for_its_turn_too() -> None:
    bench = slow(profile_of(flag("alarm.any", 10, poll=Poll.FAST), flag("alarm.door", 11, when="alarm.any")))
    bench.line.words |= {10: 1, 11: 1}
    assert starts(turns(bench, 4)) == [10, 11]


def test_a_temperature_is_not_told_before_the_alarm_of_its_probe_was_asked() -> None:
    bench = slow(CASE)
    bench.line.words |= {10: 65336, 20: 1}
    found = turns(bench, 6)
    told = [one for _, one in found if "temp.control" in one]
    assert [one["temp.control"] for one in told] == [Quality.PROBE_FAULT]
    assert told[0]["alarm.probe_control"] is Quality.GOOD


def test_a_device_that_stops_answering_on_the_way_is_told_as_such_for_the_rest() -> None:
    bench = slow(MANY)
    bench.line.fails = lambda _, request: NoAnswer("silence") if request.start == 102 else None
    found = turns(bench, 3)
    rest = dict.fromkeys(list(MANY.points)[2:], Quality.NO_ANSWER)
    assert [told for _, told in found] == [{"p100": Quality.GOOD}, {"p101": Quality.GOOD}, rest]
    bench.line.fails = lambda *_: None
    assert starts(turns(bench, 12))[:3] == [100, 101, 102]


def test_a_line_that_goes_away_ends_the_visit_and_all_is_asked_when_it_is_back() -> None:
    bench = slow(MANY)
    turns(bench, 2)
    bench.line.down = True
    assert set(turns(bench, 1)[0][1].values()) == {Quality.BUS_DOWN}
    bench.line.down = False
    assert starts(turns(bench, 14))[:11] == [100, *range(100, 110)]  # one to see whether it is there again


def test_what_falls_due_meanwhile_goes_before_the_rest() -> None:
    rare = [point(f"p{at}", at, poll=Poll.SLOW) for at in range(100, 106)]
    bench = slow(profile_of(*rare, flag("in.fan", 20, poll=Poll.FAST)))
    assert starts(turns(bench, 9, after=2.0)) == [20, 100, 101, 102, 20, 103, 104, 105]


def test_what_was_refused_is_doubted_in_portions_as_well() -> None:
    bench = slow(CASE_IN_BLOCKS)
    bench.line.takes[3] = 0.0
    bench.line.words = {10: 1, 20: 0}
    turns(bench, 20)
    bench.line.takes[3] = SLOW_S
    bench.line.words |= {11: 0, 30: 5, 40: 7}
    bench.mono += 90_000.0
    found = turns(bench, 60)
    assert max(len(asked) for asked, _ in found) == 1
    assert {11, 30, 40} <= set(starts(found))
