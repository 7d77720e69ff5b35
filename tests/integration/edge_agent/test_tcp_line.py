"""A real socket, a scripted gateway behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import Table
from edge_agent.drivers import reopening, tcp_line
from edge_agent.drivers.base import BusDown, NoAnswer, Refused
from edge_agent.drivers.tcp_line import TcpLine
from tests.frames import exception_reply, tcp, word_reply

SOON = timedelta(milliseconds=80)

Script = Callable[["Gateway", int, int, int], Awaitable[bytes | None]]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_line, "FORWARDING", 0.0)
    monkeypatch.setattr(tcp_line, "LATE_ANSWER", -1.0)
    monkeypatch.setattr(reopening, "FIRST_PAUSE", 0.05)


class Gateway:
    """`script` is called with transaction, unit and address, and says what to send; None closes the connection."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._writers: list[asyncio.StreamWriter] = []
        self.connections = 0
        self.transactions: list[int] = []
        self.owed: int | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while request := await reader.read(12):
                self.transactions.append(int.from_bytes(request[:2], "big"))
                reply = await self._script(
                    self, self.transactions[-1], request[6], int.from_bytes(request[8:10], "big")
                )
                if reply is None:
                    break
                writer.write(reply)
        except ConnectionError:
            pass
        writer.close()

    def forget(self) -> None:
        self.owed = None

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def gateway_with(script: Script) -> AsyncIterator[tuple[TcpLine, Gateway]]:
    gateway = Gateway(script)
    server = await asyncio.start_server(gateway.serve, "127.0.0.1", 0)
    line = TcpLine("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield line, gateway
    finally:
        await line.close()
        gateway.hang_up()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.02)


async def read(line: TcpLine, unit: int = 11, at: int = 100) -> tuple[int, ...]:
    request = ReadRequest(table=Table.INPUT, start=at, count=1, points=())
    return await line.read(unit, request, SOON, timedelta())


async def honest(gateway: Gateway, transaction: int, unit: int, at: int) -> bytes | None:
    return tcp(transaction, unit, word_reply(4, at))


async def silent(gateway: Gateway, transaction: int, unit: int, at: int) -> bytes | None:
    return b""


async def test_it_reads_and_numbers_its_transactions() -> None:
    async with gateway_with(honest) as (line, gateway):
        assert [await read(line, at=at) for at in (100, 200, 300)] == [(100,), (200,), (300,)]
        assert gateway.transactions == [1, 2, 3]


async def test_a_late_answer_is_skipped_by_its_transaction() -> None:
    async def late(gateway: Gateway, transaction: int, unit: int, at: int) -> bytes | None:
        if at == 100:
            return b""
        return tcp(transaction - 1, unit, word_reply(4, 100)) + tcp(transaction, unit, word_reply(4, at))

    async with gateway_with(late) as (line, _):
        with pytest.raises(NoAnswer):
            await read(line, at=100)
        assert await read(line, at=200) == (200,)


async def test_an_answer_torn_by_the_time_out_is_left_behind_with_its_connection() -> None:
    async def torn(gateway: Gateway, transaction: int, unit: int, at: int) -> bytes | None:
        whole = tcp(transaction, unit, word_reply(4, at))
        return whole[:-1] if at == 100 else whole

    async with gateway_with(torn) as (line, gateway):
        with pytest.raises(NoAnswer):
            await read(line, at=100)
        assert await read(line, at=200) == (200,)
        assert gateway.connections == 2


