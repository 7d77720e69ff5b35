"""Polls judged before the database file is locked, so that collectors which share it judge at the same time.

Judging is pure: where a poll, the inventory, what is remembered of its device and of the store around it turn out to be
the very same within the transaction, so is the ruling; where they do not, it is judged there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from collector.domain.segments import Run, Step
from collector.domain.store_memory import StoreMemory, minute_of, overlook
from collector.referee import Referee
from collector.store.at_hand import Premises
from edge_agent.contract.readings import Device, Telemetry
from rules.engine import Judgement
from rules.memory import DeviceMemory
from rules.neighbours import Neighbours, Setting

AHEAD_AT_MOST = timedelta(minutes=5)
"""How far a store's clock may be ahead of head office's."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No store polled before; whatever says so has a clock that was never set, whether it knows or not."""


def why_not(devices: Mapping[str, Device], poll: Telemetry, now: datetime) -> str:
    """Why a poll is kept and not judged; one from the future would make all that follow look late."""
    if not devices:
        return "no_inventory"
    if poll.device not in devices:
        return "unknown_device"
    return "" if poll.clock_trusted and EARLIEST <= poll.at <= now + AHEAD_AT_MOST else "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """On a poll of a live segment of the store `setting`: `memory` of its device and `around`, the store's, are as they
    were before.

    `passed` is the store's when its time had gone on, `after` when all was heard; `judgement` is None where the rules
    failed.
    """

    setting: Setting
    memory: DeviceMemory
    around: StoreMemory
    passed: StoreMemory
    judgement: Judgement | None
    after: StoreMemory

    @property
    def begins_minute(self) -> bool:
        return minute_of(self.around.at) != minute_of(self.passed.at)


def rule(
    referee: Referee, setting: Setting, device: Device, poll: Telemetry, memory: DeviceMemory, around: StoreMemory
) -> Ruling:
    passed = around.pass_to(poll.at)
    after = passed.hear(referee.book.asked_of(device.device_class), poll)
    judgement = referee.apply(device, memory, poll, Neighbours(setting=setting, known=after.known))
    if judgement is not None:
        after = after.see(device, judgement.memory, poll.at)
    return Ruling(setting=setting, memory=memory, around=around, passed=passed, judgement=judgement, after=after)


class Foresight:
    """Of one transaction; made and used by one thread."""

    def __init__(self, referee: Referee) -> None:
        self._referee = referee
        self._rulings: dict[int, tuple[Telemetry, Ruling]] = {}

    def look_ahead(
        self, premises: Premises, steps: Sequence[Step], polls: Mapping[int, Telemetry], now: datetime
    ) -> None:
        """At new polls of a stream by number, if all that is to be done is to judge them by what is at hand."""
        around = premises.around
        runs = [step for step in steps if isinstance(step, Run) and step.live and not step.waited]
        if around is None or len(runs) != len(steps):
            return
        known = {device: one.memory for device, one in premises.memories.items()}
        for seq, poll in sorted(polls.items(), key=lambda entry: entry[0]):
            memory = known.get(poll.device)
            next_is_it = any(run.seqs[0] <= seq <= run.seqs[1] for run in runs)
            if memory is None or not next_is_it or why_not(premises.devices, poll, now):
                continue
            ruling = rule(self._referee, premises.setting, premises.devices[poll.device], poll, memory, around)
            self._rulings[id(poll)] = poll, ruling
            around = ruling.after
            if ruling.judgement is not None:
                known[poll.device] = ruling.judgement.memory
            if ruling.begins_minute:
                told = overlook(around, premises.setting.devices, self._referee.book.store_causes)
                around = around.share(told.memory)

    def ruling(
        self, referee: Referee, setting: Setting, poll: Telemetry, memory: DeviceMemory, around: StoreMemory
    ) -> Ruling | None:
        """None where it was judged by other rules, or by anything but this."""
        _, found = self._rulings.get(id(poll), (None, None))
        if found is None or referee is not self._referee:
            return None
        same = found.setting is setting and found.memory is memory and found.around is around
        return found if same else None
