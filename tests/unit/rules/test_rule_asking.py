"""Rules are asked only when their answer may have changed: that must never be seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.contract.readings import Quality, Telemetry
from edge_agent.contract.text import same
from rules.alarm import Alarm
from rules.book import book_of
from rules.check import compile_condition
from rules.engine import judge
from rules.memory import DeviceMemory
from rules.model import Change, Mask, Rule
from rules.segments import fork, join
from tests.unit.rules.followed import book_for, judged, rule_of, says
from tests.unit.rules.judged import CASE, MINUTE, T0, Said, freezer, said, telemetry


def masked(rule: Rule, by: str) -> Rule:
    return replace(rule, unless=Mask(when=compile_condition(by, CASE), text=same(by)))


def held(rule: Rule, minutes: int) -> Rule:
    return replace(rule, hold=timedelta(minutes=minutes), normal_for=timedelta(minutes=minutes))


RULES = [
    held(rule_of("temp.control > -12", "t.warm"), 15),
    masked(held(rule_of("temp.control > -12", "t.masked"), 15), "defrost.active and not held(defrost.active, 60m)"),
    masked(rule_of("in.door", "t.door"), "defrost.active"),
    rule_of("silent()", "t.silent"),
    rule_of("quality(temp.control) == probe_fault", "t.probe"),
    rule_of("rate(temp.control, 15m) > 20 or held(in.door, 30m)", "t.window"),
    replace(rule_of("temp.control > -19", "t.held_back"), inhibited_by=("t.warm",)),
    replace(rule_of("in.door and temp.control > -15", "t.normal"), normal=compile_condition("not in.door", CASE)),
    held(rule_of("in.door and (temp.control > -12 or defrost.active) or defrost.active", "t.either"), 10),
    masked(replace(rule_of("defrost.active", "t.mute"), normal=compile_condition("in.door", CASE)), "not in.door"),
]
BOOK = book_of(RULES)
POINTS = st.fixed_dictionaries(
    {},
    optional={
        "temp.control": st.sampled_from([-25.0, -18.0, -10.0, True, Quality.PROBE_FAULT, Quality.NO_ANSWER]),
        "in.door": st.sampled_from([True, False, False, 1.0, Quality.NO_ANSWER]),
        "defrost.active": st.sampled_from([True, False, Quality.REFUSED]),
    },
)
STORY = st.lists(st.tuples(st.sampled_from([-3, 1, 5, 10, 19, 21, 45]), POINTS), max_size=40)


def told(story: list[tuple[int, dict[str, Said]]]) -> list[Telemetry]:
    minute, all_ = 0, []
    for gap, points in story:
        minute += gap
        all_.append(telemetry(minute, points))
    return all_


def judged_anew(
    all_: list[Telemetry], *, anew: bool, memory: DeviceMemory | None = None
) -> tuple[list[Change], DeviceMemory]:
    memory, changes = memory or DeviceMemory(), list[Change]()
    for each in all_:
        judgement = judge(BOOK, freezer(), replace(memory, judged_by="") if anew else memory, each)
        memory, changes = judgement.memory, [*changes, *judgement.changes]
    return changes, memory


@settings(max_examples=200, deadline=None)
@given(STORY)
def test_asking_every_rule_at_every_telemetry_changes_nothing(story: list[tuple[int, dict[str, Said]]]) -> None:
    seldom, always = (judged_anew(told(story), anew=anew) for anew in (False, True))
    assert seldom[0] == always[0]
    assert seldom[1].alarms == always[1].alarms


def stood(memory: DeviceMemory) -> dict[str, Alarm]:
    """When each was looked at last is nobody's business."""
    return {rule: replace(alarm, seen=T0) for rule, alarm in memory.alarms.items()}


@settings(max_examples=200, deadline=None)
@given(STORY, STORY)
def test_nor_does_it_ahead_of_what_is_missing(
    before: list[tuple[int, dict[str, Said]]], story: list[tuple[int, dict[str, Said]]]
) -> None:
    """Where each rule leads two lives, and one that can say nothing by what was told is left alone."""
    known = judged_anew(told(before), anew=False)[1]
    later = told([(1_000, {}), *story])
    seldom, always = (judged_anew(later, anew=anew, memory=fork(known)) for anew in (False, True))
    assert seldom[0] == always[0]
    assert stood(seldom[1]) == stood(always[1])
    joined = [join(BOOK, freezer(), known, later) for _, later in (seldom, always)]
    assert stood(joined[0].memory) == stood(joined[1].memory)
    assert joined[0].corrections == joined[1].corrections