@pytest.mark.parametrize(
    "pdu_of",
    [
        lambda transaction: tcp(transaction, 12, word_reply(4, 7)),
        lambda transaction: tcp(transaction, 11, word_reply(3, 7)),
        lambda transaction: tcp(transaction, 11, word_reply(4, 7, 8)),
        lambda transaction: tcp(transaction + 1, 11, word_reply(4, 7)),
        lambda transaction: tcp(transaction, 11, exception_reply(4, 11)),
        lambda _: b"HTTP/1.1 400 Bad Request\r\n",
    ],
    ids=["unit", "function", "length", "transaction", "gateway", "no modbus"],
)
async def test_what_is_no_answer_is_none(pdu_of: Callable[[int], bytes]) -> None:
    async def answer(gateway: Gateway, transaction: int, unit: int, at: int) -> bytes | None:
        return pdu_of(transaction) if at == 100 else tcp(transaction, unit, word_reply(4, at))

    async with gateway_with(answer) as (line, _):
        with pytest.raises(NoAnswer):
            await read(line)
        assert await read(line, at=200) == (200,)


async def test_a_refusal_is_told() -> None:
    async def refuse(gateway: Gateway, transaction: int, unit: int, at: int) -> bytes | None:
        return tcp(transaction, unit, exception_reply(4, 2))

    async with gateway_with(refuse) as (line, _):
        with pytest.raises(Refused):
            await read(line)


async def test_a_connection_closed_while_idle_is_opened_anew_unnoticed() -> None:
    async with gateway_with(honest) as (line, gateway):
        await read(line)
        gateway.hang_up()
        await asyncio.sleep(0.02)
        assert await read(line, at=200) == (200,)
        assert gateway.connections == 2


async def test_a_gateway_that_closes_each_connection_is_a_bus_that_is_down() -> None:
    async def close(gateway: Gateway, transaction: int, unit: int, at: int) -> bytes | None:
        return None

    async with gateway_with(close) as (line, _):
        with pytest.raises(BusDown):
            await read(line)


async def test_a_gateway_that_does_not_answer_is_connected_anew() -> None:
    async with gateway_with(silent) as (line, gateway):
        for _ in range(4):
            with pytest.raises(NoAnswer):
                await read(line)
        assert gateway.connections == 4


