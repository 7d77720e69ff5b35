"""One tap for what a ticket turned out to be, and what becomes of rules that cry wolf."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from rules.book import book_of
from tests.integration.collector.alarming import LAMP, WARM, WELDED, Alarming, listed
from tests.integration.collector.bench import FREEZER, Bench
from tests.integration.collector.visitor import Visitor, hire, log_in

OVER = "office.rule_over_budget"


@pytest.fixture
def alarming(bench: Bench) -> Alarming:
    hire(bench, "chen", "dispatcher")
    return Alarming(bench)


def code(visitor: Visitor, ticket: int, what: str, was: str | None = None) -> httpx.Response:
    return visitor.post(f"/api/v1/tickets/{ticket}/closure", json={"was": was, "code": what})


def set_mode(visitor: Visitor, mode: str, was: str | None = None, rule: str = WELDED.id) -> httpx.Response:
    return visitor.post(f"/api/v1/rules/{rule}/mode", json={"was": was, "mode": mode, "reason": "已改规则"})


def cry_wolf(alarming: Alarming, visitor: Visitor, rule: str = WELDED.id, on_freezer: bool = False) -> None:
    """Ten tickets, three of them for nothing."""
    device = (FREEZER,) if on_freezer else ()
    for n in range(10):
        alarming.raise_alarm(rule, *device)
        alarming.clear_alarm(rule, *device)
        alarming.pass_by(minutes=30)
        ticket = open_of(visitor, rule)[0]
        for source, target in (("new", "accepted"), ("accepted", "fixed"), ("fixed", "closed")):
            visitor.post(f"/api/v1/tickets/{ticket}/moves", json={"from": source, "to": target})
        assert code(visitor, ticket, "real_fault" if n < 7 else "nuisance").status_code == 200


def open_of(visitor: Visitor, rule: str) -> list[int]:
    return [one["id"] for one in visitor.get("/api/v1/tickets").json()["tickets"] if one["fault"] == rule]


def test_a_ticket_is_coded_by_one_tap(alarming: Alarming, technician: Visitor) -> None:
    alarming.raise_alarm()
    assert technician.get("/api/v1/tickets/1/closure").json() == {"closure": None}
    assert code(technician, 1, "no_fault_found").json()["closure"]["actor"] == "li"
    refused = code(technician, 1, "real_fault")
    assert (refused.status_code, refused.json()["detail_zh"]) == (409, "结论现在是：未发现故障")
    assert code(technician, 1, "real_fault", was="no_fault_found").status_code == 200
    assert technician.get("/api/v1/tickets/1/closure").json()["closure"]["code"] == "real_fault"
    assert code(technician, 99, "real_fault").status_code == 404
    assert code(technician, 1, "boredom").status_code == 422
    (rule,) = technician.get("/api/v1/rules").json()["rules"]
    assert (rule["rule"], rule["precision"], rule["judged"], rule["verdict"]) == (WELDED.id, 1.0, 1, "too_few")


def test_a_rule_over_its_budget_goes_to_shadow_and_says_so(alarming: Alarming, technician: Visitor) -> None:
    cry_wolf(alarming, technician)
    (rule,) = technician.get("/api/v1/rules").json()["rules"]
    assert (rule["mode"], rule["actor"], rule["precision"]) == ("shadow", "storewarden", 0.7)
    (told,) = technician.get("/api/v1/tickets").json()["tickets"]
    assert (told["fault"], told["device"]["name"]["en"], told["device"]["duty_name"]["zh"]) == (
        OVER,
        "Relay welded",
        "规则",
    )
    assert "70" in technician.get(f"/api/v1/tickets/{told['id']}").json()["evidence"]["condition"]["zh"]
    assert not alarming.raise_alarm()
    assert open_of(technician, WELDED.id) == []
    assert [one["state"] for one in listed(technician)] == ["shadow"]


def test_a_rule_about_food_is_only_told_of(alarming: Alarming, technician: Visitor) -> None:
    cry_wolf(alarming, technician, WARM.id, on_freezer=True)
    (rule,) = technician.get("/api/v1/rules").json()["rules"]
    assert (rule["mode"], rule["verdict"]) == (None, "only_told")
    assert len(open_of(technician, OVER)) == 1
    assert alarming.raise_alarm(WARM.id, FREEZER)
    log_in(technician, "chen")
    assert set_mode(technician, "shadow", rule=WARM.id).status_code == 409


def test_a_rule_about_food_that_never_opened_a_ticket_is_not_put_into_shadow(
    alarming: Alarming, technician: Visitor
) -> None:
    log_in(technician, "chen")
    assert set_mode(technician, "shadow", rule=WARM.id).status_code == 409
    assert set_mode(technician, "shadow", rule=WELDED.id).status_code == 200


def test_a_critical_rule_of_devices_that_keep_no_food_may_be_put_into_shadow(
    alarming: Alarming, technician: Visitor
) -> None:
    lamps = replace(WARM, device_classes=frozenset({LAMP.device_class}), duties=frozenset())
    alarming.bench.book = book_of([lamps], food=alarming.bench.book.food)
    log_in(technician, "chen")
    assert set_mode(technician, "shadow", rule=WARM.id).status_code == 200


def test_a_rule_about_food_stays_told_whatever_its_tickets_have_become(alarming: Alarming, technician: Visitor) -> None:
    """Those that were coded once the critical alarm was over, and stood on a device without food."""
    cry_wolf(alarming, technician, WARM.id)
    (rule,) = technician.get("/api/v1/rules").json()["rules"]
    assert (rule["mode"], rule["verdict"]) == (None, "only_told")


def test_a_dispatcher_puts_it_to_work_again_with_a_new_account(alarming: Alarming, technician: Visitor) -> None:
    cry_wolf(alarming, technician)
    alarming.raise_alarm()
    assert set_mode(technician, "live", was="shadow").status_code == 403
    log_in(technician, "chen")
    refused = set_mode(technician, "live")
    assert (refused.status_code, refused.json()["detail_zh"]) == (409, "规则现在是：影子模式")
    alarming.pass_by(minutes=1)
    shown = set_mode(technician, "live", was="shadow").json()
    assert (shown["mode"], shown["judged"], shown["verdict"]) == ("live", 0, "too_few")
    assert alarming.release() == [WELDED.id]
    assert len(open_of(technician, WELDED.id)) == 1
    (told,) = [one for one in technician.get("/api/v1/tickets").json()["tickets"] if one["fault"] == OVER]
    assert not told["alarm_active"]


def test_a_rule_on_trial_is_recorded_and_told_once_it_is_not(alarming: Alarming, technician: Visitor) -> None:
    alarming.rules[WELDED.id] = replace(WELDED, shadow=True)
    assert not alarming.raise_alarm()
    assert [one["state"] for one in listed(technician)] == ["shadow"]
    assert alarming.release() == []
    alarming.rules[WELDED.id] = WELDED
    assert alarming.release() == [WELDED.id]
    assert alarming.bench.count_tickets() == 1


def test_what_a_rule_on_trial_held_back_is_told_to_nobody_when_its_file_is_gone(
    alarming: Alarming, technician: Visitor
) -> None:
    alarming.rules[WELDED.id] = replace(WELDED, shadow=True)
    assert not alarming.raise_alarm()
    del alarming.rules[WELDED.id]
    assert (alarming.release(), alarming.bench.count_tickets()) == ([], 0)


def test_a_dispatcher_overrules_the_file(alarming: Alarming, technician: Visitor) -> None:
    alarming.rules[WELDED.id] = replace(WELDED, shadow=True)
    log_in(technician, "chen")
    assert set_mode(technician, "live").status_code == 200
    assert alarming.raise_alarm()
    assert set_mode(technician, "shadow", was="live").status_code == 200
    alarming.clear_alarm()
    assert not alarming.raise_alarm()
