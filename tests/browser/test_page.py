"""What a technician sees: tickets as they happen, with their evidence, on a phone that comes and goes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from edge_agent.contract.text import Language
from tests.browser.head_office import DISPATCHER, PASSWORD, STORE, HeadOffice
from tests.browser.phone import Look, overflow, photograph, sign_in, small_targets, visit

LOCALES: dict[Language, str] = {"zh": "zh-CN", "en": "en-US"}
NO_SESSION_YET = "401 (Unauthorized)"


def test_it_shows_a_ticket_as_it_happens_and_works_through_it(look: Look, head_office: HeadOffice) -> None:
    page = look()
    sign_in(page)
    expect(page.get_by_text("一切正常")).to_be_visible()
    photograph(page, "quiet-zh-390")
    head_office.warm("freezer-1")
    expect(page.locator("[aria-live=assertive]")).to_have_text("新的紧急工单：要求制冷但蒸发器不冷，示范门店 冷冻柜 1")
    page.get_by_role("link", name="要求制冷但蒸发器不冷").click()
    expect_evidence(page)
    photograph(page, "ticket-zh-390")
    work_through(page)


def expect_evidence(page: Page) -> None:
    expect(page.get_by_role("heading", name="判断依据")).to_be_visible()
    expect(page.get_by_text("高于 -12")).to_be_visible()
    expect(page.get_by_role("definition").filter(has_text="探头故障")).to_be_visible()
    expect(page.get_by_role("heading", name="可能原因")).to_be_visible()
    expect(page.get_by_role("heading", name="请带上")).to_be_visible()
    expect(page.locator(".plot canvas")).to_be_visible()


def work_through(page: Page) -> None:
    page.get_by_role("button", name="接单").click()
    page.get_by_role("button", name="添加备注").click()
    page.get_by_role("textbox", name="备注").fill("更换了压缩机接触器")
    page.get_by_role("button", name="已修复").click()
    expect(page.get_by_role("button", name="维修无效")).to_be_visible()
    page.get_by_role("button", name="关闭工单").click()
    expect(page.get_by_text("转为「已关闭」")).to_be_visible()
    expect(page.get_by_text("更换了压缩机接触器")).to_be_visible()
    expect(page.locator("[data-move]")).to_have_count(0)
    page.get_by_role("link", name="返回工单列表").click()
    expect(page.get_by_text("一切正常")).to_be_visible()


def test_it_misses_nothing_while_the_phone_has_no_network(look: Look, head_office: HeadOffice) -> None:
    page = look()
    sign_in(page)
    page.context.set_offline(True)
    expect(page.locator("[data-connection=offline]")).to_be_visible()
    photograph(page, "offline-zh-390")
    head_office.warm("freezer-1")
    page.context.set_offline(False)
    expect(page.locator("[data-connection=live]")).to_be_visible()
    expect(page.get_by_role("link", name="要求制冷但蒸发器不冷")).to_have_count(1)


def test_it_misses_nothing_while_head_office_is_down(look: Look, head_office: HeadOffice) -> None:
    page = look()
    sign_in(page)
    head_office.warm("freezer-1")
    expect(page.get_by_role("link", name="冷冻柜 1")).to_be_visible()
    head_office.close()
    expect(page.locator("[data-connection=reconnecting]")).to_be_visible()
    head_office.warm("freezer-2")
    head_office.open()
    expect(page.get_by_role("link", name="冷冻柜 2")).to_be_visible()
    expect(page.get_by_role("link", name="冷冻柜")).to_have_count(2)


def test_it_says_what_a_ticket_has_become_when_somebody_was_faster(look: Look, head_office: HeadOffice) -> None:
    head_office.warm("freezer-1")
    page = look()
    sign_in(page)
    visit(page, "#/tickets/1")

    def overtake(route: Route) -> None:
        head_office.let_colleague_accept(1)
        route.continue_()

    page.route("**/moves", overtake)
    page.get_by_role("button", name="接单").click()
    expect(page.get_by_role("alert")).to_contain_text("处理中")
    expect(page.get_by_role("button", name="已修复")).to_be_visible()


def test_it_keeps_a_note_that_is_begun_while_a_move_is_on_its_way(look: Look, head_office: HeadOffice) -> None:
    head_office.warm("freezer-1")
    page = look()
    sign_in(page)
    visit(page, "#/tickets/1")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/moves", hold)
    page.get_by_role("button", name="接单").click()
    page.get_by_role("button", name="添加备注").click()
    page.get_by_role("textbox", name="备注").fill("更换了压缩机接触器")
    held.pop().continue_()
    expect(page.get_by_role("button", name="已修复")).to_be_enabled()
    expect(page.get_by_role("textbox", name="备注")).to_have_value("更换了压缩机接触器")


def test_the_forecast_of_the_food_is_renewed_each_minute_beside_a_note_that_is_written(
    look: Look, head_office: HeadOffice
) -> None:
    head_office.warm("freezer-1")
    page = look()
    sign_in(page)
    page.clock.install()
    visit(page, "#/tickets/1")
    food = page.get_by_role("region", name="食品")
    expect(food.get_by_text("截至")).to_be_visible()
    page.get_by_role("button", name="添加备注").click()
    page.get_by_role("textbox", name="备注").fill("更换了压缩机接触器")
    page.route("**/api/v1/tickets/1", warmer)
    page.clock.fast_forward(60_000)
    expect(food.get_by_text("7.7")).to_be_visible()
    expect(page.get_by_role("textbox", name="备注")).to_have_value("更换了压缩机接触器")


def warmer(route: Route) -> None:
    """What head office says, with food of 7.7 °C."""
    answer = route.fetch()
    ticket = answer.json()
    ticket["food"][0]["temperature"] = 7.7
    route.fulfill(response=answer, json=ticket)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [360, 390])
def test_it_fits_a_phone(look: Look, head_office: HeadOffice, language: Language, width: int) -> None:
    head_office.warm("freezer-1")
    page = look(width=width, locale=LOCALES[language])
    assert overflow(page) <= 0
    sign_in(page)
    for route in ("#/tickets", "#/tickets/1", "#/stores", "#/me"):
        visit(page, route)
        photograph(page, f"{route.strip('#/').replace('/', '-')}-{language}-{width}")
        assert overflow(page) <= 0, route
        assert small_targets(page) == [], route


def test_it_speaks_the_language_that_was_chosen(look: Look) -> None:
    page = look(locale="zh-CN")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_it_says_that_a_password_is_wrong(look: Look) -> None:
    page = look(locale="en-US")
    page.get_by_label("User name").fill("zhang")
    page.get_by_label("Password").fill(PASSWORD.upper())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong")


def test_it_opens_by_a_one_time_link(look: Look, head_office: HeadOffice) -> None:
    page = look()
    page.goto(head_office.login_link())
    expect(page.locator("[data-connection=live]")).to_be_visible()
    expect(page.get_by_role("heading", name="工单")).to_be_visible()


def test_it_gives_no_browser_reason_to_complain(look: Look, head_office: HeadOffice, complaints: list[str]) -> None:
    head_office.warm("freezer-1")
    page = look(width=1280, height=800, color_scheme="dark", locale="en-US")
    sign_in(page)
    for route in ("#/tickets/1", "#/stores", "#/me"):
        visit(page, route)
    visit(page, "#/tickets/1")
    expect(page.locator(".plot canvas")).to_be_visible()
    photograph(page, "ticket-en-1280-dark")
    assert [words for words in complaints if NO_SESSION_YET not in words] == []


def test_a_dispatcher_sees_what_nobody_could_read_and_a_technician_does_not(
    look: Look, head_office: HeadOffice
) -> None:
    head_office.hear_nonsense(b"\xff no message")
    page = look()
    sign_in(page, DISPATCHER.name)
    visit(page, "#/me")
    unread = page.get_by_role("region", name="无法读取的消息")
    expect(unread.get_by_text("demo-001 · 1 次")).to_be_visible()
    photograph(page, "unread-zh-390")
    assert overflow(page) <= 0
    other = look()
    sign_in(other)
    visit(other, "#/me")
    expect(other.get_by_role("region", name="无法读取的消息")).to_have_count(0)


def test_it_says_that_a_store_is_offline(look: Look, head_office: HeadOffice) -> None:
    head_office.miss(STORE)
    page = look()
    sign_in(page)
    visit(page, "#/stores")
    expect(page.get_by_text("门店失联")).to_be_visible()
