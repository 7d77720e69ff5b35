"""The serial port of the machine; the only file that speaks to pyserial."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import select
import termios
from pathlib import Path

import serial

from edge_agent.core.profile import SerialFormat
from edge_agent.drivers.arrivals import MOST_PENDING, Arrivals
from edge_agent.drivers.base import BusDown

log = logging.getLogger(__name__)

_told_of_no_parity: set[str] = set()


class SerialPort(Arrivals):
    """An open port as the loop sees it. `open_serial` makes one."""

    def __init__(self, port: serial.Serial, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(str(port.port), loop, heard_at=float("-inf"))
        self._port = port
        loop.add_reader(port.fileno(), self._read)

    def send(self, frame: bytes) -> None:
        self._raise_if_gone()
        try:
            written = os.write(self._port.fileno(), frame)
        except OSError as error:
            raise BusDown(f"{self._place} takes no bytes: {error}") from error
        if written < len(frame):
            raise BusDown(f"{self._place} does not send what it was given")

    def take_input(self) -> bytes:
        self._raise_if_gone()
        try:
            if self._port.in_waiting:
                self._read()
        except OSError as error:
            raise BusDown(f"{self._place} has gone: {error}") from error
        return self._take()

    def close(self) -> None:
        self._stop_reading()
        with contextlib.suppress(OSError):
            self._port.close()

    def _read(self) -> None:
        try:
            received = os.read(self._port.fileno(), MOST_PENDING)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(str(error))
            return
        if not received:
            # Nothing to read is also how a read ends that somebody else was quicker with.
            if self._hung_up():
                self._lose("its other end was closed or unplugged")
            return
        self._note(received)

    def _hung_up(self) -> bool:
        state = select.poll()
        state.register(self._port.fileno(), 0)
        return bool(state.poll(0))

    def _lose(self, reason: str) -> None:
        super()._lose(reason)
        self._stop_reading()

    def _stop_reading(self) -> None:
        if self._port.is_open:
            self._loop.remove_reader(self._port.fileno())


async def open_serial(port: str, line: SerialFormat) -> SerialPort:
    """Raises BusDown: there is no such port, it is no serial port, or another program has it."""
    parity = serial.PARITY_NONE if _carries_no_parity(port) else line.parity
    try:
        opened = serial.Serial(
            port, line.baud, parity=parity, stopbits=line.stop_bits, timeout=0, write_timeout=0, exclusive=True
        )
    except (OSError, ValueError, termios.error) as error:  # SerialException is an OSError
        raise BusDown(f"{port} cannot be opened: {_reason(error)}") from error
    with contextlib.suppress(OSError, ValueError, AttributeError, NotImplementedError):
        # Some USB adapters keep bytes back for 16 ms unless asked not to; ports that know no such thing need none.
        opened.set_low_latency_mode(True)
    return SerialPort(opened, asyncio.get_running_loop())


def _reason(error: Exception) -> str:
    """pyserial wraps what the system said in sentences that name the port twice more."""
    number = getattr(error, "errno", None)
    if number == errno.EWOULDBLOCK:
        return "another program uses it"
    return os.strerror(number) if number else str(error)


def _carries_no_parity(port: str) -> bool:
    """A pseudo-terminal carries bytes and not bits; Linux refuses to set a parity on it."""
    if not str(Path(port).resolve()).startswith("/dev/pts/"):
        return False
    if port not in _told_of_no_parity:
        _told_of_no_parity.add(port)
        log.info("port=%s is a pseudo-terminal: opened without parity", port)
    return True
