"""The installer's tools behind a gateway and a serial server: real sockets, bench twins."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pymodbus.pdu import ModbusPDU

from edge_agent.__main__ import main
from simulators.answers import answer
from simulators.modbus_server import Gateway
from simulators.serial_gateway import SerialGateway
from tests.frames import tcp, word_reply
from tests.installer_bench import Controller, shipped


class Twin:
    """A controller of the installer's bench as the simulators' lines know one."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    def answer(self, request: ModbusPDU) -> ModbusPDU:
        return answer(request, self._controller.image).pdu


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")


async def tool(*arguments: str) -> int:
    return await asyncio.to_thread(main, list(arguments))


@asynccontextmanager
async def served(line: Gateway | SerialGateway) -> AsyncIterator[str]:
    try:
        yield f"127.0.0.1:{await line.start()}"
    finally:
        await line.close()


async def test_scan_finds_units_behind_a_gateway(capsys: pytest.CaptureFixture[str]) -> None:
    units = {4: Twin(shipped("xy_md02", 4, duty="")), 7: Twin(shipped("eastron_sdm630", 7, duty=""))}
    async with served(Gateway(units, gives_up_after=0.05)) as place:
        assert await tool("scan", place, "--units", "1-10", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["line"] is None
    assert [one["unit"] for one in found["devices"]] == [4, 7]
    assert [one["profiles"][0]["profile"] for one in found["devices"]][1] == "eastron_sdm630"


async def test_scan_finds_units_behind_a_serial_server(capsys: pytest.CaptureFixture[str]) -> None:
    async with served(SerialGateway({4: Twin(shipped("xy_md02", 4, duty=""))})) as place:
        assert await tool("scan", f"rtu:{place}", "--units", "3-5", "--wait", "0.15", "--json") == 0
        assert await tool("probe", f"rtu:{place}", "--unit", "4", "--table", "I", "--from", "1", "--count", "2") == 0
    assert [one["unit"] for one in json.loads(capsys.readouterr().out.splitlines()[0])["devices"]] == [4]


async def test_scan_says_that_a_device_answers_to_every_unit_id(capsys: pytest.CaptureFixture[str]) -> None:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.read(12):
            words = [7] * int.from_bytes(request[10:12], "big")
            writer.write(tcp(int.from_bytes(request[:2], "big"), request[6], word_reply(request[7], *words)))
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    assert await tool("scan", place, "--units", "1-20") == 0
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0.05)
    assert "answers alike to every unit id" in capsys.readouterr().out


async def test_a_gateway_that_is_not_there_is_said_to_be_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert await tool("scan", "127.0.0.1:1", "--units", "1") == 1
    assert await tool("probe", "127.0.0.1:1", "--unit", "1", "--from", "0") == 1
    assert "takes no connection" in capsys.readouterr().err
