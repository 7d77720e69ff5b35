"""An RS-485 line with controllers on it: RTU frames on the master side of a pty pair."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import Mapping
from pathlib import Path

from pymodbus.framer.rtu import FramerRTU
from pymodbus.pdu import DecodePDU

from simulators.answers import read_request
from simulators.modbus_server import Unit

_LONGEST_FRAME = 256
_FORGETS_AFTER = 0.05  # s; a frame that stays unfinished so long is noise (the standard says 3.5 characters)


class SerialLine:
    """Serves `units` by unit id at `path`, a link to the pty that a master opens as its serial port.

    Frames are real, CRC included; a pty has neither parity nor speed.
    """

    def __init__(self, units: Mapping[int, Unit], path: Path) -> None:
        self._units = units
        self._path = path
        self._framer = FramerRTU(DecodePDU(True))
        self._pending = b""
        self._forget: asyncio.TimerHandle | None = None
        self._ours = self._masters = -1

    async def start(self) -> None:
        """Raises OSError where the link cannot be made."""
        self._ours, self._masters = os.openpty()
        tty.setraw(self._masters)
        os.set_blocking(self._ours, False)
        self._path.unlink(missing_ok=True)
        self._path.symlink_to(os.ttyname(self._masters))
        asyncio.get_running_loop().add_reader(self._ours, self._receive)

    async def close(self) -> None:
        if self._ours < 0:
            return
        asyncio.get_running_loop().remove_reader(self._ours)
        if self._forget:
            self._forget.cancel()
        self._path.unlink(missing_ok=True)
        os.close(self._ours)
        os.close(self._masters)
        self._ours = self._masters = -1

    def _receive(self) -> None:
        self._pending += os.read(self._ours, _LONGEST_FRAME)
        if self._forget:
            self._forget.cancel()
        used, unit, _, pdu = self._framer.decode(self._pending)
        self._pending = self._pending[used:]
        if pdu:
            self._reply(unit, pdu)
        elif self._pending:
            self._forget = asyncio.get_running_loop().call_later(_FORGETS_AFTER, self._forget_pending)

    def _forget_pending(self) -> None:
        self._pending = b""

    def _reply(self, unit: int, pdu: bytes) -> None:
        known = self._units.get(unit)
        response = known.answer(read_request(pdu)) if known else None
        if response is None:
            return
        response.dev_id = unit
        os.write(self._ours, self._framer.buildFrame(response))
