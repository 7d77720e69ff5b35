"""From telemetry to a ticket, with something in between that holds the alarm back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rules.food import NO_FOOD
from tests.integration.collector.alarming import ALARMS, hold, listed
from tests.integration.collector.bench import FREEZER, STORE, TOO_WARM, Bench, poll, status, warm_freezer
from tests.integration.collector.visitor import Visitor, hire, log_in

EPISODES = f"/api/v1/stores/{STORE}/devices/{FREEZER.id}/episodes"


@pytest.fixture
def out_of_service(bench: Bench, technician: Visitor) -> int:
    """The freezer, for three hours."""
    bench.send((1, status()))
    answer = hold(technician, "out_of_service", bench.clock.now() + timedelta(hours=3), FREEZER.id)
    found: int = answer.json()["id"]
    return found


def look_again(bench: Bench, **later: float) -> None:
    bench.hand.seconds += timedelta(**later).total_seconds()
    bench.ingest.turn()


def test_a_device_that_is_worked_on_opens_no_ticket(bench: Bench, technician: Visitor, out_of_service: int) -> None:
    bench.send(*warm_freezer())
    assert bench.count_tickets() == 0
    assert [(one["fault"], one["state"]) for one in listed(technician)] == [(TOO_WARM, "out_of_service")]
    (episode,) = technician.get(EPISODES).json()["episodes"]
    assert (episode["fault"], episode["ticket"], episode["past"]) == (TOO_WARM, None, False)


def mask(bench: Bench, dispatcher: Visitor) -> None:
    """The freezer, for three hours."""
    bench.send((1, status()))
    hire(bench, "chen", "dispatcher")
    log_in(dispatcher, "chen")
    assert hold(dispatcher, "by_design", bench.clock.now() + timedelta(hours=3), FREEZER.id).status_code == 201


def test_a_mask_does_not_hold_back_what_is_about_food(bench: Bench, technician: Visitor) -> None:
    mask(bench, technician)
    bench.send(*warm_freezer())
    assert bench.count_tickets() == 1


def test_a_device_in_which_the_chain_keeps_no_food_is_masked_like_any_other(bench: Bench, technician: Visitor) -> None:
    bench.book = replace(bench.book, food=NO_FOOD)
    bench.start()
    mask(bench, technician)
    bench.send(*warm_freezer())
    assert bench.count_tickets() == 0


def test_what_still_stands_is_told_once_when_it_is_back(bench: Bench, technician: Visitor, out_of_service: int) -> None:
    bench.send(*warm_freezer())
    look_again(bench, hours=1)
    assert bench.count_tickets() == 0
    look_again(bench, hours=2)
    look_again(bench, minutes=1)
    (ticket,) = technician.get("/api/v1/tickets").json()["tickets"]
    assert (ticket["fault"], ticket["since"]) == (TOO_WARM, "2026-07-15T02:00:00Z")
    assert technician.get(EPISODES).json()["episodes"][0]["ticket"] == ticket["id"]


def test_what_was_over_by_then_is_told_to_nobody(bench: Bench, technician: Visitor, out_of_service: int) -> None:
    bench.send(*warm_freezer())
    bench.send(*[(11 + turn, poll(50 + turn * 5, -20.0)) for turn in range(4)])
    look_again(bench, hours=4)
    assert (bench.count_tickets(), listed(technician)) == (0, [])


def test_a_new_process_tells_it_all_the_same(bench: Bench, technician: Visitor, out_of_service: int) -> None:
    bench.send(*warm_freezer())
    bench.start()
    look_again(bench, hours=4)
    assert bench.count_tickets() == 1


def test_an_alarm_follows_its_ticket_through_the_day(bench: Bench, technician: Visitor) -> None:
    bench.send((1, status()), *warm_freezer())
    technician.post("/api/v1/tickets/1/moves", json={"from": "new", "to": "accepted"})
    (alarm,) = listed(technician)
    assert (alarm["state"], alarm["food_critical"]) == ("acknowledged", True)
    bench.send(*[(11 + turn, poll(50 + turn * 5, -20.0)) for turn in range(4)])
    assert listed(technician) == []
    look_again(bench, minutes=1)
    figures = technician.get(f"{ALARMS}/figures").json()
    assert (figures["alarms"], figures["acknowledged"]) == (1, 1)
