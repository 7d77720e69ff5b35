"""The topic tree `sw/1/{partition}/{store}/{up|down}/{leaf}`, built and parsed."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Literal

Direction = Literal["up", "down"]

ROOT = "sw/1"
EVERY_BATCH = f"{ROOT}/+/+/up/batch"
EVERY_HISTORY = f"{ROOT}/+/+/up/history"
STORE_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""Store and device ids are safe in a topic, a file name and an address."""

_TOPIC = re.compile(rf"{ROOT}/([0-9a-f]{{2}})/({STORE_ID.pattern})/(up|down)/([a-z]+)")


class NotOurTopic(ValueError):
    """The topic does not belong to the tree, or its partition is not the store's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    store: str
    direction: Direction
    leaf: str


def partition(store: str) -> str:
    """Two hex digits that divide the stores evenly among collectors."""
    return f"{zlib.crc32(store.encode()) & 0xFF:02x}"


def batch_topic(store: str) -> str:
    return f"{ROOT}/{partition(store)}/{store}/up/batch"


def history_topic(store: str) -> str:
    """Where a backlog goes, beside what is live."""
    return f"{ROOT}/{partition(store)}/{store}/up/history"


def ack_topic(store: str) -> str:
    return f"{ROOT}/{partition(store)}/{store}/down/ack"


def parse_topic(topic: str) -> Topic:
    """Raises NotOurTopic."""
    match = _TOPIC.fullmatch(topic)
    if match is None or match[1] != partition(match[2]):
        raise NotOurTopic(f"not a topic of {ROOT}: {topic!r}")
    return Topic(store=match[2], direction="up" if match[3] == "up" else "down", leaf=match[4])
