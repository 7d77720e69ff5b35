"""From an alarm's change to a ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from collector.domain.events import StoreLabel, summarise
from collector.domain.intake import Intake, correct_since, take_in
from collector.domain.tickets import Ticket
from edge_agent.contract.readings import Device, Quality
from edge_agent.contract.text import Text, same
from rules.alarm import ChangeKind
from rules.load import load_rules
from rules.model import Change, Evidence, EvidenceValue

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
RULE = load_rules().by_id["refrigeration.air_temperature_high"]
FREEZER = Device(
    id="freezer-1",
    device_class="refrigeration_case",
    duty="freezer",
    profile="p",
    profile_version=1,
    proven=False,
    name=Text(zh="冷冻柜 1", en="Freezer 1"),
)


def change(kind: ChangeKind, value: float = -5.0) -> Change:
    seen = EvidenceValue(point="temp.control", value=value, quality=Quality.GOOD, at=NOON)
    evidence = Evidence(
        condition=same("c"), held_for=timedelta(minutes=30), values=(seen,), params={"limit": -12.0}, excluded=()
    )
    return Change(
        rule=RULE.id,
        device=FREEZER.id,
        kind=kind,
        at=NOON,
        since=NOON - timedelta(minutes=30),
        severity="critical",
        evidence=evidence,
        diagnosis=(),
    )


def taken(standing: Ticket | None, what: Change) -> Intake:
    intake = take_in(standing, what, RULE, FREEZER, "s", LATER)
    assert intake is not None
    return intake


OPENED = replace(taken(None, change("raised")).ticket, id=7)
CLEARED = taken(OPENED, change("cleared")).ticket


def test_it_opens_a_ticket_for_an_alarm() -> None:
    assert (OPENED.fault, OPENED.state, OPENED.alarm_active) == (RULE.id, "new", True)
    assert OPENED.since == NOON - timedelta(minutes=30)
    assert OPENED.opened_at == LATER
    assert (OPENED.key_point, OPENED.key_value, OPENED.key_limit) == ("temp.control", -5.0, -12.0)


def test_it_notes_on_the_open_ticket_that_the_alarm_is_over() -> None:
    over = taken(OPENED, change("cleared"))
    assert (over.event.kind, over.event.source, over.event.target) == ("cleared", "new", "new")
    assert over.ticket.normal_since == NOON
    assert over.case is None


def test_it_notes_a_recurrence_with_its_new_evidence_and_the_old_beginning() -> None:
    again = taken(replace(CLEARED, state="fixed"), change("raised", value=-3.0))
    assert again.event.kind == "recurred"
    assert again.ticket.state == "fixed"
    assert again.ticket.since == OPENED.since
    assert (again.ticket.key_value, again.ticket.normal_since) == (-3.0, None)
    assert again.case is not None


def test_it_does_nothing_for_what_the_ticket_says_already() -> None:
    assert take_in(OPENED, change("raised"), RULE, FREEZER, "s", LATER) is None
    assert take_in(CLEARED, change("cleared"), RULE, FREEZER, "s", LATER) is None
    assert take_in(None, change("cleared"), RULE, FREEZER, "s", LATER) is None


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


def test_a_further_alarm_of_the_family_joins_the_ticket_with_a_new_ranking() -> None:
    other = replace(change("raised"), rule="refrigeration.evaporator_iced", severity="low")
    joined = taken(replace(OPENED, severity="high"), other)
    assert (joined.event.kind, joined.ticket.fault, joined.ticket.severity) == ("joined", RULE.id, "high")
    assert joined.case is not None
    worse = taken(replace(OPENED, severity="low"), replace(other, severity="critical"))
    assert worse.ticket.severity == "critical"
