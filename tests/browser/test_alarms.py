"""What an operator does with alarms on a phone: acknowledge, shelve, bring back, and say what a ticket was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from collector.app import wall_now
from collector.lifecycle import note
from collector.store.suppressions import RuleMode, set_mode
from edge_agent.contract.text import Language, Text
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
        note(connection, STORE, change, None, TITLE, at)
        note(connection, STORE, replace(change, rule=f"{rule}_too"), None, TITLE, at)


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


def test_a_dispatcher_puts_a_rule_to_work_again(look: Look, head_office: HeadOffice) -> None:
    shadowed = RuleMode(rule="light.welded", mode="shadow", actor="storewarden", at=wall_now(), reason="7/10")
    with head_office._database.writing() as connection:
        set_mode(connection, shadowed)
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
