"""The collector as a program, with its readings on a real server that takes InfluxDB's writes."""

from __future__ import annotations

import json
import signal
from typing import Any

from simulators.broker import Broker
from tests.integration.collector.bench import STORE, status, warm_freezer
from tests.integration.collector.telemetry.victoria import Victoria
from tests.integration.collector.test_program import Program, ShopLine, broker, program, until

__all__ = ["broker", "program"]

ASKED = f"/api/v1/stores/{STORE}/devices/freezer-1/readings?points=temp.control&limit=100&since=2026-07-01T00:00:00Z"


def test_readings_reach_the_server_and_come_back_from_it(program: Program, broker: Broker, server: Victoria) -> None:
    with program.settings.open("a") as settings:
        settings.write(f"telemetry: {{kind: influx, url: '{server.url}', bucket: readings, asks: metrics}}\n")
    program.start()
    line = ShopLine(broker, STORE)
    line.send((1, status()), *warm_freezer())
    until(lambda: any(ack.upto >= 10 for ack in line.acks))
    line.close()
    visitor = program.enter()

    def told() -> list[Any]:
        server.flush()
        with visitor.open(program.address + ASKED, timeout=10) as answer:
            rows: list[Any] = json.load(answer)["points"]["temp.control"]
        return rows if len(rows) == 9 else []

    assert {row[1] for row in until(told)} == {-5.0}
    with visitor.open(f"{program.address}/metrics", timeout=10) as answer:
        assert b"collector_telemetry_waiting 0.0" in answer.read()
    code, took = program.end(signal.SIGTERM)
    assert (code, took < 5) == (0, True)
