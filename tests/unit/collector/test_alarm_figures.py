"""Floods, chatter, the standard's figures, and the budget for false alarms."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.domain.alarms import Entry
from collector.domain.budget import CODES, RIGHT, WRONG, Budget, Code, judge_record, record_of
from collector.domain.figures import Figures, Ledger
from collector.domain.floods import FLOOD_WITHIN, Chatter, Flood
from tests.unit.collector.test_alarm_standing import raised

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(minute: float) -> datetime:
    return NOON + minute * MINUTE


def flooded(minutes: Iterable[float]) -> Flood:
    flood = Flood()
    for minute in minutes:
        flood = flood.raised(at(minute))
    return flood


def test_ten_alarms_in_ten_minutes_are_no_flood_and_eleven_are() -> None:
    assert flooded(range(10)).since is None
    assert flooded([*range(10), 9.5]).since == at(9.5)
    assert flooded(range(0, 22, 2)).since is None


def test_a_flood_ends_when_fewer_than_five_are_left() -> None:
    flood = flooded([0.0] * 11)
    assert flood.by(at(9.9)).since == at(0)
    over = flood.by(at(300))
    assert (over.since, over.lasted, over.floods) == (None, FLOOD_WITHIN, 1)
    assert flood.lasted_by(at(4)) == 4 * MINUTE


@given(st.lists(st.integers(0, 240), max_size=80).map(sorted))
def test_a_flood_is_what_a_count_of_all_alarms_says(minutes: list[int]) -> None:
    flood, in_flood = Flood(), False
    for n, minute in enumerate(minutes):
        before = [one for one in minutes[:n] if one > minute - 10]
        in_flood = in_flood and _went_on(minutes[:n], minute)
        in_flood = in_flood or len(before) + 1 > 10
        flood = flood.raised(at(minute))
        assert (flood.since is not None) == in_flood
        assert flood.lasted_by(at(minute)) <= at(minute) - NOON


def _went_on(before: list[int], minute: int) -> bool:
    """Whether at least five were in the window until then."""
    return len([one for one in before if one > minute - 10]) >= 5


def test_it_chatters_when_it_is_raised_a_fourth_time_in_an_hour() -> None:
    chatter = Chatter()
    for minute in (0, 15, 30):
        chatter = chatter.raised(at(minute))
    assert not chatter.chatters(at(30))
    chatter = chatter.raised(at(45))
    assert (chatter.chatters(at(45)), chatter.chattered) == (True, 1)
    assert not chatter.chatters(at(61))
    assert chatter.raised(at(500)).chattered == 1


def entry(minute: float, kind: str, device: str = "d", actor: str = "storewarden", priority: str = "high") -> Entry:
    return Entry(at=at(minute), actor=actor, kind=kind, store="s", device=device, rule="a.b", priority=priority)


def figures(*entries: Entry, hours: float = 10) -> Figures:
    ledger = Ledger(since=NOON)
    for one in entries:
        ledger.note(one)
    return ledger.figures(NOON + timedelta(hours=hours))


def test_nothing_happened_is_a_figure_too() -> None:
    quiet = figures()
    assert (quiet.alarms, quiet.per_hour, quiet.flood_share, quiet.peak) == (0, 0, 0, 0)
    assert (quiet.top, quiet.by_priority, quiet.acknowledged_after_s, quiet.operators) == ((), {}, None, ())


def test_it_counts_what_was_told_and_not_what_was_withheld() -> None:
    told = figures(entry(0, "raised"), entry(5, "raised_withheld", "e"), entry(50, "told", "e", priority="low"))
    assert (told.alarms, told.withheld, told.per_hour, told.peak) == (2, 1, 0.2, 1)
    assert told.by_priority == {"high": 0.5, "low": 0.5}


def test_it_names_the_worst_sources_first() -> None:
    found = figures(*(entry(20 * n, "raised", f"d-{n % 3 % 2}") for n in range(9)))
    assert [(one.device, one.count) for one in found.top] == [("d-0", 6), ("d-1", 3)]
    assert found.top[0].share == pytest.approx(2 / 3)
    assert found.top_share == pytest.approx(1)


def test_it_measures_how_long_people_took() -> None:
    found = figures(
        entry(0, "raised"),
        entry(4, "acknowledged", actor="li"),
        entry(5, "raised", "e"),
        entry(35, "acknowledged", "e", actor="wang"),
        entry(36, "shelved", "e", actor="wang"),
        entry(40, "acknowledged", "before", actor="wang"),
    )
    assert (found.acknowledged, found.acknowledged_after_s, found.acknowledged_promptly) == (2, 17 * 60, 0.5)
    assert [(one.name, one.acknowledged, one.acknowledged_after_s, one.shelved) for one in found.operators] == [
        ("li", 1, 240, 0),
        ("wang", 1, 1800, 1),
    ]


def test_it_knows_floods_peaks_and_chatter() -> None:
    found = figures(*(entry(n / 4, "raised") for n in range(12)), hours=1)
    assert (found.peak, found.floods) == (12, 1)
    assert found.flood_share == pytest.approx((8 / 4 + 10 - 2.5 + 0.25) / 60, abs=0.02)
    assert [(one.device, one.times) for one in found.chattering] == [("d", 9)]


def test_what_stands_for_more_than_a_day_is_stale() -> None:
    ledger = Ledger(since=NOON)
    standing = raised()
    assert ledger.figures(NOON + timedelta(hours=24), [standing]).stale == ()
    (old,) = ledger.figures(NOON + timedelta(hours=25), [standing]).stale
    assert (old.device, old.hours) == ("d", 25)


def codes(right: int, wrong: int, *, food: bool = False) -> list[tuple[Code, bool]]:
    return [*[("real_fault", food)] * right, *[("nuisance", food)] * wrong]  # type: ignore[list-item]


def test_a_rule_is_not_judged_by_a_few_tickets() -> None:
    assert judge_record(record_of("a.b", codes(0, 9))) == "too_few"
    assert judge_record(record_of("a.b", [])) == "too_few"


def test_a_rule_that_is_wrong_too_often_goes_to_shadow() -> None:
    assert judge_record(record_of("a.b", codes(8, 2))) == "within"
    assert judge_record(record_of("a.b", codes(7, 3))) == "to_shadow"
    assert judge_record(record_of("a.b", codes(7, 3)), Budget(precision=0.7)) == "within"


def test_a_rule_about_food_never_goes_to_shadow() -> None:
    assert judge_record(record_of("a.b", codes(0, 10, food=True))) == "only_told"
    assert judge_record(record_of("a.b", [*codes(0, 10), ("test", True)])) == "only_told"


def test_what_says_nothing_of_a_rule_is_not_counted() -> None:
    neither = [(code, False) for code in CODES if code not in RIGHT | WRONG]
    record = record_of("a.b", [*codes(1, 1), *neither])
    assert (record.judged, record.precision) == (2, 0.5)
    assert sum(record.counts.values()) == 5
