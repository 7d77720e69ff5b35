"""When a replayed store counts as not heard."""

from __future__ import annotations

from collections.abc import Iterable

from rules.book import book_of
from rules.kinship import kinship_of
from rules.scoring.data import StoreInventory
from rules.scoring.replay import Replay
from rules.shared import OFFLINE, OTHERS
from tests.unit.rules.folded import KINSHIP, TOPOLOGY, change
from tests.unit.rules.judged import freezer, said


def offline(minutes: Iterable[float]) -> list[str]:
    """The tickets of a store that was heard at these minutes."""
    one = Replay(book_of(()), kinship_of((), OTHERS), StoreInventory(store="store-1", devices=(freezer(),)))
    for minute in minutes:
        one.take(said(minute, temp_control=-20.0))
    return [ticket.rule for ticket in one.tickets]


def test_a_late_word_of_one_device_does_not_make_the_next_of_another_a_silence() -> None:
    assert offline([*range(31), 5, *range(31, 40)]) == []


def test_a_store_that_tells_something_each_minute_is_offline_after_eight() -> None:
    assert offline([*range(61), *range(67, 90)]) == []
    assert offline([*range(61), *range(69, 90)]) == [OFFLINE]


def test_one_that_polls_each_five_minutes_may_lose_two_polls() -> None:
    assert offline([*range(0, 300, 5), *range(310, 400, 5)]) == []
    assert offline([*range(0, 300, 5), *range(340, 400, 5)]) == [OFFLINE]


def test_a_ticket_ends_when_the_last_that_went_on_has_become_one_of_its_own() -> None:
    """What a dead unit warmed outlives it; the unit that dies again a day later is another ticket."""
    inventory = StoreInventory(store="store-1", devices=tuple(TOPOLOGY.devices.values()))
    one = Replay(book_of(()), KINSHIP, inventory)
    told = {0: ("unit", "stopped", "raised"), 40: ("case-1", "warm", "raised"), 60: ("unit", "stopped", "cleared")}
    told[1500] = ("unit", "stopped", "raised")
    for minute in range(1600):
        one.take(said(minute, "case-2", temp_control=-20.0))
        if minute in told:
            device, rule, kind = told[minute]
            one.note(change(minute, device, rule, "raised" if kind == "raised" else "cleared"))
    assert [ticket.device for ticket in one.tickets] == ["unit", "case-1", "unit"]
    assert one.tickets[0].ended_at is not None
