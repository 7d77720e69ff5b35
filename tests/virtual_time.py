"""An event loop whose clock leaps to the next timer, with connections that lead to a coroutine of the test."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

AnyT = TypeVar("AnyT")
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class NothingWillHappen(Exception):
    """Everybody waits and no timer is set: a deadlock in the tested code."""


class _Leap(selectors.SelectSelector):
    """Passes the time until the next timer in no time; files are never ready. Each look takes `least` seconds."""

    def __init__(self, least: float = 0.0) -> None:
        super().__init__()
        self.now = 0.0
        self._least = least

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingWillHappen
        self.now += max(self._least, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`peers` serve the connections to their host and port; to others none can be made.

    `least` is what a pass of the loop takes, for code that waits for a remainder of time too small to add up.
    """

    def __init__(self, least: float = 0.0) -> None:
        self._leap = _Leap(least)
        self.peers: dict[tuple[str, int], Serve] = {}
        super().__init__(self._leap)
        self._clock_resolution = 1e-6  # after weeks of virtual time a float is no finer

    def time(self) -> float:
        return self._leap.now

    async def create_connection(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], host: str, port: int, **_: object
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        serve = self.peers.get((host, port))
        if serve is None:
            raise ConnectionRefusedError(f"{host}:{port}")
        ours = protocol_factory()
        reader = asyncio.StreamReader(loop=self)
        theirs = asyncio.StreamReaderProtocol(reader, serve, loop=self)
        near, far = _End(self), _End(self)
        near.join(ours, far)
        far.join(theirs, near)
        theirs.connection_made(far)
        ours.connection_made(near)
        return near, ours


class _End(asyncio.Transport):
    """One end of a connection that loses nothing and takes no time."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop
        self._closing = False

    def join(self, protocol: asyncio.BaseProtocol, other: _End) -> None:
        assert isinstance(protocol, asyncio.Protocol)
        self._protocol, self._other = protocol, other

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if not self._closing:
            self._loop.call_soon(self._other.deliver, bytes(data))

    def deliver(self, data: bytes) -> None:
        if not self._closing:
            self._protocol.data_received(data)

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._protocol.connection_lost, None)
            self._loop.call_soon(self._other.hear_end)

    def abort(self) -> None:
        self.close()

    def hear_end(self) -> None:
        if not self._closing:
            self._protocol.eof_received()
            self.close()

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002 — asyncio's signature
        return default


def run_virtually(play: Callable[[], Coroutine[Any, Any, AnyT]]) -> AnyT:
    """What it returns, however long it waits on the loop's clock."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(play())


def lead_to(serve: Serve, host: str, port: int) -> None:
    """From now on connections that this loop makes to that place are served so."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.peers[host, port] = serve
