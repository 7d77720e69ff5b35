"""The word to systemd: ready, alive as long as every loop that must not stop is alive, reloading, and stopping."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping
from datetime import timedelta

log = logging.getLogger(__name__)


class Notifier:
    """The notification socket that systemd names in the environment; without one, every word is dropped."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog = _watchdog_of(environment)

    def ready(self) -> None:
        self._say("READY=1")

    def alive(self) -> None:
        self._say("WATCHDOG=1")

    def reloading(self, steady_s: float) -> None:
        """`ready` must follow, however it ends. systemd tells by the time which of two reloads is meant."""
        self._say(f"RELOADING=1\nMONOTONIC_USEC={int(steady_s * 1_000_000)}")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    def status(self, sentence: str) -> None:
        self._say(f"STATUS={sentence}")

    def _say(self, words: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.setblocking(False)  # a manager that does not read must not stop the store
                channel.sendto(words.encode(), self._address)
        except OSError as error:
            log.warning("systemd cannot be told words=%s error=%s", words, error)


class Heartbeats:
    """When each loop that must not stop was last seen alive. Time is seconds of a clock that only grows."""

    def __init__(self) -> None:
        self._bounds: dict[str, float] = {}
        self._beaten_at: dict[str, float] = {}
        self._late: frozenset[str] = frozenset()

    def expect(self, loop: str, within_s: float, now: float) -> None:
        """From now on `loop` must beat again within `within_s` seconds, each time."""
        self._bounds[loop] = within_s
        self._beaten_at[loop] = now

    def forget(self, loop: str) -> None:
        """The loop has ended as it should; a beat of it that comes late is overheard."""
        self._bounds.pop(loop, None)
        self._beaten_at.pop(loop, None)
        self._late -= {loop}

    def beat(self, loop: str, now: float) -> None:
        if loop in self._bounds:
            self._beaten_at[loop] = now

    def all_alive(self, now: float) -> bool:
        """Whether every loop has beaten within its bound; says once which one has not, and when it is back."""
        late = frozenset(loop for loop, bound in self._bounds.items() if now - self._beaten_at[loop] > bound)
        for loop in sorted(late - self._late):
            log.error(
                "loop does not beat, systemd will restart the agent loop=%s bound_s=%.0f", loop, self._bounds[loop]
            )
        for loop in sorted(self._late - late):
            log.warning("loop beats again loop=%s", loop)
        self._late = late
        return not late


def _watchdog_of(environment: Mapping[str, str]) -> timedelta | None:
    """How long systemd waits for a sign of life; None where it does not."""
    try:
        microseconds = int(environment.get("WATCHDOG_USEC", "0"))
    except ValueError:
        return None
    return timedelta(microseconds=microseconds) if microseconds > 0 else None
