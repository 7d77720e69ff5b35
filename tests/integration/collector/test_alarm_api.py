"""Alarms as an operator's page sees and answers them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from collector.record import Recorder
from tests.integration.collector.alarming import (
    ALARMS,
    LAMP,
    SUPPRESSIONS,
    WARM,
    WELDED,
    Alarming,
    act,
    audit,
    hold,
    listed,
    shelve,
)
from tests.integration.collector.bench import BOOK, FREEZER, STORE, Bench, warm_freezer
from tests.integration.collector.visitor import Visitor, hire, log_in

HOUR = timedelta(hours=1)


@pytest.fixture
def alarming(bench: Bench) -> Alarming:
    return Alarming(bench)


@pytest.fixture
def dispatcher(bench: Bench, stranger: Visitor) -> Visitor:
    hire(bench, "chen", "dispatcher")
    log_in(stranger, "chen")
    return stranger


def test_it_shows_an_alarm_as_the_page_needs_it(alarming: Alarming, technician: Visitor) -> None:
    assert alarming.raise_alarm()
    (alarm,) = listed(technician)
    assert (alarm["state"], alarm["standing"], alarm["fault"], alarm["priority"]) == (
        "unacknowledged",
        "unacknowledged",
        WELDED.id,
        "high",
    )
    assert alarm["title"] == {"zh": "粘连", "en": "Relay welded"}
    assert (alarm["store"]["id"], alarm["device"]["id"]) == (STORE, LAMP.id)
    assert alarm["acts"] == ["acknowledge", "shelve"]
    assert (alarm["held_by"], alarm["shelve_at_most_h"], alarm["food_critical"]) == (None, 24, False)


def test_strangers_see_and_do_nothing(alarming: Alarming, stranger: Visitor) -> None:
    alarming.raise_alarm()
    for path in (ALARMS, f"{ALARMS}/figures", f"{ALARMS}/audit", SUPPRESSIONS, "/api/v1/rules"):
        assert stranger.get(path).status_code == 401
    assert stranger.post(f"{ALARMS}/1/acts", json={"act": "acknowledge", "revision": 1}).status_code == 401


def test_an_alarm_goes_through_its_life(alarming: Alarming, technician: Visitor) -> None:
    alarming.raise_alarm()
    (seen,) = act(technician, "acknowledge").json()["alarms"]
    assert (seen["state"], seen["acknowledged_by"], seen["acts"]) == ("acknowledged", "li", ["shelve"])
    alarming.clear_alarm()
    assert listed(technician) == []
    assert audit(technician) == [("storewarden", "raised"), ("li", "acknowledged"), ("storewarden", "cleared")]


def test_what_is_over_stays_until_somebody_has_seen_it(alarming: Alarming, technician: Visitor) -> None:
    alarming.raise_alarm()
    alarming.clear_alarm()
    (alarm,) = listed(technician)
    assert (alarm["state"], alarm["acts"]) == ("returned", ["acknowledge"])
    assert act(technician, "acknowledge").json()["alarms"] == []


def test_a_latched_alarm_waits_for_its_reset(alarming: Alarming, technician: Visitor) -> None:
    alarming.rules[WELDED.id] = replace(WELDED, latched=True)
    alarming.raise_alarm()
    assert act(technician, "reset").status_code == 409
    act(technician, "acknowledge")
    alarming.clear_alarm()
    assert [(one["state"], one["acts"]) for one in listed(technician)] == [("latched", ["reset"])]
    assert act(technician, "reset", reason="已检查").json()["alarms"] == []


def test_who_acts_on_an_old_picture_is_told_so(alarming: Alarming, technician: Visitor) -> None:
    alarming.raise_alarm()
    (old,) = listed(technician)
    act(technician, "acknowledge")
    late = act(technician, "shelve", old, until=(alarming.now + HOUR).isoformat(), reason="r")
    assert late.status_code == 409
    assert "acknowledged" in late.json()["detail"]
    assert act(technician, "acknowledge").status_code == 409
    assert act(technician, "acknowledge", {"id": 99, "revision": 1}).status_code == 404


def test_whoever_accepts_a_ticket_has_acknowledged_its_alarm(alarming: Alarming, technician: Visitor) -> None:
    alarming.raise_alarm()
    technician.post("/api/v1/tickets/1/moves", json={"from": "new", "to": "accepted"})
    assert [one["state"] for one in listed(technician)] == ["acknowledged"]


def test_a_shelved_alarm_comes_back_at_its_time(alarming: Alarming, technician: Visitor) -> None:
    alarming.raise_alarm()
    act(technician, "acknowledge")
    (shelved,) = shelve(technician, alarming.now + HOUR).json()["alarms"]
    assert (shelved["state"], shelved["held_by"]["reason"]) == ("shelved", "配件明天到")
    assert shelved["acts"] == ["unshelve"]
    alarming.pass_by(minutes=59)
    assert alarming.release() == []
    alarming.pass_by(minutes=1)
    assert alarming.release() == [WELDED.id]
    assert [one["state"] for one in listed(technician)] == ["unacknowledged"]
    assert alarming.release() == []
    assert alarming.bench.count_tickets() == 1


def test_a_shelf_ends_when_its_alarm_clears(alarming: Alarming, technician: Visitor) -> None:
    alarming.raise_alarm()
    shelve(technician, alarming.now + HOUR)
    alarming.clear_alarm()
    alarming.pass_by(minutes=5)
    assert alarming.raise_alarm()
    assert technician.get(SUPPRESSIONS).json()["suppressions"] == []
    assert audit(technician)[-3:] == [
        ("storewarden", "cleared"),
        ("storewarden", "unshelved"),
        ("storewarden", "raised"),
    ]


def test_it_can_be_taken_from_the_shelf(alarming: Alarming, technician: Visitor) -> None:
    alarming.raise_alarm()
    assert act(technician, "unshelve").status_code == 404
    shelve(technician, alarming.now + HOUR)
    assert shelve(technician, alarming.now + HOUR).status_code == 409
    assert [one["state"] for one in act(technician, "unshelve").json()["alarms"]] == ["unacknowledged"]


@pytest.mark.parametrize(("hours", "reason", "status"), [(25, "r", 409), (1, " ", 409), (-1, "r", 409), (24, "r", 200)])
def test_a_shelf_has_a_reason_and_a_maximum(
    alarming: Alarming, technician: Visitor, hours: int, reason: str, status: int
) -> None:
    alarming.raise_alarm()
    assert shelve(technician, alarming.now + hours * HOUR, reason).status_code == status


def test_food_at_risk_is_shelved_by_a_dispatcher_for_an_hour(alarming: Alarming, dispatcher: Visitor) -> None:
    alarming.raise_alarm(WARM.id, FREEZER)
    assert listed(dispatcher)[0]["shelve_at_most_h"] == 1
    assert shelve(dispatcher, alarming.now + 2 * HOUR).status_code == 409
    log_in(dispatcher, "li")
    assert listed(dispatcher)[0]["acts"] == ["acknowledge"]
    assert shelve(dispatcher, alarming.now + HOUR).status_code == 403
    log_in(dispatcher, "chen")
    assert shelve(dispatcher, alarming.now + HOUR).status_code == 200


def test_a_device_out_of_service_opens_no_ticket_until_it_is_back(alarming: Alarming, technician: Visitor) -> None:
    out = hold(technician, "out_of_service", alarming.now + 5 * HOUR)
    assert (out.status_code, out.json()["stands"]) == (201, True)
    assert hold(technician, "out_of_service", alarming.now + 5 * HOUR).status_code == 409
    assert not alarming.raise_alarm()
    assert alarming.bench.count_tickets() == 0
    assert [one["state"] for one in listed(technician)] == ["out_of_service"]
    assert alarming.release() == []
    assert technician.post(f"{SUPPRESSIONS}/{out.json()['id']}/end", json={"reason": "修好了"}).status_code == 200
    assert alarming.release() == [WELDED.id]
    assert alarming.bench.count_tickets() == 1
    assert technician.post(f"{SUPPRESSIONS}/{out.json()['id']}/end", json={}).status_code == 409


def test_what_the_rules_find_on_a_device_out_of_service_waits_until_it_is_back(
    alarming: Alarming, technician: Visitor
) -> None:
    out = hold(technician, "out_of_service", alarming.now + HOUR, device=FREEZER.id)
    assert out.status_code == 201, out.text
    alarming.bench.send(*warm_freezer(first_seq=2))
    assert alarming.bench.count_tickets() == 0
    assert {one["state"] for one in listed(technician)} == {"out_of_service"}
    technician.post(f"{SUPPRESSIONS}/{out.json()['id']}/end", json={"reason": "修好了"})
    assert Recorder(BOOK, alarming.bench.telemetry).release(alarming.bench.database, alarming.now) == 1
    assert alarming.bench.count_tickets() == 1


def test_what_cleared_while_it_was_held_back_is_never_told(alarming: Alarming, technician: Visitor) -> None:
    hold(technician, "out_of_service", alarming.now + HOUR)
    alarming.raise_alarm()
    alarming.clear_alarm()
    alarming.pass_by(hours=2)
    assert alarming.release() == ["out_of_service_over"]
    assert (listed(technician), alarming.bench.count_tickets()) == ([], 0)


def test_a_restart_tells_the_same_change_again_and_nothing_comes_of_it(alarming: Alarming, technician: Visitor) -> None:
    hold(technician, "out_of_service", alarming.now + HOUR)
    assert [alarming.raise_alarm() for _ in range(3)] == [False] * 3
    assert audit(technician) == [("li", "out_of_service"), ("storewarden", "raised_withheld")]


def test_what_holds_alarms_back_is_named_as_people_know_it(alarming: Alarming, technician: Visitor) -> None:
    set_ = hold(technician, "out_of_service", alarming.now + HOUR).json()
    (listed_,) = technician.get(SUPPRESSIONS).json()["suppressions"]
    for one in (set_, listed_):
        assert (one["store_name"]["zh"], one["device_name"]["en"]) == ("示范门店", "Lamp")


def test_somebody_is_reminded_of_a_device_that_stays_out(alarming: Alarming, technician: Visitor) -> None:
    hold(technician, "out_of_service", alarming.now + 40 * HOUR)
    alarming.pass_by(hours=24)
    assert alarming.release() == ["reminded"]
    (ticket,) = technician.get("/api/v1/tickets").json()["tickets"]
    assert (ticket["fault"], ticket["device"]["id"]) == ("device.out_of_service_long", LAMP.id)
    assert technician.get(SUPPRESSIONS).json()["suppressions"][0]["too_long"]
    assert alarming.release() == []
    alarming.pass_by(hours=16)
    assert alarming.release() == ["out_of_service_over"]
    (ticket,) = technician.get("/api/v1/tickets").json()["tickets"]
    assert not ticket["alarm_active"]


def test_a_mask_holds_back_all_but_food_at_risk(alarming: Alarming, dispatcher: Visitor) -> None:
    for device in (LAMP, FREEZER):
        assert hold(dispatcher, "by_design", alarming.now + HOUR, device.id, purpose="cleaning").status_code == 201
    assert not alarming.raise_alarm()
    assert alarming.raise_alarm(WARM.id, FREEZER)
    assert {one["fault"]: one["state"] for one in listed(dispatcher)} == {
        WELDED.id: "by_design",
        WARM.id: "unacknowledged",
    }


def test_a_mask_is_a_dispatchers_and_may_begin_later(alarming: Alarming, dispatcher: Visitor) -> None:
    begins = (alarming.now + HOUR).isoformat()
    later = hold(dispatcher, "by_design", alarming.now + 2 * HOUR, begins_at=begins)
    assert (later.status_code, later.json()["stands"]) == (201, False)
    assert alarming.raise_alarm()
    log_in(dispatcher, "li")
    assert hold(dispatcher, "by_design", alarming.now + HOUR).status_code == 403
    assert hold(dispatcher, "out_of_service", alarming.now + HOUR, "nothing").status_code == 404
    assert hold(dispatcher, "shelved", alarming.now + HOUR).status_code == 422


def test_it_sees_floods(alarming: Alarming, technician: Visitor) -> None:
    for _ in range(12):
        alarming.raise_alarm()
        alarming.clear_alarm()
        alarming.pass_by(seconds=20)
    flood = technician.get(ALARMS).json()
    assert (flood["flooding_since"], flood["flooding_stores"]) == ("2026-07-15T04:03:20Z", [STORE])


def test_it_gives_the_figures_of_the_standard(alarming: Alarming, technician: Visitor) -> None:
    alarming.raise_alarm()
    alarming.pass_by(minutes=5)
    act(technician, "acknowledge")
    alarming.pass_by(hours=25)
    figures = technician.get(f"{ALARMS}/figures").json()
    assert (figures["alarms"], figures["by_priority"], figures["acknowledged_after_s"]) == (1, {"high": 1.0}, 300)
    assert [(one["device"], one["share"]) for one in figures["top"]] == [(LAMP.id, 1.0)]
    assert [one["rule"] for one in figures["stale"]] == [WELDED.id]
    assert [(one["name"], one["acknowledged"]) for one in figures["operators"]] == [("li", 1)]
    assert technician.get(f"{ALARMS}/figures", params={"store": "other"}).json()["alarms"] == 0
    for span in ({"since": "2026-07-20T00:00:00Z"}, {"since": "2020-01-01T00:00:00Z"}, {"since": "yesterday"}):
        assert technician.get(f"{ALARMS}/figures", params=span).status_code == 422
