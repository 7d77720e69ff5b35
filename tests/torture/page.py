"""What a dispatcher's page is told, and when: it logs in and follows the feed of the shipped collector."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.torture.stage import ROOT

NAME, PASSWORD = "page", "a password of the page"
LISTED_AT_MOST = 500


@dataclass
class Page:
    """What was told so far, in order: when (monotonic seconds), and the ticket."""

    told: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def hear(self, line: str) -> None:
        if line.startswith("data:") and "store" in (summary := json.loads(line.removeprefix("data:"))):
            self.told.append((time.perf_counter(), summary))

    def look(self, listed: list[dict[str, Any]]) -> None:
        self.told += [(time.perf_counter(), summary) for summary in listed]

    def first(self) -> dict[str, float]:
        """By store, when the page first showed anything of it."""
        return {summary["store"]["id"]: at for at, summary in reversed(self.told)}


def add_reader(office: Path, password_file: Path) -> None:
    """An account for the page, made as a person makes one."""
    password_file.write_text(PASSWORD)
    told = [str(office), "add", NAME, "--role", "dispatcher", "--password-file", str(password_file)]
    subprocess.run([sys.executable, "-m", "collector", "user", *told], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def open_page(port: int) -> Iterator[Page]:
    page = Page()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
        client.post("/api/v1/session", json={"name": NAME, "password": PASSWORD}).raise_for_status()
        begun = client.get("/api/v1/tickets", params={"limit": LISTED_AT_MOST}).raise_for_status().json()
        page.look(begun["tickets"])
        following = threading.Thread(target=_follow, args=(client, begun["feed_position"], page), daemon=True)
        following.start()
        yield page
    following.join()


def _follow(client: httpx.Client, after: int, page: Page) -> None:
    try:
        with client.stream("GET", "/api/v1/feed", params={"after": after}) as answer:
            for line in answer.iter_lines():
                page.hear(line)
    except (httpx.HTTPError, RuntimeError, OSError):  # head office has ended, or the page was closed
        return