async def test_a_gateway_that_is_not_there_takes_the_bus_down_until_it_is() -> None:
    server = await asyncio.start_server(Gateway(honest).serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    line = TcpLine("127.0.0.1", port)
    for _ in range(2):
        with pytest.raises(BusDown):
            await read(line)
    gateway = Gateway(honest)
    server = await asyncio.start_server(gateway.serve, "127.0.0.1", port)
    await asyncio.sleep(0.1)
    assert await read(line) == (100,)
    await line.close()
    gateway.hang_up()
    server.close()
    await server.wait_closed()


async def test_a_unit_that_nobody_could_ask_owes_no_answer() -> None:
    server = await asyncio.start_server(Gateway(honest).serve, "127.0.0.1", 0)
    line = TcpLine("127.0.0.1", server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()
    for _ in range(2):
        with pytest.raises(BusDown):
            await read(line, unit=3)
    await line.close()


async def test_one_conversation_at_a_time() -> None:
    async with gateway_with(honest) as (line, _):
        found = await asyncio.gather(*(read(line, unit, at=100 + unit) for unit in range(1, 9)))
        assert found == [(100 + unit,) for unit in range(1, 9)]


async def test_a_unit_whose_request_closes_the_connection_does_not_cost_its_neighbours_the_line() -> None:
    async def close_for_unit_12(gateway: Gateway, transaction: int, unit: int, at: int) -> bytes | None:
        return None if unit == 12 else tcp(transaction, unit, word_reply(4, at))

    async with gateway_with(close_for_unit_12) as (line, _):
        for _ in range(3):
            assert await read(line, 11) == (100,)
            with pytest.raises(NoAnswer):
                await read(line, 12)


async def test_a_gateway_that_closes_after_each_answer_is_connected_anew_each_time() -> None:
    async def answer_and_close(gateway: Gateway, transaction: int, unit: int, at: int) -> bytes | None:
        asyncio.get_running_loop().call_later(0.005, gateway.hang_up)
        return tcp(transaction, unit, word_reply(4, at))

    async with gateway_with(answer_and_close) as (line, gateway):
        for at in (100, 200, 300):
            assert await read(line, at=at) == (at,)
            await asyncio.sleep(0.02)
        assert gateway.connections == 3


async def test_a_gateway_that_takes_connections_and_answers_nobody_is_a_bus_that_is_down() -> None:
    async with gateway_with(silent) as (line, _):
        for unit in (11, 12):
            with pytest.raises(NoAnswer):
                await read(line, unit)
        with pytest.raises(BusDown):
            await read(line, 13)


async def test_a_bus_that_is_down_stays_down_until_somebody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_line, "LATE_ANSWER", 0.1)
    dead = True

    async def answers(gateway: Gateway, transaction: int, unit: int, at: int) -> bytes | None:
        return b"" if dead else tcp(transaction, unit, word_reply(4, at))

    async with gateway_with(answers) as (line, _):
        for unit in (11, 12):
            with pytest.raises(NoAnswer):
                await read(line, unit)
        for unit in (13, 13, 14, 14):
            with pytest.raises(BusDown, match="answers nobody"):
                await read(line, unit)
        dead = False
        await asyncio.sleep(0.25)
        assert await read(line, 14) == (100,)
        dead = True
        with pytest.raises(NoAnswer):
            await read(line, 11)


async def test_a_few_dead_units_are_no_reason_to_leave_a_gateway_that_answers() -> None:
    async def some(gateway: Gateway, transaction: int, unit: int, at: int) -> bytes | None:
        return b"" if unit > 11 else tcp(transaction, unit, word_reply(4, at))

    async with gateway_with(some) as (line, _):
        for _ in range(2):
            assert await read(line, 11) == (100,)
            for unit in (12, 13, 14):
                with pytest.raises(NoAnswer):
                    await read(line, unit)


async def test_a_unit_that_did_not_answer_is_left_alone_until_it_can_owe_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tcp_line, "LATE_ANSWER", 0.15)

    async def hands_the_last_answer_to_the_next_request(
        gateway: Gateway, transaction: int, unit: int, at: int
    ) -> bytes | None:
        owed, gateway.owed = gateway.owed, at if at == 100 else None
        if at == 100:
            asyncio.get_running_loop().call_later(0.2, gateway.forget)
            return tcp(transaction, unit, exception_reply(4, 11))
        return tcp(transaction, unit, word_reply(4, owed or at))

    async with gateway_with(hands_the_last_answer_to_the_next_request) as (line, gateway):
        for at in (100, 200):
            with pytest.raises(NoAnswer):
                await read(line, at=at)
        await asyncio.sleep(0.3)
        assert await read(line, at=300) == (300,)
        assert len(gateway.transactions) == 2


async def test_what_came_before_the_request_is_not_its_answer() -> None:
    async def answers_the_next_too(gateway: Gateway, transaction: int, unit: int, at: int) -> bytes | None:
        if at == 100:
            return tcp(transaction, unit, word_reply(4, at)) + tcp(transaction + 1, unit, word_reply(4, 666))
        return tcp(transaction, unit, word_reply(4, at))

    async with gateway_with(answers_the_next_too) as (line, gateway):
        assert await read(line, at=100) == (100,)
        await asyncio.sleep(0.02)
        assert await read(line, at=200) == (200,)
        assert gateway.connections == 1


async def test_a_connection_on_which_something_else_than_modbus_came_is_left_before_the_next_request() -> None:
    async def adds_noise(gateway: Gateway, transaction: int, unit: int, at: int) -> bytes | None:
        return tcp(transaction, unit, word_reply(4, at)) + b"HTTP/1.1 400 Bad Request"

    async with gateway_with(adds_noise) as (line, gateway):
        for at in (100, 200):
            assert await read(line, at=at) == (at,)
            await asyncio.sleep(0.02)
        assert gateway.connections == 2
