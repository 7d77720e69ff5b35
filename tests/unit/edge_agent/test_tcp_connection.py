"""Whoever waits for bytes gets them when they come, and never waits for ever."""

from __future__ import annotations

import asyncio

import pytest

from edge_agent.drivers.tcp_connection import PeerClosed, TcpConnection


class Wire(asyncio.Transport):
    """Notes what was written, and whether it was cut."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.cut = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def abort(self) -> None:
        self.cut = True


def joined() -> tuple[TcpConnection, Wire]:
    connection, wire = TcpConnection(), Wire()
    connection.connection_made(wire)
    return connection, wire


def soon(seconds: float = 1.0) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_bytes_wake_whoever_waits_for_them() -> None:
    connection, wire = joined()
    connection.send(b"question")
    asyncio.get_running_loop().call_later(0.001, connection.data_received, b"answer")
    await connection.more(soon())
    assert (wire.written, bytes(connection.received)) == (b"question", b"answer")


async def test_who_waits_in_vain_is_told() -> None:
    connection, _ = joined()
    with pytest.raises(TimeoutError):
        await connection.more(soon(0.001))
    connection.data_received(b"late")
    assert bytes(connection.received) == b"late"


@pytest.mark.parametrize("how", ["eof_received", "connection_lost"])
async def test_the_end_wakes_whoever_waits_and_refuses_all_that_follows(how: str) -> None:
    connection, _ = joined()
    end = (None,) if how == "connection_lost" else ()
    asyncio.get_running_loop().call_later(0.001, getattr(connection, how), *end)
    await connection.more(soon())
    with pytest.raises(PeerClosed):
        await connection.more(soon())
    with pytest.raises(PeerClosed):
        connection.send(b"question")


async def test_who_is_cancelled_leaves_the_connection_to_the_next() -> None:
    connection, _ = joined()
    waiting = asyncio.create_task(connection.more(soon()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    asyncio.get_running_loop().call_later(0.001, connection.data_received, b"answer")
    await connection.more(soon())


async def test_a_peer_that_babbles_while_nobody_asks_is_cut_off() -> None:
    connection, wire = joined()
    for _ in range(5):
        connection.data_received(bytes(1000))
    assert wire.cut
    assert connection.closed
