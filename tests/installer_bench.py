"""A serial line as an installer meets it: one speed, several controllers, and two of them perhaps with one unit id."""

from __future__ import annotations

import asyncio
import os
import termios
import tty
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from edge_agent.contract.text import same
from edge_agent.core.profile import Table
from edge_agent.profiles.load import installed_profile
from simulators.answers import answer, read_request
from simulators.registers import Image, image_of
from simulators.store import Place, said, start
from tests.frames import crc, rtu

_SPEEDS = {4800: termios.B4800, 9600: termios.B9600, 19200: termios.B19200, 38400: termios.B38400}


@dataclass(slots=True, kw_only=True)
class Controller:
    """Answers from `image`, `turnaround` seconds after it was asked."""

    unit: int
    image: Image
    turnaround: float = 0.0

    def reply(self, pdu: bytes) -> bytes:
        said = answer(read_request(pdu), self.image).pdu
        return rtu(self.unit, bytes([said.function_code]) + said.encode())

    def set(self, table: Table, address: int, word: int) -> None:
        words = {**self.image.words, table: {**self.image.words.get(table, {}), address: word}}
        self.image = replace(self.image, words=words)


def shipped(
    profile_id: str, unit: int, turnaround: float = 0.0, duty: str = "freezer", instance: int | None = None
) -> Controller:
    """A twin that has been running for long, with the map of a shipped profile, or of one unit behind a gateway."""
    known = installed_profile(profile_id, instance=instance)
    place = Place(device="bench", name=same("bench"), duty=duty, profile=known, bus="line-a", unit=unit)
    state = start((place,), datetime(2026, 7, 15, 12, tzinfo=UTC), ZoneInfo("Asia/Shanghai"))
    return Controller(unit=unit, image=image_of(place.profile, said(state.plants["bench"])), turnaround=turnaround)


def holding(unit: int, words: Mapping[int, int], turnaround: float = 0.0) -> Controller:
    """A controller that nobody knows, with these holding registers and no other."""
    image = Image(words={Table.HOLDING: words}, reads={3: Table.HOLDING}, writes=frozenset(), settable={})
    return Controller(unit=unit, image=image, turnaround=turnaround)


class InstallersLine:
    """Serves `controllers` on a pty at `path`. A master at another speed than `baud` is not understood.

    Nobody answers it then, or, where the line is `noisy`, it hears what an adapter makes of bits at the wrong speed.
    Answers that overlap fall over each other, as on two wires that both pull at.
    """

    def __init__(self, path: Path, controllers: Sequence[Controller], baud: int = 9600, *, noisy: bool = False) -> None:
        self._path = path
        self._controllers = controllers
        self._baud = baud
        self._noisy = noisy
        self.functions: set[int] = set()
        self._timers: list[asyncio.TimerHandle] = []

    def open(self) -> None:
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self._path.symlink_to(os.ttyname(self._theirs))
        asyncio.get_running_loop().add_reader(self._ours, self._hear)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._ours)
        for timer in self._timers:
            timer.cancel()
        os.close(self._ours)
        os.close(self._theirs)
        self._path.unlink(missing_ok=True)

    def _hear(self) -> None:
        request = os.read(self._ours, 256)
        if termios.tcgetattr(self._theirs)[4] != _SPEEDS[self._baud]:
            if self._noisy:
                os.write(self._ours, bytes(byte ^ 0x5A for byte in request[:5]))
            return
        if len(request) != 8 or crc(request[:-2]).to_bytes(2, "little") != request[-2:]:
            return
        self.functions.add(request[1])
        replies = [(one.turnaround, one.reply(request[1:-2])) for one in self._controllers if one.unit == request[0]]
        character = 11 / self._baud
        for after, data in _on_wire(sorted(replies), character):
            arrives = after + (len(request) + len(data)) * character
            self._timers.append(asyncio.get_running_loop().call_later(arrives, os.write, self._ours, data))


def _on_wire(replies: list[tuple[float, bytes]], character: float) -> list[tuple[float, bytes]]:
    """Answers that overlap fall over each other: the wire is low where either pulls it low."""
    if len(replies) < 2:
        return replies
    (first_after, first), (second_after, second) = replies[:2]
    shift = round((second_after - first_after) / character)
    if shift >= len(first):
        return replies
    length = max(len(first), shift + len(second))
    pairs = zip(first.ljust(length, b"\xff"), (b"\xff" * shift + second).ljust(length, b"\xff"), strict=True)
    return [(first_after, bytes(mine & theirs for mine, theirs in pairs))]


@asynccontextmanager
async def line_with(
    path: Path, *controllers: Controller, baud: int = 9600, noisy: bool = False
) -> AsyncIterator[InstallersLine]:
    line = InstallersLine(path, controllers, baud, noisy=noisy)
    line.open()
    try:
        yield line
    finally:
        line.close()
