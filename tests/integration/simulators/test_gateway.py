"""The Modbus TCP gateway over a real socket."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator

import pytest
from pymodbus.pdu import ModbusPDU

from edge_agent.profiles.load import profile
from simulators.answers import answer
from simulators.modbus_server import Gateway
from simulators.plants.energy_meter import EnergyMeter
from simulators.registers import image_of
from simulators.store import said

GATEWAY_NO_RESPONSE = 0x0B


class Meter:
    silent = False

    def answer(self, request: ModbusPDU) -> ModbusPDU | None:
        image = image_of(profile("eastron_sdm630"), said(EnergyMeter(phases=(1900.0, 1650.0, 1450.0))))
        return None if self.silent else answer(request, image).pdu


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
async def port(meter: Meter) -> AsyncIterator[int]:
    gateway = Gateway({11: meter}, gives_up_after=0.05)
    yield await gateway.start()
    await gateway.close()


async def exchange(port: int, *chunks: bytes, replies: int = 1) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for chunk in chunks:
        writer.write(chunk)
        await asyncio.sleep(0.01)
    got = b""
    for _ in range(replies):
        header = await reader.readexactly(6)
        got += header + await reader.readexactly(int.from_bytes(header[4:]))
    writer.close()
    await writer.wait_closed()
    return got


def read(transaction: int, unit: int, address: int, count: int) -> bytes:
    return struct.pack(">HHHBBHH", transaction, 0, 6, unit, 4, address, count)


async def test_it_answers_with_the_transaction_and_unit_of_the_request(port: int) -> None:
    reply = await exchange(port, read(7, 11, 52, 2))
    assert reply == struct.pack(">HHHBBBf", 7, 0, 7, 11, 4, 4, 5000.0)


async def test_a_request_may_arrive_in_pieces(port: int) -> None:
    request = read(7, 11, 52, 2)
    assert await exchange(port, request[:3], request[3:9], request[9:]) == await exchange(port, request)


async def test_requests_may_arrive_together(port: int) -> None:
    replies = await exchange(port, read(1, 11, 52, 2) + read(2, 11, 52, 2), replies=2)
    assert (replies[1], replies[14]) == (1, 2)


async def test_an_unknown_unit_is_answered_for_by_the_gateway(port: int) -> None:
    assert (await exchange(port, read(7, 99, 52, 2)))[6:] == bytes([99, 0x84, GATEWAY_NO_RESPONSE])


async def test_so_is_one_that_has_fallen_silent(port: int, meter: Meter) -> None:
    meter.silent = True
    assert (await exchange(port, read(7, 11, 52, 2)))[6:] == bytes([11, 0x84, GATEWAY_NO_RESPONSE])


async def test_what_is_no_modbus_ends_the_connection(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n" + b"x" * 300)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await writer.wait_closed()


async def test_it_closes_with_a_master_still_connected(meter: Meter) -> None:
    gateway = Gateway({11: meter})
    reader, writer = await asyncio.open_connection("127.0.0.1", await gateway.start())
    await asyncio.sleep(0.01)
    await asyncio.wait_for(gateway.close(), 5)
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_one_that_was_never_started_closes_too(meter: Meter) -> None:
    await Gateway({11: meter}).close()
