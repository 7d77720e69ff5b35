"""An RS-485 line with controllers on it: RTU frames on the master side of a pty pair."""

from __future__ import annotations

import asyncio
import contextlib
import os
import termios
import tty
from collections.abc import Mapping
from pathlib import Path

from simulators.controllers import Controllers, Manner, Unit
from simulators.line_timing import LineTiming
from simulators.rtu_talk import RtuTalk

_LONGEST_FRAME = 256
_SPEED = 5  # place of the output speed in what tcgetattr tells


class SerialLine:
    """Serves `units` by unit id at `path`, a link to the pty that a master opens as its serial port.

    Frames are real, CRC included; a pty has neither parity nor speed, so that only `timing` gives it one. With
    `one_speed` a master whose port is set to another speed than that is not understood.
    """

    def __init__(
        self,
        units: Mapping[int, Unit],
        path: Path,
        *,
        timing: LineTiming | None = None,
        manners: Mapping[int, Manner] | None = None,
        seed: int = 0,
        one_speed: bool = False,
    ) -> None:
        self.controllers = Controllers(units, manners, seed)
        self._path = path
        self._timing = timing
        self._speed = getattr(termios, f"B{timing.baud}", None) if timing and one_speed else None
        self._talk: RtuTalk | None = None
        self._ours = self._masters = -1

    async def start(self) -> None:
        """Raises OSError where the link cannot be made: no folder, no right, or a file in its place."""
        if self._path.exists() and not self._path.is_symlink():
            raise FileExistsError(f"{self._path} is no link of an earlier run, and is left alone")
        self._ours, self._masters = os.openpty()
        tty.setraw(self._masters)
        os.set_blocking(self._ours, False)
        self._path.unlink(missing_ok=True)
        self._path.symlink_to(os.ttyname(self._masters))
        self._talk = RtuTalk(self.controllers, self._say, timing=self._timing)
        asyncio.get_running_loop().add_reader(self._ours, self._hear, self._talk)

    async def close(self) -> None:
        if self._talk is None:
            return
        asyncio.get_running_loop().remove_reader(self._ours)
        await self._talk.close()
        self._talk = None
        self._path.unlink(missing_ok=True)
        os.close(self._ours)
        os.close(self._masters)
        self._ours = self._masters = -1

    def _hear(self, talk: RtuTalk) -> None:
        received = os.read(self._ours, _LONGEST_FRAME)
        if self._speed in {None, termios.tcgetattr(self._masters)[_SPEED]}:
            talk.hear(received)

    def _say(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # nobody reads: on a wire it would be lost as well
            os.write(self._ours, data)
