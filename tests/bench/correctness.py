"""A million transactions under every fault of the line: readings with a value that the device did not hold."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random

from edge_agent.core.profile import SerialFormat
from edge_agent.drivers.open_line import open_line
from edge_agent.drivers.rtu_line import RtuLine
from edge_agent.settings import RtuBus, RtuTcpBus, TcpBus
from simulators.controllers import Controllers
from simulators.line_timing import LineTiming
from simulators.modbus_server import Gateway
from simulators.serial_gateway import SerialGateway
from simulators.serial_server import SerialLine
from tests.bench.row import Row
from tests.conversations import (
    SERIAL,
    SOCKET,
    TCP,
    Conversation,
    Outcome,
    VirtualPort,
    manners_of,
    truths_of,
)
from tests.truth import Truth
from tests.virtual_time import lead_to, run_virtually

TRANSACTIONS, PTY_TRANSACTIONS, SEED = 1_000_000, 20_000, 20260701
RUN = 20_000
"""Transactions of one line; the next run has another line, so that none is judged by one speed alone."""

UNITS, PTY_UNITS, PTY_LINES = 24, 200, 4
PTY_PATIENCE = timedelta(milliseconds=40)
_LINES = tuple(LineTiming(baud=baud, grain=grain) for baud in (9600, 19200, 115200) for grain in (1, 8, 16))


def in_virtual_time(transactions: int, seed: int = SEED) -> Outcome:
    """Serial lines and gateways in turn, of as many seconds as they take."""
    total, number = Outcome(), 0
    while total.asked < transactions and not total.wrong:
        most = min(RUN, transactions - total.asked)
        total.add(KINDS[number % len(KINDS)](most, seed + number))
        number += 1
    return total


def on_rtu(transactions: int, seed: int) -> Outcome:
    timing = _LINES[seed // len(KINDS) % len(_LINES)]

    async def play() -> Outcome:
        truths = truths_of(UNITS, asyncio.get_running_loop().time)
        port = VirtualPort(Controllers(truths, manners_of(UNITS, SERIAL), seed), timing)
        line = RtuLine(partial(_ready, port), timing.baud)
        try:
            talk = Conversation(line=line, truths=truths, where=f"rtu seed={seed}", crc=True)
            return await talk.hold(transactions, Random(seed))
        finally:
            await line.close()
            await port.unplug()

    return run_virtually(play)


async def _ready(port: VirtualPort) -> VirtualPort:
    return port


def on_tcp(transactions: int, seed: int) -> Outcome:
    async def play() -> Outcome:
        truths = truths_of(UNITS, asyncio.get_running_loop().time)
        gateway = Gateway(truths, manners=manners_of(UNITS, TCP), seed=seed)
        bus = TcpBus(id="gateway", host="gateway", port=502)
        return await _converse_over(gateway, bus, truths, transactions, seed)

    return run_virtually(play)


def on_rtu_tcp(transactions: int, seed: int) -> Outcome:
    timing = _LINES[seed // len(KINDS) % len(_LINES)]

    async def play() -> Outcome:
        truths = truths_of(UNITS, asyncio.get_running_loop().time)
        server = SerialGateway(truths, timing=timing, manners=manners_of(UNITS, SOCKET), seed=seed)
        serial = SerialFormat(baud=timing.baud, parity="N", stop_bits=1)
        bus = RtuTcpBus(id="dtu", host="dtu", port=4001, serial=serial)
        return await _converse_over(server, bus, truths, transactions, seed)

    return run_virtually(play)


async def _converse_over(
    server: Gateway | SerialGateway, bus: TcpBus | RtuTcpBus, truths: dict[int, Truth], transactions: int, seed: int
) -> Outcome:
    lead_to(server.serve, bus.host, bus.port)
    line = open_line(bus)
    try:
        crc = isinstance(bus, RtuTcpBus)
        talk = Conversation(line=line, truths=truths, where=f"{bus.id} seed={seed}", crc=crc)
        return await talk.hold(transactions, Random(seed))
    finally:
        await line.close()
        await server.close()
        await asyncio.sleep(0.1)


KINDS: tuple[Callable[[int, int], Outcome], ...] = (on_rtu, on_tcp, on_rtu_tcp)


def on_pty(transactions: int, seed: int = SEED) -> Outcome:
    """In real time, over pseudo-terminals and the serial library; several lines at once, as they mostly wait."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_converse_on(Path(folder), transactions, seed))


async def _converse_on(folder: Path, transactions: int, seed: int) -> Outcome:
    each = -(-transactions // PTY_LINES)
    lines = (_converse_on_one(folder / f"line-{number}", each, seed + number) for number in range(PTY_LINES))
    total = Outcome()
    for outcome in await asyncio.gather(*lines):
        total.add(outcome)
    return total


async def _converse_on_one(path: Path, transactions: int, seed: int) -> Outcome:
    serial = SerialFormat(baud=115200, parity="N", stop_bits=1)
    truths = truths_of(PTY_UNITS, asyncio.get_running_loop().time)
    bench = SerialLine(truths, path, manners=manners_of(PTY_UNITS, SERIAL, PTY_PATIENCE), seed=seed)
    await bench.start()
    line = open_line(RtuBus(id="pty", port=str(path), serial=serial))
    try:
        talk = Conversation(line=line, truths=truths, where=f"pty seed={seed}", crc=True, patience=PTY_PATIENCE)
        return await talk.hold(transactions, Random(seed))
    finally:
        await line.close()
        await bench.close()


def row(name: str, transactions: int, outcome: Outcome) -> Row:
    judged = outcome.asked >= transactions and outcome.readings >= transactions
    return Row(
        name=name,
        value=float(len(outcome.wrong)),
        spread=0.0,
        unit=" ",
        bar=0.0,
        peer="what the devices held",
        ok=judged and not outcome.wrong,
        detail="; ".join([_counts(outcome), *outcome.wrong[:3]]),
    )


def _counts(outcome: Outcome) -> str:
    return (
        f"{outcome.readings:,} readings, {outcome.no_answers:,} reads without an answer, {outcome.refusals:,} refused"
    )


def virtual() -> Row:
    return row(f"wrong values in {TRANSACTIONS:,} transactions", TRANSACTIONS, in_virtual_time(TRANSACTIONS))


def pty() -> Row:
    return row(f"wrong values in {PTY_TRANSACTIONS:,} on a pty", PTY_TRANSACTIONS, on_pty(PTY_TRANSACTIONS))


BENCHES: tuple[Callable[[], Row], ...] = (virtual, pty)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.correctness", description=__doc__)
    parser.add_argument("--transactions", type=int, default=TRANSACTIONS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--on", choices=("virtual", "rtu", "tcp", "rtu_tcp", "pty"), default="virtual")
    arguments = parser.parse_args(argv)
    plays = {"virtual": in_virtual_time, "rtu": on_rtu, "tcp": on_tcp, "rtu_tcp": on_rtu_tcp, "pty": on_pty}
    play = plays[arguments.on]
    began = time.perf_counter()
    outcome = play(arguments.transactions, arguments.seed)
    print(
        f"transactions={outcome.asked} readings={outcome.readings} wrong={len(outcome.wrong)} "
        f"by_chance={outcome.by_chance} no_answers={outcome.no_answers} refusals={outcome.refusals} "
        f"bus_downs={outcome.bus_downs} "
        f"seconds={time.perf_counter() - began:.1f}"
    )
    for one in outcome.wrong[:10]:
        print(f"WRONG {one}")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
