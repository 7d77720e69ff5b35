"""Judged ahead of what is missing and joined with it later: the alarms are those of a device judged without a break."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.contract.readings import Quality, Telemetry
from rules.book import book_of
from rules.load import load_rules
from rules.memory import DeviceMemory
from rules.opening import FINENESS
from rules.segments import Joined, fork, join
from tests.unit.rules.judged import MINUTE, T0, Said, freezer, judge_all, telemetry

WITHOUT_STATISTICS = ("refrigeration.air_temperature_high", "refrigeration.probe_fault", "device.silent")
"""A segment knows nothing of statistics until it is joined (test_rule_joining.py says how well they join)."""
BOOK = book_of([load_rules().by_id[rule] for rule in WITHOUT_STATISTICS])
FREEZER = freezer()
TOO_WARM = "refrigeration.air_temperature_high"
WARM, BETWEEN, COLD = -5.0, -13.0, -20.0
BAD, GONE = Quality.OUT_OF_RANGE, Quality.NO_ANSWER


def joined(told: list[Telemetry], forked_at: int, cut: int) -> Joined:
    """Forked after the first `forked_at`; those up to `cut` are history, those beyond are judged at once."""
    known = judge_all(BOOK, FREEZER, told[:forked_at]).memory
    live = judge_all(BOOK, FREEZER, told[cut:], fork(known)).memory
    history = judge_all(BOOK, FREEZER, told[forked_at:cut], known).memory
    return join(BOOK, FREEZER, history, live)


Word = tuple[int, float | Quality, bool]
"""Minutes since the last poll, the air temperature, and whether it defrosts; each poll says all that rules ask for."""

WORDS = st.tuples(
    st.sampled_from([1, 5, 10, 15, 19, 21, 40]),
    st.sampled_from([WARM, WARM, BETWEEN, COLD, BAD, Quality.PROBE_FAULT, GONE]),
    st.sampled_from([False, False, False, True]),
)


def polls(words: list[Word]) -> list[Telemetry]:
    minute, told = 0, []
    for gap, air, defrost in words:
        minute += gap
        told.append(telemetry(minute, {"temp.control": air, "defrost.active": air if air is GONE else defrost}))
    return told


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=24), st.integers(0, 24), st.integers(0, 24))
def test_alarms_are_those_of_a_device_judged_without_a_break(words: list[Word], forked_at: int, missing: int) -> None:
    told = polls(words)
    cut = forked_at + missing
    whole = judge_all(BOOK, FREEZER, told).memory
    memory = joined(told, forked_at, cut).memory
    assert beginnings(memory) == beginnings(whole)
    assert memory.openings is None


def beginnings(memory: DeviceMemory) -> dict[str, tuple[bool, object, bool]]:
    return {rule: (alarm.raised, alarm.since, alarm.at_least) for rule, alarm in memory.alarms.items()}


def warm(first: int, last: int, every: int = 10) -> list[Telemetry]:
    return polls([(first, WARM, False), *[(every, WARM, False)] * ((last - first) // every)])


def test_what_is_true_at_the_first_word_is_true_since_at_least_then() -> None:
    live = judge_all(BOOK, FREEZER, warm(100, 140), fork(DeviceMemory()))
    (change,) = live.changes
    assert (change.kind, change.since_at_least) == ("raised", True)
    assert live.memory.alarms[TOO_WARM].at_least


def test_what_was_seen_false_before_it_began_has_an_exact_beginning() -> None:
    told = [*polls([(90, COLD, False)]), *warm(100, 140)]
    (change,) = judge_all(BOOK, FREEZER, told, fork(DeviceMemory())).changes
    assert not change.since_at_least


def test_a_device_that_was_never_cut_off_knows_every_beginning() -> None:
    (change,) = judge_all(BOOK, FREEZER, warm(100, 140)).changes
    assert not change.since_at_least


def test_a_fork_keeps_what_is_raised_and_drops_what_only_time_decides() -> None:
    raised = judge_all(BOOK, FREEZER, warm(0, 40)).memory
    assert fork(raised).alarms == raised.alarms
    assert fork(judge_all(BOOK, FREEZER, warm(0, 10)).memory).alarms == {}
    assert (fork(raised).points, fork(raised).windows, fork(raised).at) == ({}, {}, raised.at)
    assert fork(fork(raised)) == fork(raised)


def test_it_corrects_a_beginning_and_raises_nothing_twice() -> None:
    told = warm(0, 100)
    (correction,) = joined(told, 0, 5).corrections
    assert (correction.was, correction.since) == (told[5].at, told[0].at)
    assert (correction.at_least, correction.change) == (False, None)


def test_it_raises_what_history_and_the_first_words_together_show() -> None:
    """Warm in the outage, and since then neither warm enough to raise nor cold enough to clear."""
    told = polls([*[(10, WARM, False)] * 6, *[(10, BETWEEN, False)] * 3])
    (correction,) = joined(told, 0, 6).corrections
    assert correction.was is None
    assert correction.change is not None
    assert (correction.change.kind, correction.change.since) == ("raised", told[0].at)


def test_it_says_when_an_alarm_of_the_history_was_over() -> None:
    told = polls([*[(10, WARM, False)] * 6, *[(10, COLD, False)] * 3])
    (correction,) = joined(told, 0, 6).corrections
    assert (correction.since, correction.until, correction.change) == (told[0].at, told[7].at, None)


def test_a_return_to_normal_across_the_start_is_over_with_the_first_word_that_completes_it() -> None:
    """Not at the minute itself, when nobody looked: simulation seed 8, day 18 had that, up to 20 minutes too early."""
    told = polls([*[(10, WARM, False)] * 6, *[(3, COLD, False)] * 3, (14, COLD, False), (3, COLD, False)])
    (correction,) = joined(told, 0, 9).corrections
    assert (correction.since, correction.until) == (told[0].at, told[9].at)


def test_a_return_to_normal_is_remembered_in_a_few_instants_however_fast_the_polls() -> None:
    told = [telemetry(number / 12, {"temp.control": COLD, "defrost.active": False}) for number in range(108)]
    openings = judge_all(BOOK, FREEZER, told, fork(DeviceMemory())).memory.openings or {}
    calms = openings["refrigeration.probe_fault"].calms
    assert (calms[0], calms[-1]) == (told[0].at, told[-1].at)
    assert 18 <= len(calms) <= FINENESS + 1


def test_a_device_that_was_not_heard_since_stands_as_its_history_ends() -> None:
    told = warm(0, 100)
    history = judge_all(BOOK, FREEZER, told).memory
    whole = join(BOOK, FREEZER, history, fork(DeviceMemory()))
    assert whole.memory.alarms == history.alarms
    assert [one.change.kind for one in whole.corrections if one.change] == ["raised"]


def test_what_nothing_moves_stays_the_same_object() -> None:
    """A thousand stores that come back are all judged ahead of their history: it must cost little more than without."""
    whole = load_rules()
    told = [telemetry(minute, {"temp.control": COLD, "temp.evaporator": -24.0}) for minute in range(60)]
    known = judge_all(whole, FREEZER, told[:-1], fork(DeviceMemory())).memory
    before, after = known.openings, judge_all(whole, FREEZER, told[-1:], known).memory.openings
    assert before is not None
    assert after is not None
    unmoved = [rule for rule, opening in before.items() if opening.apart and not opening.waits]
    assert len(unmoved) > 5
    assert [rule for rule in unmoved if after[rule] is not before[rule]] == []


def test_what_was_raised_before_is_over_by_other_points_than_those_that_raise_it() -> None:
    """Readings are told when they move: what raised it may not be heard again for a while."""
    unit = replace(freezer("unit-1", "condensing_unit"), device_class="condensing_unit")
    book = book_of([load_rules().by_id["unit.not_compressing"]])
    dead: dict[str, Said] = {"out.compressor": True, "temp.condensing": 30.0, "temp.evaporating": 28.0}
    before = [telemetry(minute, dead, unit.id) for minute in range(21)]
    after = [telemetry(21, {"temp.condensing": 38.0}, unit.id), telemetry(22, {"temp.evaporating": -12.0}, unit.id)]
    after += [telemetry(minute, {"temp.condensing": 38.0 + minute % 2}, unit.id) for minute in range(23, 41)]
    live = judge_all(book, unit, after, fork(DeviceMemory())).memory
    history = judge_all(book, unit, before).memory
    assert [alarm.raised for alarm in history.alarms.values()] == [True]
    whole = join(book, unit, history, live)
    assert whole.memory.alarms == judge_all(book, unit, [*before, *after]).memory.alarms == {}
    assert [one.until for one in whole.corrections] == [T0 + 32 * MINUTE]