def test_a_mask_that_falls_silent_masks_no_more() -> None:
    """No reading says so: only time passes."""
    open_door = [said(minute, in_door=True) for minute in range(1, 25)]
    changes, _ = judged_anew([said(0, in_door=True, defrost_active=True), *open_door], anew=False)
    assert [change.at - open_door[0].at for change in changes if change.rule == "t.door"] == [20 * MINUTE]


def test_a_late_word_is_not_forgotten() -> None:
    late = [said(10, temp_control=-20.0), said(5, in_door=True), said(11, temp_control=-20.0)]
    assert "t.door" in [change.rule for change in judged_anew(late, anew=False)[0]]


def test_a_slow_condition_is_asked_every_other_minute() -> None:
    book = book_of([rule_of("share(temp.control > -15, 10m) > 0.5", "t.slow")])
    (_, params), plan = book.plan(freezer()).rules[0], book.plan(freezer())
    assert params == {}
    assert plan.slow == ((120.0, 1),)
    assert book_of([held(rule_of("share(in.door, 3h) > 0.5"), 240)]).plan(freezer()).slow == ((300.0, 1),)
    assert (plan.always, plan.waits) == (0, 1)


def test_an_answer_does_not_depend_on_who_else_asks() -> None:
    numbers = ("avg(temp.control, 3h)", "max(temp.control, 6h)", "since(in.door)")
    all_ = [said(n * 4, temp_control=float(n % 7), in_door=n % 9 == 0) for n in range(120)]
    alone = [says(book_for(number), judged(book_for(number), all_))[0] for number in numbers]
    book = book_for(*numbers)
    assert list(says(book, judged(book, all_))) == alone


def test_an_alarm_whose_rule_now_needs_a_point_that_is_never_told_clears_all_the_same() -> None:
    follows = rule_of("avg(temp.control, 3h) == 12345.678", "t.other")
    rule = replace(rule_of("temp.control > -10", "t.r"), normal=compile_condition("not in.door", CASE))
    edited = replace(rule_of("temp.probe1 > -10", "t.r"), normal=compile_condition("not in.door", CASE))
    memory = judged(book_of([rule, follows]), [said(0, temp_control=-5.0, in_door=True)])
    told = [said(n, temp_control=-20.0, in_door=n < 5) for n in range(1, 60)]
    assert "t.r" in judged(book_of([edited, follows]), told[:4], memory).alarms
    assert judged(book_of([edited, follows]), told, memory).alarms == {}


def test_a_rule_rests_while_nothing_that_was_told_can_raise_it() -> None:
    raises = "in.door and (temp.control > -12 or defrost.active) or temp.probe1 > 0 and not in.door"
    plan = book_of([rule_of(raises, "t.r")]).plan(freezer())
    assert [plan.resting(dict.fromkeys(told)) for told in (("temp.control", "temp.probe1"), ("in.door",))] == [1, 1]
    assert [plan.resting(dict.fromkeys(("in.door", other))) for other in ("defrost.active", "temp.probe1")] == [0, 0]


def test_a_rule_with_too_many_ways_is_asked_whatever_is_told() -> None:
    flags = [name for name, point in CASE.classes[0].points.items() if point.type == "flag"]
    pairs = [f"({one} or {other})" for one, other in zip(flags[::2], flags[1::2], strict=False)]
    resting = [book_of([rule_of(" and ".join(pairs[:n]), "t.r")]).plan(freezer()).resting({}) for n in (6, 7)]
    assert resting == [1, 0]


def test_a_rule_is_mute_while_nothing_that_was_told_can_clear_it_either() -> None:
    either = replace(rule_of("in.door and defrost.active", "t.r"), normal=compile_condition("temp.probe1 < 0", CASE))
    plan = book_of([masked(either, "temp.control > 0")]).plan(freezer())
    assert plan.mute({}) == plan.mute({"defrost.fan": None}) == 1
    assert [plan.mute({point: None}) for point in ("in.door", "defrost.active", "temp.probe1", "temp.control")] == [
        0
    ] * 4
