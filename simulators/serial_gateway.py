"""A serial server or DTU: the bytes of an RTU line through a TCP socket, frames and all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from simulators.controllers import Controllers, Manner, Unit
from simulators.line_timing import LineTiming
from simulators.rtu_talk import RtuTalk

_LONGEST_FRAME = 256


class SerialGateway:
    """Serves `units` by unit id; every master that is connected hears all that is said on the line."""

    def __init__(
        self,
        units: Mapping[int, Unit],
        *,
        timing: LineTiming | None = None,
        manners: Mapping[int, Manner] | None = None,
        seed: int = 0,
    ) -> None:
        self.controllers = Controllers(units, manners, seed)
        self._timing = timing
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._talk: RtuTalk | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """The port that it listens on. Raises OSError where the port is taken."""
        self._talk = RtuTalk(self.controllers, self._say, self._hang_up, self._timing)
        self._server = await asyncio.start_server(self.serve, host, port)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._hang_up()
        while self._writers:
            await asyncio.sleep(0)
        if self._server is not None:
            await self._server.wait_closed()
        if self._talk is not None:
            await self._talk.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection until it ends; without `start` it serves connections that somebody else accepts."""
        if self._talk is None:
            self._talk = RtuTalk(self.controllers, self._say, self._hang_up, self._timing)
        self._writers.add(writer)
        try:
            while received := await reader.read(_LONGEST_FRAME):
                self._talk.hear(received)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the master hung up, or the server is switched off
        finally:
            writer.close()
            self._writers.discard(writer)

    def _say(self, data: bytes) -> None:
        for writer in self._writers:
            writer.write(data)

    def _hang_up(self) -> None:
        for writer in self._writers:
            writer.close()
