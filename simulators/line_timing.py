"""When bytes are on a serial wire: characters at the speed of the line, the silence that ends a frame, turnaround."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Iterable
from dataclasses import dataclass

from simulators.line_faults import Sending

_BITS_PER_CHARACTER = 11
_SILENT_CHARACTERS = 3.5
_FAST_BAUD = 19200
_FAST_SILENCE = 0.00175


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTiming:
    """`grain` is how many bytes the master's adapter hands on together, 1 where it has no buffer."""

    baud: int
    grain: int = 1

    @property
    def character(self) -> float:
        """Seconds on the wire: start, 8 data, parity or second stop, stop."""
        return _BITS_PER_CHARACTER / self.baud

    @property
    def silence(self) -> float:
        """Seconds that end a frame (Modbus serial line guide, 2.5.1.1)."""
        return _FAST_SILENCE if self.baud > _FAST_BAUD else _SILENT_CHARACTERS * self.character

    def heard_after(self, frame: int) -> float:
        """Seconds from the first bit of a frame of so many bytes until its listener knows that it is whole."""
        return frame * self.character + self.silence

    def paced(self, sendings: Iterable[Sending]) -> tuple[Sending, ...]:
        """The same bytes, each piece when its last bit has arrived, none before those sent ahead of it."""
        paced: list[Sending] = []
        free_at = 0.0
        for sending in sendings:
            at = max(sending.after, free_at)
            for start in range(0, len(sending.data), self.grain):
                piece = sending.data[start : start + self.grain]
                at += len(piece) * self.character
                paced.append(Sending(after=at, data=piece))
            if sending.hang_up:
                paced.append(Sending(after=at, data=b"", hang_up=True))
            free_at = at
        return tuple(paced)


def precise_loop() -> asyncio.AbstractEventLoop:
    """A loop whose timers are right to some ten microseconds; those of epoll are rounded up to milliseconds."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())
