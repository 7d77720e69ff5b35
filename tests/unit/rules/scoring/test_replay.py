"""When a replayed store counts as not heard."""

from __future__ import annotations

from collections.abc import Iterable

from rules.book import book_of
from rules.kinship import kinship_of
from rules.scoring.data import StoreInventory
from rules.scoring.replay import Replay
from rules.shared import OFFLINE, OTHERS
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
