"""What a technician does with the page, in the words of the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.head_office import PASSWORD, TECHNICIAN

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"

Look = Callable[..., Page]
"""Opens the page in a new browser: `look(width=390, height=844, locale="zh-CN", **options of playwright)`."""

_SMALL_TARGETS = """() => [...document.querySelectorAll('button, a[href]:not(.skip), input, textarea, summary')]
  .filter((one) => one.checkVisibility() && (one.offsetHeight < 44 || one.offsetWidth < 44))
  .map((one) => one.outerHTML.slice(0, 120))"""


def sign_in(page: Page, name: str = TECHNICIAN.name) -> None:
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("button[type=submit]").click()
    page.locator("[data-connection=live]").wait_for()


def visit(page: Page, route: str) -> None:
    """`route` as in `#/tickets/1`; returns when its view has its heading."""
    page.evaluate("route => { location.hash = route }", route)
    page.locator("main :is(h1, h2)").filter(visible=True).first.wait_for()


def photograph(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its screen."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def small_targets(page: Page) -> list[str]:
    """What a thumb would miss: everything to press that is lower or narrower than 44 px."""
    return [str(words) for words in page.evaluate(_SMALL_TARGETS)]
