"""One fault, one ticket: what joins a case, what folds into one, and what becomes a case of its own again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.folding import OpenCase, fold, review_by
from rules.kinship import Topology
from rules.model import Change
from tests.unit.rules.folded import KINSHIP, T0, Desk, change, device


def test_an_alarm_opens_a_case_and_a_second_of_its_family_joins_it() -> None:
    desk = Desk().take(change(0, "case-1", "warm"), change(9, "case-1", "iced"))
    assert desk.told() == ["open case-1/warm", "join case-1/iced on case-1/cooling"]


def test_alarms_of_other_devices_and_families_open_their_own() -> None:
    desk = Desk().take(change(0, "case-1", "warm"), change(0, "case-2", "warm"), change(0, "case-1", "silent"))
    assert [write.kind for write in desk.writes] == ["open", "open", "open"]


def test_what_follows_from_a_dead_unit_is_written_on_its_case() -> None:
    desk = Desk().take(change(0, "unit", "stopped"), change(40, "case-1", "warm"), change(50, "case-2", "warm"))
    assert desk.told()[1:] == ["fold case-1/warm on unit/cooling", "fold case-2/warm on unit/cooling"]
    assert len(desk.cases) == 1


def test_cases_that_were_opened_before_their_parent_are_merged_into_it() -> None:
    desk = Desk().take(change(0, "case-1", "warm"), change(5, "case-2", "warm"), change(10, "unit", "stopped"))
    assert desk.told()[2:] == [
        "open unit/stopped",
        "merge case-1/cooling on unit/cooling",
        "merge case-2/cooling on unit/cooling",
    ]


def test_what_began_long_before_does_not_follow() -> None:
    desk = Desk().take(change(0, "case-1", "warm", began=30), change(16, "unit", "stopped", began=10))
    assert desk.told()[1:] == ["open unit/stopped"]


def test_a_parent_that_took_long_to_notice_takes_in_what_began_after_it() -> None:
    desk = Desk().take(change(0, "case-1", "warm", began=30), change(60, "unit", "stopped", began=120))
    assert desk.told()[1:] == ["open unit/stopped", "merge case-1/cooling on unit/cooling"]


def test_what_another_unit_feeds_is_another_fault() -> None:
    assert len(Desk().take(change(0, "unit", "stopped"), change(1, "case-3", "warm")).cases) == 2


def test_a_chain_of_causes_ends_on_one_case() -> None:
    changes = [change(0, "case-1", "warm"), change(5, "unit", "stopped"), change(9, "circuit", "tripped")]
    desk = Desk().take(*changes, change(12, "_gateway", "store.power_cut"))
    assert desk.raised() == {
        "_gateway/outage": {"case-1/warm", "unit/stopped", "circuit/tripped", "_gateway/store.power_cut"}
    }


def test_a_feeder_of_the_feeder_is_a_feeder() -> None:
    desk = Desk().take(change(0, "circuit", "tripped"), change(30, "case-1", "warm"))
    assert desk.told()[1] == "fold case-1/warm on circuit/circuit"


def test_what_a_fault_of_a_fed_machine_does_to_its_circuit_is_written_on_the_case_of_that_machine() -> None:
    desk = Desk().take(change(0, "case-1", "warm"), change(5, "circuit", "uneven"), change(5, "case-3", "uneven"))
    assert desk.told()[1:] == ["fold circuit/uneven on case-1/cooling", "open case-3/uneven"]


def test_silence_folds_under_the_bus_that_is_down_and_under_no_other() -> None:
    desk = Desk().take(change(0, "unit", "bus.down"), change(5, "case-1", "silent"), change(5, "case-3", "silent"))
    assert desk.told()[1:] == ["fold case-1/silent on unit/bus", "open case-3/silent"]


def test_an_alarm_that_outlives_its_parent_by_its_hold_becomes_a_case_of_its_own() -> None:
    desk = Desk().take(change(0, "unit", "stopped"), change(40, "case-1", "warm"))
    desk.take(change(60, "unit", "stopped", "cleared"))
    assert desk.look(89).told()[3:] == []
    assert review_by(desk.cases.values(), KINSHIP, desk.at) == T0 + timedelta(minutes=90)
    assert desk.look(90).told()[3:] == ["split case-1/warm"]
    assert desk.writes[-1].other == ("unit", "cooling")
    assert desk.look(200).told()[4:] == []


def test_what_needs_time_to_recover_is_no_fault_of_its_own_until_then() -> None:
    desk = Desk().take(change(0, "unit", "stopped"), change(40, "case-1", "thawed"))
    desk.take(change(60, "unit", "stopped", "cleared"))
    assert review_by(desk.cases.values(), KINSHIP, desk.at) == T0 + timedelta(minutes=150)
    assert desk.look(149).told()[3:] == []
    assert desk.look(150).told()[3:] == ["split case-1/thawed"]


def test_an_alarm_that_clears_with_its_parent_leaves_nothing() -> None:
    desk = Desk().take(change(0, "unit", "stopped"), change(40, "case-1", "warm"))
    desk.take(change(60, "unit", "stopped", "cleared"), change(80, "case-1", "warm", "cleared")).look(500)
    assert desk.told()[2:] == ["clear unit/stopped on unit/cooling", "clear case-1/warm on unit/cooling"]
    assert not any(case.active for case in desk.cases.values())


def test_a_case_folds_only_while_all_its_alarms_do() -> None:
    desk = Desk().take(change(0, "unit", "stopped"), change(5, "case-1", "warm"), change(9, "case-1", "alone"))
    assert desk.told()[2:] == ["split case-1/warm", "join case-1/alone on case-1/cooling"]
    assert desk.take(change(20, "case-1", "alone", "cleared")).told()[5:] == ["merge case-1/cooling on unit/cooling"]


def test_a_fault_that_comes_back_joins_the_case_that_is_still_open() -> None:
    desk = Desk().take(
        change(0, "case-1", "warm"), change(9, "case-1", "warm", "cleared"), change(20, "case-1", "warm")
    )
    assert desk.told()[2] == "join case-1/warm on case-1/cooling"
    assert len(desk.cases[next(iter(desk.cases))].alarms) == 1


def test_a_parent_that_comes_back_takes_its_children_in_again() -> None:
    desk = Desk().take(change(0, "unit", "stopped"), change(40, "case-1", "warm"))
    desk.take(change(60, "unit", "stopped", "cleared")).look(90).take(change(95, "unit", "stopped", began=60))
    assert desk.told()[-2:] == ["join unit/stopped on unit/cooling", "merge case-1/cooling on unit/cooling"]


def test_what_spoils_food_makes_the_parent_as_severe() -> None:
    desk = Desk().take(change(0, "unit", "stopped"))
    assert [case.severity for case in desk.cases.values()] == ["high"]
    desk.take(change(20, "case-1", "warm", severity="critical"))
    assert [case.severity for case in desk.cases.values()] == ["critical"]


def test_devices_that_feed_each_other_end_somewhere() -> None:
    ring = Topology(devices={"a": device("a", fed_by="b"), "b": device("b", fed_by="a")})
    first, second = change(0, "a", "warm"), change(1, "b", "warm")
    for told in ((first, second), (second, first)):
        cases: Iterable[OpenCase] = ()
        for each in told:
            cases = fold(cases, each, KINSHIP, ring, second.at).cases.values()
        assert [(case.device, len(case.alarms)) for case in cases] == [("a", 2)]


DEVICES = {
    "case-1": ("warm", "iced", "alone", "silent"),
    "case-2": ("warm", "silent"),
    "case-3": ("warm", "silent"),
    "unit": ("stopped", "silent", "bus.down"),
    "circuit": ("tripped", "silent"),
    "_gateway": ("store.power_cut",),
}
ALARMS = [(device, rule) for device, rules in DEVICES.items() for rule in rules]


@st.composite
def stories(draw: st.DrawFn) -> list[Change]:
    """Alarms of a store that come and go, in the order of time."""
    steps = draw(st.lists(st.tuples(st.sampled_from(ALARMS), st.integers(1, 40)), min_size=1, max_size=25))
    minute, raised, story = 0, set[tuple[str, str]](), list[Change]()
    for alarm, pause in steps:
        minute += pause
        story.append(change(minute, *alarm, "cleared" if alarm in raised else "raised", began=draw(st.integers(0, 60))))
        raised ^= {alarm}
    return story


def still_raised(story: list[Change]) -> set[str]:
    last = {f"{each.device}/{each.rule}": each.kind for each in story}
    return {alarm for alarm, kind in last.items() if kind == "raised"}


@given(stories())
@settings(max_examples=300, deadline=None)
def test_every_raised_alarm_is_on_exactly_one_case_and_no_other_is(story: list[Change]) -> None:
    desk = Desk()
    for n, each in enumerate(story):
        on_cases = [alarm for alarms in desk.take(each).raised().values() for alarm in alarms]
        assert sorted(on_cases) == sorted(still_raised(story[: n + 1]))
        assert all((case.device, case.family) == key for key, case in desk.cases.items())


@given(stories())
@settings(max_examples=200, deadline=None)
def test_replay_changes_nothing(story: list[Change]) -> None:
    desk = Desk().take(*story)
    cases, writes = dict(desk.cases), len(desk.writes)
    assert desk.take(*story).cases == cases
    assert len(desk.writes) == writes


@given(stories())
@settings(max_examples=200, deadline=None)
def test_each_step_of_the_writes_leads_to_the_cases(story: list[Change]) -> None:
    desk = Desk().take(*story)
    opened = [write for write in desk.writes if write.kind in {"open", "split"}]
    merged = [write for write in desk.writes if write.kind == "merge"]
    assert {write.case.key for write in opened} >= set(desk.cases)
    assert not {write.other for write in merged if write.other == write.case.key}


@given(st.permutations([("case-1", "warm"), ("case-2", "warm"), ("unit", "stopped"), ("circuit", "tripped")]))
def test_within_fifteen_minutes_it_does_not_matter_what_was_told_first(order: list[tuple[str, str]]) -> None:
    desk = Desk().take(*(change(4 * n, *alarm) for n, alarm in enumerate(order)))
    assert desk.raised() == {"circuit/circuit": {"case-1/warm", "case-2/warm", "unit/stopped", "circuit/tripped"}}


@given(stories(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_the_order_in_which_raised_alarms_are_told_does_not_matter(story: list[Change], chance: Random) -> None:
    raised = list({(each.device, each.rule): each for each in story if each.kind == "raised"}.values())
    mixed = list(raised)
    chance.shuffle(mixed)
    assert Desk().take(*raised).raised() == Desk().take(*mixed).raised()
