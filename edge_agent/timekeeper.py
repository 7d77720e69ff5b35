"""What the agent knows of the time: the gateway's clock, what head office says, and how far the two are apart."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from edge_agent.contract.clock import Clock
from edge_agent.contract.readings import ClockHealth
from edge_agent.core.restamp import restamped, stamp_of
from edge_agent.core.trust import APART_AT_MOST, Machine, age, ahead_s, is_trusted, refine

log = logging.getLogger(__name__)

CLOCK_STEP_S = 2.0


class Timekeeper:
    """Of one run of the agent, which `boot` names."""

    def __init__(self, clock: Clock, boot: str) -> None:
        self._clock = clock
        self._machine = Machine(boot=boot)
        self._steps = 0
        self._offset = clock.wall() - clock.steady()

    @property
    def boot(self) -> str:
        """Names this run of the agent within this run of the machine."""
        return self._machine.boot

    def hear(self, at: datetime | None, asked_at: float | None) -> None:
        """Head office's time, as an acknowledgement has just brought it; an older head office does not tell.

        `asked_at` is when what it answers had left, on the steady clock. A word that was under way for too long could
        make a right clock look wrong, and one that answers nothing may have been.
        """
        if at is None or asked_at is None or self._seconds_since(asked_at) > APART_AT_MOST.total_seconds():
            return
        trusted = self.trusted()
        reference = refine(self._machine.reference, at, self._clock.mono())
        self._machine = Machine(boot=self._machine.boot, reference=reference)
        if trusted and not self.trusted():
            log.warning("the machine's clock is wrong, instants are repaired ahead_s=%.0f", self.health().ahead_s)

    def trusted(self) -> bool:
        return is_trusted(self._clock.now(), self._clock.mono(), self._machine.reference)

    def health(self) -> ClockHealth:
        reference = self._machine.reference
        ahead = round(ahead_s(self._clock.now(), self._clock.mono(), reference), 3) if reference else None
        return ClockHealth(trusted=self.trusted(), ahead_s=ahead, steps=self._steps)

    def was_set(self) -> bool:
        """Whether somebody has set the machine's clock since the last call."""
        before, self._offset = self._offset, self._clock.wall() - self._clock.steady()
        if abs(self._offset - before) <= CLOCK_STEP_S:
            return False
        self._steps += 1
        log.warning("the machine's clock was set by_s=%.1f", self._offset - before)
        return True

    def restamped(self, body: bytes, *, asking: bool = False) -> bytes:
        """As head office should see it now; `asking`: it is to bring head office's time."""
        return restamped(body, self._machine, asking=asking)

    def is_younger(self, body: bytes, than: timedelta) -> bool | None:
        """None where nobody can tell."""
        stamp = stamp_of(body)
        if stamp is None:
            return None
        try:
            past = age(stamp, self._machine, self._clock.now(), self._clock.mono())
        except OverflowError:
            return None
        return None if past is None else past <= than

    def _seconds_since(self, steady: float) -> float:
        """Of store time."""
        return (self._clock.steady() - steady) * self._clock.factor
