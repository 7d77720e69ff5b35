"""What comes from the stores, on two lanes, and where the answers go."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from edge_agent.contract.readings import Ack

COMPRESSED = b"\x78"
"""The first byte of a zlib payload; one that is not compressed begins with a brace."""
UNPACKED_SIZE = 8
"""How many bytes of work a compressed byte stands for, about."""


class Lane(StrEnum):
    """What is so now goes before what was."""

    LIVE = "live"
    HISTORY = "history"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One MQTT message; `mid` and `session` let the broker be told that it is settled; `arrived` is steady seconds."""

    topic: str
    payload: bytes
    mid: int
    session: int
    arrived: float
    lane: Lane = Lane.LIVE

    @property
    def work(self) -> int:
        """Bytes of JSON that the ingest will have to read, about."""
        return len(self.payload) * (UNPACKED_SIZE if self.payload.startswith(COMPRESSED) else 1)


class Inbox(Protocol):
    """Where messages come from, and where the answers go."""

    def take(self, most: int, linger: float) -> list[Message]:
        """Waits a moment for a first message, then `linger` seconds for more; empty when none came."""

    def answer(self, store: str, ack: Ack) -> None:
        """Tells a store what is safe."""

    def settle(self, message: Message) -> None:
        """Tells the broker that it need not deliver this again."""
