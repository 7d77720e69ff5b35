"""What an operator does with alarms on a phone: acknowledge, shelve, bring back, and say what a ticket was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from collector.app import wall_now
from collector.lifecycle import note
from collector.store.suppressions import RuleMode, set_mode
from edge_agent.contract.text import Language, Text
from rules.food import NO_FOOD
from rules.model import Change, Evidence
from tests.browser.head_office import DISPATCHER, STORE, HeadOffice
from tests.browser.phone import Look, overflow, photograph, sign_in, small_targets, visit

TITLE = Text(zh="继电器粘连", en="Relay welded")


def alarm(head_office: HeadOffice, rule: str = "light.welded") -> None:
    at = head_office._clock.now()
    why = Evidence(condition=TITLE, held_for=timedelta(minutes=5), values=(), params={}, excluded=())
    change = Change(
        rule=rule,
        device="freezer-2",
        kind="raised",
        at=at,
        since=at - timedelta(minutes=5),
        severity="high",
        evidence=why,
        diagnosis=(),
        priority="high",
    )
    with head_office._database.writing() as connection:
        note(connection, STORE, change, None, TITLE, at, NO_FOOD)
        note(connection, STORE, replace(change, rule=f"{rule}_too"), None, TITLE, at, NO_FOOD)


def row(page: Page, number: int = 1) -> str:
    return f"[data-alarm='{number}']"


def test_an_alarm_is_acknowledged_shelved_and_brought_back(look: Look, head_office: HeadOffice) -> None:
    alarm(head_office)
    page = look()
    sign_in(page)
    visit(page, "#/alarms")
    one = page.locator(row(page))
    one.get_by_role("button", name="确认").click()
    expect(one.get_by_text("zhang 已确认")).to_be_visible()
    one.get_by_role("button", name="搁置").click()
    one.get_by_label("原因").fill("配件明天到")
    one.get_by_role("combobox").select_option("2")
    one.locator("button.primary").click()
    expect(one.get_by_text("zhang：配件明天到")).to_be_visible()
    photograph(page, "alarms-zh-390")
    one.get_by_role("button", name="取消搁置").click()
    expect(one.get_by_role("button", name="搁置")).to_be_visible()


def test_one_tap_says_what_a_ticket_was(look: Look, head_office: HeadOffice) -> None:
    head_office.warm("freezer-1")
    page = look()
    sign_in(page)
    visit(page, "#/tickets/1")
    expect(page.locator("[data-code]")).to_have_count(0)
    page.get_by_role("button", name="接单").click()
    page.get_by_role("button", name="已修复").click()
    page.get_by_role("button", name="误报").click()
    expect(page.locator("[data-code=nuisance]")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="确有故障").click()
    expect(page.locator("[data-code=real_fault]")).to_have_attribute("aria-pressed", "true")
    photograph(page, "finding-zh-390")


def test_a_device_is_taken_out_of_service_and_put_back(look: Look, head_office: HeadOffice) -> None:
    page = look()
    sign_in(page, DISPATCHER.name)
    visit(page, f"#/stores/{STORE}")
    page.locator("[data-hold=by_design]").first.wait_for()
    page.locator("[data-hold=out_of_service]").first.click()
    page.get_by_label("原因").fill("保养")
    page.locator("button.primary").click()
    expect(page.get_by_text("已设置")).to_be_visible()
    visit(page, "#/alarms")
    expect(page.get_by_text("wang：保养")).to_be_visible()
    photograph(page, "held-zh-390")
    page.get_by_role("button", name="结束").click()
    expect(page.locator("[data-held]")).to_have_count(0)


def test_a_mask_says_that_what_is_about_food_is_told_all_the_same(look: Look, head_office: HeadOffice) -> None:
    page = look()
    sign_in(page, DISPATCHER.name)
    visit(page, f"#/stores/{STORE}")
    page.locator("[data-hold=by_design]").first.click()
    page.get_by_label("原因").fill("清洗")
    page.locator("button.primary").click()
    expect(page.get_by_text("涉及食品安全的除外")).to_be_visible()


def set_window(head_office: HeadOffice, begins_in: timedelta) -> None:
    begins_at = head_office._clock.now() + begins_in
    until = begins_at + timedelta(hours=1)
    asked = {"kind": "by_design", "store": STORE, "device": "freezer-1", "reason": "清洗", "until": until.isoformat()}
    if begins_in:
        asked["begins_at"] = begins_at.isoformat()
    head_office.let_colleague("/suppressions", asked, DISPATCHER.name)


def test_what_is_to_be_held_back_later_says_when_it_begins_and_names_the_device(
    look: Look, head_office: HeadOffice
) -> None:
    set_window(head_office, begins_in=timedelta(days=2))
    page = look()
    sign_in(page)
    visit(page, "#/alarms")
    held = page.locator("[data-held='1']")
    expect(held.get_by_text("示范门店 · 冷冻柜 1")).to_be_visible()
    expect(held.get_by_text("起")).to_be_visible()


def test_what_somebody_else_has_ended_already_is_said(look: Look, head_office: HeadOffice) -> None:
    set_window(head_office, begins_in=timedelta())
    page = look()
    sign_in(page, DISPATCHER.name)
    visit(page, "#/alarms")

    def overtake(route: Route) -> None:
        head_office.let_colleague("/suppressions/1/end", {}, DISPATCHER.name)
        route.continue_()

    page.route("**/end", overtake)
    page.get_by_role("button", name="结束").click()
    expect(page.get_by_role("alert")).to_have_text("已经结束")
    expect(page.locator("[data-held]")).to_have_count(0)


def put_into_shadow(head_office: HeadOffice) -> None:
    shadowed = RuleMode(rule="light.welded", mode="shadow", actor="storewarden", at=wall_now(), reason="7/10")
    with head_office._database.writing() as connection:
        set_mode(connection, shadowed)


def test_a_rule_that_somebody_else_has_put_to_work_already_is_said(look: Look, head_office: HeadOffice) -> None:
    put_into_shadow(head_office)
    page = look()
    sign_in(page, DISPATCHER.name)
    visit(page, "#/me")

    def overtake(route: Route) -> None:
        asked = {"was": "shadow", "mode": "live", "reason": "已改规则"}
        head_office.let_colleague("/rules/light.welded/mode", asked, DISPATCHER.name)
        route.continue_()

    page.route("**/mode", overtake)
    page.get_by_role("button", name="恢复启用").click()
    expect(page.get_by_role("alert")).to_contain_text("规则现在是：正常启用")
    expect(page.get_by_text("规则处于影子模式")).to_have_count(0)


def test_a_dispatcher_puts_a_rule_to_work_again(look: Look, head_office: HeadOffice) -> None:
    put_into_shadow(head_office)
    page = look()
    sign_in(page, DISPATCHER.name)
    visit(page, "#/me")
    page.get_by_role("button", name="恢复启用").click()
    expect(page.get_by_text("规则处于影子模式")).to_have_count(0)
    expect(page.get_by_text("light.welded")).to_be_visible()


@pytest.mark.parametrize(("language", "locale"), [("zh", "zh-CN"), ("en", "en-US")])
def test_the_list_fits_a_phone_and_a_thumb(
    look: Look, head_office: HeadOffice, language: Language, locale: str
) -> None:
    alarm(head_office)
    page = look(width=320, locale=locale)
    sign_in(page)
    visit(page, "#/alarms")
    expect(page.get_by_role("heading", name=TITLE.zh if language == "zh" else TITLE.en)).to_have_count(2)
    page.locator("[data-act=shelve]").first.click()
    assert overflow(page) == 0
    assert small_targets(page) == []
