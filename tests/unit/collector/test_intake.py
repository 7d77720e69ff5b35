"""From an alarm to what its ticket says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from collector.domain.events import StoreLabel, summarise
from collector.domain.intake import (
    Intake,
    alarm_of,
    correct_since,
    followers,
    merge,
    open_ticket,
    part_with,
    said,
    settle,
    take_on,
    take_under,
)
from collector.domain.tickets import Ticket
from edge_agent.contract.readings import Device, Quality
from edge_agent.contract.text import Text, same
from rules.folding import OpenCase
from rules.kinship import Standing, kinship_of, over_at
from rules.load import load_rules
from rules.model import Change, Evidence, EvidenceValue, Severity

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
HOUR = timedelta(hours=1)
RULE = load_rules().by_id["refrigeration.air_temperature_high"]
KINSHIP = kinship_of([RULE], {})
FREEZER = Device(
    id="freezer-1",
    device_class="refrigeration_case",
    duty="freezer",
    profile="p",
    profile_version=1,
    proven=False,
    name=Text(zh="冷冻柜 1", en="Freezer 1"),
)


def raised(value: float = -5.0, rule: str = RULE.id, severity: Severity = "critical") -> Change:
    seen = EvidenceValue(point="temp.control", value=value, quality=Quality.GOOD, at=NOON)
    evidence = Evidence(
        condition=same("c"), held_for=timedelta(minutes=30), values=(seen,), params={"limit": -12.0}, excluded=()
    )
    return Change(
        rule=rule,
        device=FREEZER.id,
        kind="raised",
        at=NOON,
        since=NOON - timedelta(minutes=30),
        severity=severity,
        evidence=evidence,
        diagnosis=(),
    )


def case_of(*alarms: Standing) -> OpenCase:
    return OpenCase(device=FREEZER.id, family=RULE.family, rule=RULE.id, opened_at=LATER, alarms=alarms)


WARM = alarm_of(raised(), RULE, KINSHIP)
OVER = replace(WARM.standing, cleared_at=NOON)
STANDING = case_of(WARM.standing)
OPENED = replace(open_ticket(WARM, STANDING, RULE, "s", LATER).ticket, id=7)
CLEARED = replace(OPENED, alarm_active=False, normal_since=NOON)


def taken_on(ticket: Ticket, change: Change) -> Intake:
    fresh = alarm_of(change, RULE, KINSHIP)
    alarms = (WARM.standing, fresh.standing) if ticket.alarm_active else (fresh.standing,)
    return take_on(ticket, fresh, case_of(*alarms), RULE, LATER)


def test_it_opens_a_ticket_for_an_alarm() -> None:
    assert (OPENED.fault, OPENED.family, OPENED.state) == (RULE.id, RULE.family, "new")
    assert (OPENED.since, OPENED.alarm_active) == (NOON - timedelta(minutes=30), True)
    assert OPENED.opened_at == LATER
    assert (OPENED.key_point, OPENED.key_value, OPENED.key_limit) == ("temp.control", -5.0, -12.0)


def test_it_notes_on_the_open_ticket_that_its_last_alarm_is_over() -> None:
    over = settle(OPENED, case_of(OVER), LATER)
    assert isinstance(over, Intake)
    assert (over.event.kind, over.event.source, over.event.target) == ("cleared", "new", "new")
    assert (over.ticket.normal_since, over.case) == (NOON, None)


def test_it_notes_a_recurrence_with_its_new_evidence_and_the_old_beginning() -> None:
    again = taken_on(replace(CLEARED, state="fixed"), raised(value=-3.0))
    assert again.event.kind == "recurred"
    assert again.ticket.state == "fixed"
    assert again.ticket.since == OPENED.since
    assert (again.ticket.key_value, again.ticket.normal_since) == (-3.0, None)
    assert again.case is not None


def test_it_does_nothing_for_what_the_ticket_says_already() -> None:
    assert settle(OPENED, STANDING, LATER) is None
    assert settle(CLEARED, case_of(OVER), LATER) is None


def test_a_further_alarm_of_the_family_joins_the_ticket_with_a_new_ranking() -> None:
    joined = taken_on(replace(OPENED, severity="high"), raised(rule="refrigeration.evaporator_iced", severity="low"))
    assert (joined.event.kind, joined.ticket.fault, joined.ticket.severity) == ("joined", RULE.id, "critical")
    assert joined.event.note == said(RULE.title)
    assert joined.case is not None


def test_the_key_value_of_a_ticket_is_of_the_alarm_that_its_evidence_is_of() -> None:
    joined = taken_on(replace(OPENED, key_value=-20.0, key_limit=None), raised())
    assert (joined.ticket.key_value, joined.ticket.key_limit) == (-5.0, -12.0)


def test_a_ticket_is_as_severe_as_the_worst_alarm_that_is_left_on_it() -> None:
    low = replace(WARM.standing, rule="other", severity="low")
    left = settle(OPENED, case_of(OVER, low), LATER + HOUR)
    assert isinstance(left, Ticket)
    assert (left.severity, left.alarm_active, left.updated_at) == ("low", True, LATER + HOUR)


def test_what_follows_from_it_is_a_line_in_its_history_and_keeps_its_evidence() -> None:
    under = take_under(CLEARED, STANDING, "Freezer 1: too warm", LATER)
    assert (under.event.kind, under.event.note, under.case) == ("folded", "Freezer 1: too warm", None)
    assert (under.ticket.alarm_active, under.ticket.normal_since) == (True, None)
    left = part_with(OPENED, "Freezer 1: too warm", LATER)
    assert (left.event.kind, left.ticket.alarm_active) == ("split", True)


def test_what_follows_from_a_ticket_has_outlived_it_when_its_own_alarms_have_been_over_for_long_enough() -> None:
    child = replace(WARM.standing, device="case-2")
    healthy = replace(child, device="case-3", cleared_at=NOON)
    outlived_at = over_at(OVER, child, KINSHIP)
    assert followers(OPENED, [WARM.standing, child, healthy], KINSHIP) == [(child, None)]
    assert followers(OPENED, [OVER, child, healthy], KINSHIP) == [(child, outlived_at)]
    assert followers(OPENED, [OVER, replace(WARM.standing, rule="other"), child], KINSHIP) == [(child, None)]
    assert followers(OPENED, [WARM.standing], KINSHIP) == []


def test_a_merged_ticket_says_which_one_it_is_part_of() -> None:
    merged = merge(OPENED, replace(OPENED, id=12), LATER)
    assert (merged.ticket.state, merged.ticket.merged_into, merged.ticket.open) == ("merged", 12, False)
    assert (merged.event.source, merged.event.target, merged.event.note) == ("new", "merged", "T000012")


def test_it_corrects_the_beginning_that_the_ticket_tells() -> None:
    began = OPENED.since - timedelta(hours=3)
    unsure = replace(OPENED, since_at_least=True)
    intake = correct_since(unsure, OPENED.since, began, False, LATER)
    assert intake is not None
    assert (intake.ticket.since, intake.ticket.since_at_least, intake.ticket.updated_at) == (began, False, LATER)
    assert (intake.event.kind, intake.event.since, intake.event.target) == ("since_corrected", began, "new")


def test_it_corrects_no_ticket_that_tells_of_another_beginning() -> None:
    assert correct_since(OPENED, OPENED.since, OPENED.since, False, LATER) is None
    assert correct_since(OPENED, LATER, NOON, False, LATER) is None


def test_its_summary_speaks_the_words_of_the_catalogue() -> None:
    summary = summarise(OPENED, StoreLabel(id="s", name=same("S"), timezone="Asia/Shanghai"), FREEZER)
    assert summary.number == "T000007"
    assert summary.moves == ("accepted",)
    assert summary.device.duty_name.zh == "冷冻柜"
    assert summary.key_value is not None
    assert (summary.key_value.unit, summary.key_value.label.zh, summary.key_value.limit) == ("°C", "控制温度", -12.0)


def test_its_summary_shows_what_this_version_does_not_know_by_its_name() -> None:
    strange = replace(FREEZER, duty="ice_cream_robot", device_class="robot")
    summary = summarise(OPENED, StoreLabel(id="s", name=same("S"), timezone="UTC"), strange)
    assert summary.device.duty_name == same("ice_cream_robot")
    assert summary.key_value is not None
    assert summary.key_value.label == same("temp.control")
