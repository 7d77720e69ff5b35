"""The rules, asked so that one that fails costs no message: the loop that stores must not stop."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace

from edge_agent.contract.readings import Device, Telemetry
from rules.book import RuleBook
from rules.engine import Judgement, judge
from rules.memory import DeviceMemory
from rules.model import Change
from rules.neighbours import Neighbours
from rules.segments import Joined, join
from rules.standing import restate

log = logging.getLogger(__name__)


class Referee:
    """Used by one thread; what it remembers decides nothing."""

    def __init__(self, book: RuleBook) -> None:
        self.book = book
        self._failing: set[tuple[str, str]] = set()

    def apply(self, device: Device, memory: DeviceMemory, poll: Telemetry, neighbours: Neighbours) -> Judgement | None:
        """None where the rules failed: the poll is kept all the same."""
        store = neighbours.setting.id
        try:
            judgement = judge(self.book, device, memory, poll, neighbours)
            self._failing.discard((store, device.id))
        except Exception:  # a rule that fails must not hold up the telemetry of every store
            if (store, device.id) not in self._failing:
                log.exception("rules failed store=%s device=%s at=%s", store, device.id, poll.at.isoformat())
            self._failing.add((store, device.id))
            return None
        return judgement

    def unite(self, device: Device, earlier: DeviceMemory, later: DeviceMemory, neighbours: Neighbours) -> Joined:
        """Where that fails, the later memory goes on by itself."""
        try:
            return join(self.book, device, earlier, later, neighbours)
        except Exception:  # history that cannot be joined must not keep a store's messages from being stored
            log.exception("segments cannot be joined store=%s device=%s", neighbours.setting.id, device.id)
            return Joined(memory=replace(later, openings=None), corrections=())

    def restate(
        self, device: Device, memory: DeviceMemory, rules: Collection[str], neighbours: Neighbours
    ) -> tuple[Change, ...]:
        """None of them where that fails."""
        try:
            return restate(self.book, device, memory, rules, neighbours)
        except Exception:  # one device's alarms must not keep a store's messages from being stored
            log.exception("what stands cannot be told store=%s device=%s", neighbours.setting.id, device.id)
            return ()
