"""Controllers to be polled by the thousand: a Modbus TCP server in a process of its own that notes when it was asked.

`python -m tests.bench.farm --ports N` answers any read of any unit, with other words in each answer. It says its ports
on stdout; the word `begin` on stdin forgets what was noted, `take` tells it as JSON, and end of file ends it.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from collections.abc import Sequence
from typing import cast

import uvloop

from tests.bench.child import Child, say

_VARIANTS = 61
_WORDS = [
    b"".join(((turn * 7 + place * 3) % 200 + 10).to_bytes(2, "big") for place in range(512))
    for turn in range(_VARIANTS)
]
_LARGEST_START = 0xFF

Asked = dict[str, list[float]]


class _Connection(asyncio.Protocol):
    def __init__(self, port: int, asked: Asked) -> None:
        self._port = port
        self._asked = asked
        self._loop = asyncio.get_running_loop()
        self._pending = b""
        self._turn = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = cast(asyncio.Transport, transport).write  # uvloop's own class is none of asyncio's

    def data_received(self, data: bytes) -> None:
        data = self._pending + data if self._pending else data
        at = 0
        while len(data) - at >= 12:
            self._write(self._answer(data[at : at + 12]))
            at += 12
        self._pending = data[at:]

    def _answer(self, request: bytes) -> bytes:
        unit, function = request[6], request[7]
        self._asked.setdefault(f"{self._port}:{unit}", []).append(self._loop.time())
        self._turn += 1
        start, count = int.from_bytes(request[8:10], "big"), int.from_bytes(request[10:12], "big")
        size = (count + 7) // 8 if function <= 2 else count * 2
        first = 2 * (start & _LARGEST_START)
        words = _WORDS[self._turn % _VARIANTS][first : first + size]
        return request[:2] + b"\0\0" + (size + 3).to_bytes(2, "big") + bytes((unit, function, size)) + words


async def _serve(count: int) -> None:
    loop = asyncio.get_running_loop()
    asked: Asked = {}
    servers = [
        await loop.create_server(lambda number=number: _Connection(number, asked), "127.0.0.1", 0)  # type: ignore[misc]
        for number in range(count)
    ]
    say([server.sockets[0].getsockname()[1] for server in servers])
    ended = asyncio.Event()
    threading.Thread(target=_obey, args=(loop, asked, ended), daemon=True).start()
    await ended.wait()


def _obey(loop: asyncio.AbstractEventLoop, asked: Asked, ended: asyncio.Event) -> None:
    for line in sys.stdin:
        loop.call_soon_threadsafe(asked.clear if line.strip() == "begin" else lambda: say(asked))
    loop.call_soon_threadsafe(ended.set)


class Farm(Child):
    """The process, from outside; `ports` are in the order of the devices."""

    def __init__(self, ports: int) -> None:
        super().__init__("tests.bench.farm", "--ports", str(ports))
        self.ports: list[int] = self.heard()

    def take(self) -> Asked:
        """When each device was asked since `begin`, in seconds of the server's clock."""
        self.tell("take")
        asked: Asked = self.heard()
        return asked


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.farm")
    parser.add_argument("--ports", type=int, required=True)
    uvloop.run(_serve(parser.parse_args(argv).ports))
    return 0


if __name__ == "__main__":
    sys.exit(main())
