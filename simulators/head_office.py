"""What a demo asks of head office, as any visitor of its API may."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.request import HTTPCookieProcessor, Request, build_opener

from edge_agent.contract.text import Text

_ANSWERS_WITHIN = 5.0  # s


class NotAnswering(ConnectionError):
    """Head office is not there yet or no longer, or refuses; ask again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTicket:
    number: str
    state: str
    device: str
    device_name: Text
    fault: str
    title: Text


class HeadOffice:
    """A visitor of the API with a session of its own. Every method raises NotAnswering."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._opener = build_opener(HTTPCookieProcessor())

    def is_ready(self) -> bool:
        try:
            self._ask("/readyz")
        except NotAnswering:
            return False
        return True

    def enter(self, name: str, password: str) -> None:
        self._ask("/api/v1/session", {"name": name, "password": password})

    def heard_devices(self, store: str) -> frozenset[str]:
        """The devices of that store from which readings have arrived."""
        stores = self._ask("/api/v1/stores")["stores"]
        devices = [device for one in stores if one["id"] == store for device in one["devices"]]
        return frozenset(device["id"] for device in devices if device["last_at"])

    def tickets(self) -> tuple[SeenTicket, ...]:
        """All there ever were, closed ones too; the oldest first."""
        tickets = self._ask("/api/v1/tickets?state=all&limit=200")["tickets"]
        return tuple(_ticket(one) for one in sorted(tickets, key=lambda ticket: ticket["id"]))

    def _ask(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data else {}
        try:
            with self._opener.open(Request(self.address + path, data, headers), timeout=_ANSWERS_WITHIN) as response:
                text = response.read()
                return json.loads(text) if text.startswith((b"{", b"[")) else text.decode()
        except (URLError, HTTPException, OSError, ValueError) as error:
            raise NotAnswering(f"{path}: {error}") from error


def _ticket(given: Any) -> SeenTicket:
    return SeenTicket(
        number=given["number"],
        state=given["state"],
        device=given["device"]["id"],
        device_name=Text(**given["device"]["name"]),
        fault=given["fault"],
        title=Text(**given["title"]),
    )
