"""The floor: pymodbus, paho and uvloop with nothing around them; one read and one message for each poll, nothing kept.

`python -m tests.bench.bare_loop BROKER_PORT USERNAME`, with BENCH_PASSWORD and BENCH_PORTS in the environment.
"""

from __future__ import annotations

import asyncio
import os
import sys

import msgspec
import paho.mqtt.client as mqtt
import uvloop
from paho.mqtt.enums import CallbackAPIVersion
from pymodbus.client import AsyncModbusTcpClient

from tests.bench.load import REGISTERS


async def _poll(number: int, port: int, of: int, broker: mqtt.Client) -> None:
    loop = asyncio.get_running_loop()
    client = AsyncModbusTcpClient("127.0.0.1", port=port, retries=0)
    await client.connect()
    due = loop.time() + number / of
    while True:
        await asyncio.sleep(max(0.0, due - loop.time()))
        answer = await client.read_holding_registers(0, count=REGISTERS, device_id=1)
        broker.publish(f"peer/d{number}", msgspec.json.encode(answer.registers), qos=1)
        due += 1.0


async def _poll_all(ports: list[int], broker: mqtt.Client) -> None:
    await asyncio.gather(*(_poll(number, port, len(ports), broker) for number, port in enumerate(ports)))


def main() -> None:
    broker = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bare")
    broker.username_pw_set(sys.argv[2], os.environ["BENCH_PASSWORD"])
    broker.connect("127.0.0.1", int(sys.argv[1]))
    broker.loop_start()
    uvloop.run(_poll_all([int(port) for port in os.environ["BENCH_PORTS"].split(",")], broker))


if __name__ == "__main__":
    main()
