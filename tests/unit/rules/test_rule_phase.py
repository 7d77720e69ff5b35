"""When what takes time is looked at: stores one after another, and everything where causes are to be weighed."""

from __future__ import annotations

from collections import Counter

import pytest

from rules.book import book_of
from rules.memory import DeviceMemory
from rules.neighbours import Neighbours, Setting
from rules.pace import ASK_AT_LEAST, after, phase_of
from tests.unit.rules.followed import judged, rule_of
from tests.unit.rules.judged import telemetry

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


@pytest.mark.parametrize("opens", [False, True])
def test_what_is_raised_is_told_with_all_that_is_known(opens: bool) -> None:
    """Else a cause would be weighed by what was so minutes ago."""
    book = book_of([rule_of("in.door", "t.door"), rule_of("max(temp.control, 24h) > 100", "t.max")])
    begin, warmer = telemetry(0, {"temp.control": -20.0, "in.door": False}), {"temp.control": -5.0, "in.door": opens}
    memory = judged(book, [begin, telemetry(1, warmer)])
    assert (memory.agenda.touched == b"") is opens
