"""Tickets are held against labels: found, early, for the right cause, or for nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.contract.readings import Device
from edge_agent.contract.text import same
from rules.scoring.labels import Label
from rules.scoring.match import Outcome, ScoredTicket, match
from rules.scoring.score import Score, score
from rules.shared import GATEWAY

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LABEL = Label(store="s1", device="case-1", fault="evaporator_fan_dead", onset_at=NOON, end_at=NOON + 10 * HOUR)
TICKET = ScoredTicket(
    store="s1", device="case-1", rule="r", opened_at=NOON + HOUR, causes=("door_left_open", "evaporator_fan_dead")
)


def device(name: str, device_class: str = "refrigeration_case", *, bus: str = "", fed_by: str = "") -> Device:
    return Device(
        id=name,
        device_class=device_class,
        duty="",
        profile="p",
        profile_version=1,
        proven=False,
        name=same(name),
        bus=bus,
        fed_by=fed_by,
    )


STORE = (
    device("unit-1", "condensing_unit", bus="a"),
    device("case-1", bus="a", fed_by="unit-1"),
    device("case-2", bus="b", fed_by="unit-1"),
    device("case-3", bus="b"),
)


def outcome(label: Label, *tickets: ScoredTicket, devices: tuple[Device, ...] = STORE) -> Outcome:
    return match([label], tickets, {"s1": devices})


def score_of(found: Outcome, **lengths: timedelta) -> Score:
    return score(found, lengths or {"s1": timedelta(days=30)})


def test_a_ticket_of_the_device_in_the_time_of_the_fault_finds_it() -> None:
    (finding,) = outcome(LABEL, TICKET).findings
    assert (finding.found, finding.after, finding.rank) == (True, HOUR, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"opened_at": NOON - HOUR},
        {"opened_at": NOON + 11 * HOUR},
        {"device": "case-3"},
        {"store": "s2"},
    ],
    ids=["before", "after", "another device", "another store"],
)
def test_a_ticket_that_no_label_explains_is_false(changes: dict[str, object]) -> None:
    found = outcome(LABEL, replace(TICKET, **changes))  # type: ignore[arg-type]  # one field of each kind
    assert [one.found for one in found.findings] == [False]
    assert len(found.false) == 1


@pytest.mark.parametrize(
    ("fault", "at", "affected"),
    [
        ("condenser_fouled", "unit-1", {"unit-1", "case-1", "case-2"}),
        ("bus_down", "case-2", {"case-2", "case-3", GATEWAY}),
        ("store_power_cut", GATEWAY, {"unit-1", "case-1", "case-2", "case-3", GATEWAY}),
        ("probe_open", "case-3", {"case-3"}),
    ],
)
def test_a_fault_is_found_on_every_device_that_it_affects(fault: str, at: str, affected: set[str]) -> None:
    label = replace(LABEL, device=at, fault=fault)
    everything = {one.id for one in STORE} | {GATEWAY}
    found = {name for name in everything if outcome(label, replace(TICKET, device=name)).findings[0].found}
    assert found == affected


@pytest.mark.parametrize(("named", "affected"), [("a", {"unit-1", "case-1"}), ("case-2", {"case-2", "case-3"})])
def test_a_bus_is_labelled_by_its_name_or_by_a_device_on_it(named: str, affected: set[str]) -> None:
    label = replace(LABEL, fault="bus_down", device=named)
    found = {one.id for one in STORE if outcome(label, replace(TICKET, device=one.id)).findings[0].found}
    assert found == affected


def test_without_a_topology_a_condensing_unit_affects_every_case() -> None:
    bare = tuple(replace(one, fed_by="", bus="") for one in STORE)
    label = replace(LABEL, device="unit-1", fault="compressor_dead")
    assert outcome(label, replace(TICKET, device="case-3"), devices=bare).findings[0].found


def test_a_second_ticket_of_a_fault_is_not_false_but_counted() -> None:
    found = outcome(LABEL, TICKET, replace(TICKET, opened_at=NOON + 2 * HOUR))
    assert found.false == ()
    assert score_of(found).tickets_per_fault == 2


def test_the_time_left_is_a_share_of_the_time_to_the_limit_of_the_food() -> None:
    label = replace(LABEL, observable_at=NOON, product_limit_at=NOON + 4 * HOUR)
    assert outcome(label, TICKET).findings[0].left == 0.75
    late = replace(TICKET, opened_at=NOON + 5 * HOUR)
    assert outcome(label, late).findings[0].food_missed
    assert outcome(label).findings[0].left == 0.0


def test_the_score_counts_what_was_found_and_what_was_false() -> None:
    other = replace(LABEL, device="case-2", fault="probe_stuck")
    found = match([LABEL, other], [TICKET, replace(TICKET, device="case-3")], {"s1": STORE})
    got = score(found, {"s1": timedelta(days=30)}, sudden=lambda fault: fault == "evaporator_fan_dead")
    assert (got.sudden_recall, got.creeping_recall, got.precision) == (1.0, 0.0, 0.5)
    assert (got.first_share, got.three_share) == (0.0, 1.0)


def test_false_tickets_of_healthy_stores_are_told_per_quarter() -> None:
    found = match([LABEL], [TICKET, replace(TICKET, store="s2")], {"s1": STORE, "s2": STORE})
    got = score_of(found, s1=timedelta(days=30), s2=timedelta(days=182))
    assert got.healthy_false == 0.5
    assert got.healthy_store_months == pytest.approx(182 / 30)


def test_nothing_to_judge_gives_no_share() -> None:
    got = score_of(match([], [], {}), s1=timedelta(days=30))
    assert (got.sudden_recall, got.precision, got.median_left, got.first_share) == (None, None, None, None)
    assert got.healthy_false == 0
