"""When what takes time is looked at: stores one after another, and everything where causes are to be weighed."""

from __future__ import annotations

from collections import Counter

from rules.book import book_of
from rules.bout import Bout
from rules.memory import DeviceMemory, hear
from rules.neighbours import ALONE, Neighbours, Setting, View
from rules.pace import ASK_AT_LEAST, after, phase_of
from tests.unit.rules.followed import judged, rule_of
from tests.unit.rules.judged import freezer, telemetry

HOT = rule_of("max(temp.control, 4h) > -10", "t.hot")
FIVE_HOURS = [telemetry(minute, {"temp.control": -20.0, "in.door": False}) for minute in range(0, 301, 5)]
CHAIN = [f"store-{number:04}" for number in range(1_000)]


def test_the_stores_of_a_chain_are_spread_over_the_longest_step() -> None:
    seconds = [phase_of(name) for name in CHAIN]
    assert 0 <= min(seconds) <= max(seconds) < ASK_AT_LEAST
    tenths = Counter(int(one // 30) for one in seconds)
    assert min(tenths[tenth] for tenth in range(10)) > 70
    assert phase_of("") == 0.0


def test_a_step_begins_as_much_sooner_as_the_phase_says() -> None:
    assert [after(now, 300.0, 40.0) for now in (0.0, 259.0, 260.0, 300.0)] == [260.0, 260.0, 560.0, 560.0]


def test_each_store_looks_at_its_own_time() -> None:
    book = book_of([rule_of("max(temp.control, 24h) > 100", "t.max")])
    looked = set[int]()
    for name in CHAIN[:40]:
        around, memory = Neighbours(setting=Setting(id=name)), DeviceMemory()
        before = judged(book, [telemetry(0, {"temp.control": -20.0})], memory, neighbours=around)
        for minute in range(1, 6):
            after_it = judged(book, [telemetry(minute, {"temp.control": -20.0 + minute})], before, neighbours=around)
            if not after_it.agenda.touched:
                looked.add(minute)
            before = after_it
    assert looked == {1, 2, 3, 4, 5}


def test_causes_are_weighed_by_what_is_so_now_and_nothing_of_it_is_kept() -> None:
    book = book_of([HOT])
    poll = telemetry(301, {"temp.control": -5.0})
    memory = judged(book, FIVE_HOURS)
    plan = book.plan(freezer(), "")
    bout = Bout(plan, memory, hear(memory, poll, plan.windows), poll.at, View(ALONE, freezer(), poll.at), None)
    bout.look()
    assert [HOT.when.function(each) for each in (bout.moment, bout.up_to_date(), bout.moment)] == [False, True, False]
    assert bout.memory({}, None) == judged(book, [poll], memory)


def test_an_alarm_changes_nothing_of_what_other_rules_see() -> None:
    """Else a rule would find something else beside other rules than alone."""
    door = rule_of("in.door", "t.door")
    story = [(301, -5.0, True), (302, -20.0, True), (305, -20.0, False)]
    told = [telemetry(minute, {"temp.control": air, "in.door": opens}) for minute, air, opens in story]
    both, alone = (judged(book_of(rules), FIVE_HOURS + told) for rules in ([door, HOT], [HOT]))
    assert both.tracked.stems == alone.tracked.stems
    assert both.tracked.running == alone.tracked.running
    assert both.alarms.keys() - {"t.door"} == alone.alarms.keys()
