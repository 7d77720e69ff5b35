"""Tickets as a technician's page sees them."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from collector.api.food import food_on
from collector.store import feed, tickets
from edge_agent.contract.readings import Quality
from tests.integration.collector.bench import FREEZER, MORNING, STORE, TOO_WARM, Bench, poll, status
from tests.integration.collector.visitor import Visitor, break_freezer

SUMMARY_KEYS = {
    *("id", "number", "state", "severity", "fault", "title", "store", "device", "since", "opened_at", "updated_at"),
    "since_at_least",
    *("alarm_active", "normal_since", "key_value", "assignee", "moves"),
}


def move(client: Visitor, ticket: int, source: str, target: str, note: str | None = None) -> Any:
    return client.post(f"/api/v1/tickets/{ticket}/moves", json={"from": source, "to": target, "note": note})


def test_it_lists_nothing_where_all_is_well(technician: Visitor) -> None:
    assert technician.get("/api/v1/tickets").json() == {
        "now": "2026-07-15T04:00:00Z",
        "feed_position": 0,
        "tickets": [],
    }


def test_it_lists_a_ticket_as_the_page_needs_it(bench: Bench, technician: Visitor) -> None:
    break_freezer(bench)
    listed = technician.get("/api/v1/tickets").json()
    (summary,) = listed["tickets"]
    assert listed["feed_position"] == 1
    assert set(summary) == SUMMARY_KEYS
    assert (summary["number"], summary["fault"], summary["severity"]) == ("T000001", TOO_WARM, "critical")
    assert summary["store"] == {
        "id": STORE,
        "name": {"zh": "示范门店", "en": "Demo store"},
        "timezone": "Asia/Shanghai",
    }
    assert summary["device"]["duty_name"] == {"zh": "冷冻柜", "en": "Freezer"}
    assert summary["since"] == "2026-07-15T02:00:00Z"
    assert summary["key_value"] == {
        "point": "temp.control",
        "label": {"zh": "控制温度", "en": "Control air temperature"},
        "value": -5.0,
        "unit": "°C",
        "digits": 1,
        "limit": -12.0,
    }
    assert (summary["assignee"], summary["moves"]) == (None, ["accepted"])


def test_the_feed_says_the_same_as_the_list(bench: Bench, technician: Visitor) -> None:
    break_freezer(bench)
    (summary,) = technician.get("/api/v1/tickets").json()["tickets"]
    with bench.database.reading() as connection:
        (event,) = feed.after(connection, 0, 5)
    assert json.loads(event.data) == summary


def test_it_shows_why_a_ticket_is_there(bench: Bench, technician: Visitor) -> None:
    detail = technician.get(f"/api/v1/tickets/{break_freezer(bench)}").json()
    assert set(detail) == SUMMARY_KEYS | {
        "evidence",
        "diagnosis",
        "history",
        "chart",
        "limit",
        "alarms",
        "merged_into",
        "food",
    }
    evidence = detail["evidence"]
    assert set(evidence) == {"condition", "held_for_s", "values", "params", "excluded"}
    assert evidence["held_for_s"] >= 1800
    assert "-12" in evidence["condition"]["zh"]
    (seen, *_) = evidence["values"]
    assert set(seen) == {"point", "label", "value", "said", "quality", "unit", "digits", "at"}
    assert (seen["point"], seen["value"], seen["quality"], seen["unit"]) == ("temp.control", -5.0, "good", "°C")
    assert detail["limit"] == -12.0
    assert detail["chart"][0]["point"] == "temp.control"
    told = {"id", "cause", "likelihood", "supports", "contradicts", "staff_checks", "checks", "parts", "tools"}
    assert set(detail["diagnosis"][0]) == told | {"food_at_risk"}
    assert detail["history"] == [
        {
            "at": "2026-07-15T04:00:00Z",
            "actor": "storewarden",
            "event": "opened",
            "from": None,
            "to": "new",
            "note": None,
            "since": None,
        }
    ]


def test_it_takes_a_ticket_through_its_life(bench: Bench, technician: Visitor) -> None:
    ticket = break_freezer(bench)
    bench.hand.seconds = 60
    accepted = move(technician, ticket, "new", "accepted").json()
    assert (accepted["state"], accepted["assignee"], accepted["moves"]) == ("accepted", "li", ["fixed"])
    assert accepted["updated_at"] == "2026-07-15T04:01:00Z"
    fixed = move(technician, ticket, "accepted", "fixed", "换了风机").json()
    assert fixed["moves"] == ["closed", "accepted"]
    closed = move(technician, ticket, "fixed", "closed").json()
    assert [(line["from"], line["to"], line["note"]) for line in closed["history"]][1:] == [
        ("new", "accepted", None),
        ("accepted", "fixed", "换了风机"),
        ("fixed", "closed", None),
    ]
    assert technician.get("/api/v1/tickets").json()["tickets"] == []
    everything = technician.get("/api/v1/tickets", params={"state": "all"}).json()
    assert [one["state"] for one in everything["tickets"]] == ["closed"]
    assert everything["feed_position"] == 4


def test_it_tells_who_acts_on_an_old_picture_what_the_state_is(bench: Bench, technician: Visitor) -> None:
    ticket = break_freezer(bench)
    assert move(technician, ticket, "new", "accepted").status_code == 200
    late = move(technician, ticket, "new", "accepted")
    assert late.status_code == 409
    assert "accepted" in late.json()["detail"]
    assert "处理中" in late.json()["detail_zh"]
    assert move(technician, ticket, "accepted", "closed").status_code == 409
    assert technician.get("/api/v1/tickets").json()["feed_position"] == 2


def test_it_writes_nothing_when_a_ticket_has_left_the_state(bench: Bench, technician: Visitor) -> None:
    ticket = break_freezer(bench)
    move(technician, ticket, "new", "accepted")
    with bench.database.writing() as connection:
        placed = tickets.find(connection, ticket)
        assert placed
        assert not tickets.change(connection, "new", replace(placed.ticket, state="closed"))


def test_it_refuses_what_makes_no_sense(bench: Bench, technician: Visitor) -> None:
    ticket = break_freezer(bench)
    assert move(technician, 99, "new", "accepted").status_code == 404
    assert technician.get("/api/v1/tickets/99").status_code == 404
    assert move(technician, ticket, "new", "exploded").status_code == 422
    assert move(technician, ticket, "new", "accepted", "x" * 2001).status_code == 422
    assert technician.get("/api/v1/tickets", params={"limit": 501}).status_code == 422
    assert technician.get("/api/v1/tickets/nine").headers["content-type"] == "application/problem+json"


def test_it_puts_the_most_urgent_first(bench: Bench, technician: Visitor) -> None:
    other = replace(FREEZER, id="freezer-2")
    silent = [(2 + turn, poll(turn * 5, Quality.NO_ANSWER, device=other.id)) for turn in range(5)]
    bench.send((1, status(FREEZER, other)), *silent)
    bench.hand.seconds = 3600
    bench.send(*[(7 + turn, poll(60 + turn * 5, -5.0)) for turn in range(9)])
    listed = technician.get("/api/v1/tickets").json()["tickets"]
    assert [(one["severity"], one["device"]["id"]) for one in listed] == [
        ("critical", "freezer-1"),
        ("high", "freezer-2"),
    ]


def test_it_lists_stores_with_their_devices(bench: Bench, technician: Visitor) -> None:
    break_freezer(bench)
    (store,) = technician.get("/api/v1/stores").json()["stores"]
    assert set(store) == {
        "id",
        "name",
        "timezone",
        "last_seen_at",
        "silent_since",
        "two_agents_since",
        "lost",
        "devices",
    }
    assert store["last_seen_at"] == "2026-07-15T04:00:00Z"
    assert store["devices"] == [
        {
            "id": "freezer-1",
            "name": {"zh": "冷冻柜 1", "en": "Freezer 1"},
            "device_class": "refrigeration_case",
            "duty": "freezer",
            "duty_name": {"zh": "冷冻柜", "en": "Freezer"},
            "profile": "danfoss_ekc204a1",
            "proven": False,
            "last_at": "2026-07-15T02:40:00Z",
            "open_tickets": 1,
            "answers": True,
        }
    ]


READINGS = f"/api/v1/stores/{STORE}/devices/freezer-1/readings"


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def test_it_gives_the_readings_of_a_device_oldest_first(bench: Bench, technician: Visitor) -> None:
    bench.hand.seconds = 3600
    flag = poll(1, True, point="defrost.active")
    word = poll(1, "cooling", point="state.mode")
    bench.send((1, status()), (3, poll(1, Quality.PROBE_FAULT)), (2, poll(0, -20.0)), (4, flag), (5, word))
    names = "temp.control,defrost.active,state.mode,temp.product"
    minute = ms(MORNING + timedelta(minutes=1))
    assert technician.get(READINGS, params={"points": names}).json()["points"] == {
        "temp.control": [[ms(MORNING), -20.0, "good"], [minute, None, "probe_fault"]],
        "defrost.active": [[minute, True, "good"]],
        "state.mode": [[minute, "cooling", "good"]],
        "temp.product": [],
    }


def test_it_gives_the_newest_readings_of_a_range(bench: Bench, technician: Visitor) -> None:
    bench.hand.seconds = 7200
    bench.send((1, status()), *[(2 + turn, poll(turn, float(turn))) for turn in range(10)])
    asked = {"points": "temp.control", "limit": "2", "until": "2026-07-15T10:07:00+08:00"}
    answer = technician.get(READINGS, params=asked).json()
    assert [row[1] for row in answer["points"]["temp.control"]] == [6.0, 7.0]
    asked = {"points": "temp.control", "since": "2026-07-15T02:08:00Z"}
    answer = technician.get(READINGS, params=asked).json()
    assert [row[1] for row in answer["points"]["temp.control"]] == [8.0, 9.0]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"since": "0001-01-01T00:00:00+14:00"}, 1),
        ({"since": "0001-01-01T00:00:00Z", "until": "9999-12-31T23:59:59Z"}, 1),
        ({"until": "0001-01-01T00:00:00Z"}, 0),
        ({"until": "9999-12-31T23:59:59-14:00"}, 0),
    ],
)
def test_it_gives_readings_up_to_the_ends_of_the_calendar(
    bench: Bench, technician: Visitor, asked: dict[str, str], found: int
) -> None:
    bench.send((1, status()), (2, poll(0, 5.0)))
    answer = technician.get(READINGS, params={"points": "temp.control", **asked})
    assert answer.status_code == 200
    assert len(answer.json()["points"]["temp.control"]) == found


def test_it_refuses_readings_that_it_cannot_give(bench: Bench, technician: Visitor) -> None:
    break_freezer(bench)
    nowhere = technician.get(f"/api/v1/stores/{STORE}/devices/nothing/readings", params={"points": "temp"})
    assert nowhere.status_code == 404
    many = ",".join(f"p{number}" for number in range(21))
    for asked in ({"points": many}, {"points": ","}, {}, {"points": "a", "since": "2026-07-15T02:00:00"}):
        assert technician.get(READINGS, params=asked).status_code == 422, asked


def spoil_freezers(bench: Bench) -> None:
    """A unit and two freezers that it feeds, well for an hour; then one of them is too warm for forty minutes."""
    unit = replace(FREEZER, id="unit-1", device_class="condensing_unit", duty="condensing_unit")
    fed = [replace(FREEZER, id=id_, fed_by="unit-1") for id_ in ("freezer-1", "freezer-2")]
    seqs = itertools.count(2)
    for minute in range(0, 105, 5):
        warm = -5.0 if minute > 60 else -20.0
        polls = [poll(minute, warm), poll(minute, -20.0, device="freezer-2")]
        bench.send((1, status(unit, *fed)), *((next(seqs), one) for one in polls))


def test_it_says_how_warm_the_food_is_and_how_long_it_has(bench: Bench, technician: Visitor) -> None:
    spoil_freezers(bench)
    (food,) = technician.get("/api/v1/tickets/1").json()["food"]
    assert (food["device"]["id"], food["measured"], food["limit"]) == ("freezer-1", False, -15.0)
    assert -18.0 < food["temperature"] < -12.0
    assert food["minutes_to_limit"] == 0.0
    assert 0 < food["minutes_above"] < 40
    assert (food["discard"], food["at"]) == (False, "2026-07-15T03:40:00Z")


def test_the_food_is_judged_by_the_classes_of_the_rules_in_force(bench: Bench, technician: Visitor) -> None:
    spoil_freezers(bench)
    shipped = bench.book.food
    warmer = {id_: replace(each, limit=each.limit + 20) for id_, each in shipped.classes.items()}
    bench.book = replace(bench.book, food=replace(shipped, classes=warmer))
    (food,) = technician.get("/api/v1/tickets/1").json()["food"]
    assert (food["limit"], food["minutes_to_limit"]) == (5.0, None)


def test_a_ticket_of_a_unit_lists_the_food_that_it_keeps_cold_what_spoils_first_first(bench: Bench) -> None:
    spoil_freezers(bench)
    with bench.database.reading() as connection:
        ticket = replace(tickets.with_id(connection, 1), device="unit-1")
        foods = food_on(connection, bench.book.food, ticket, ())
    assert [(food.device.id, food.minutes_to_limit) for food in foods] == [("freezer-1", 0.0), ("freezer-2", None)]


def test_it_says_in_both_languages_that_it_has_to_be_tried_later(bench: Bench, technician: Visitor) -> None:
    ticket = break_freezer(bench)
    bench.database.close()
    bench.path.rename(bench.path.with_suffix(".away"))
    bench.path.mkdir()
    busy = move(technician, ticket, "new", "accepted")
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "2")
    assert (busy.json()["detail_zh"], busy.json()["detail"]) == ("数据库正忙", "the database is busy")
