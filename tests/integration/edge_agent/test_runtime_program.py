"""`edge-agent run` as systemd starts it, with neither equipment nor broker in reach."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from edge_agent.contract.readings import AgentStatus, Quality, Telemetry
from edge_agent.outbox.queue import Outbox
from simulators.broker import free_port
from tests.unit.edge_agent.bodies import entries_of

ROOT = Path(__file__).parents[3]
SITE = """\
store: demo-001
name: {{zh: 示范门店, en: Demo store}}
timezone: Asia/Shanghai
state: ./state
broker: {{url: "mqtt://127.0.0.1:{port}"}}
buses:
  gateway-b: {{type: tcp, host: 127.0.0.1, port: {port}}}
devices:
  - {{id: room-1, profile: xy_md02, bus: gateway-b, unit: 1, duty: store_climate, name: {{zh: 店内, en: Room}}}}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    file = tmp_path / "site.yaml"
    file.write_text(SITE.format(port=free_port()), encoding="utf-8")
    return file


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as bound:
        bound.bind(str(tmp_path / "notify"))
        bound.settimeout(20)
        yield bound


@contextmanager
def program(site: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "edge_agent", "run", str(site)]
    surroundings = os.environ | environment
    with subprocess.Popen(command, cwd=ROOT, env=surroundings, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line_with(words: str, process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return next(line for line in process.stderr if words in line)


def test_it_tells_systemd_that_it_is_ready_alive_and_stopping(site: Path, manager: socket.socket) -> None:
    with program(site, NOTIFY_SOCKET=str(manager.getsockname()), WATCHDOG_USEC="300000") as process:
        words = [manager.recv(200).decode() for _ in range(4)]
        assert "READY=1" in words
        assert words.count("WATCHDOG=1") >= 2
        line_with("ready store=demo-001 devices=1 buses=1", process)
        process.send_signal(signal.SIGTERM)
        while manager.recv(200) != b"STOPPING=1":
            pass
        assert process.wait(5) == 0


@pytest.mark.parametrize("word", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_within_five_seconds(site: Path, word: signal.Signals) -> None:
    with program(site) as process:
        line_with("ready store=", process)
        process.send_signal(word)
        assert process.wait(5) == 0


def test_it_keeps_for_head_office_that_nothing_answers(site: Path) -> None:
    with program(site) as process:
        line_with("ready store=", process)
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    with closing(Outbox(site.parent / "state" / "outbox.sqlite")) as outbox:
        first, *others = [entry.body for entry in entries_of(outbox)]
    assert isinstance(first, AgentStatus)
    assert [device.id for device in first.devices] == ["room-1"]
    telemetry = next(body for body in others if isinstance(body, Telemetry))
    assert {reading.quality for reading in telemetry.readings} == {Quality.BUS_DOWN}


def test_two_agents_do_not_share_a_store(site: Path) -> None:
    with program(site) as first:
        line_with("ready store=", first)
        with program(site) as second:
            assert "another agent uses" in line_with("cannot start", second)
            assert second.wait(5) == 1


def test_a_restart_goes_on_with_the_same_numbers(site: Path) -> None:
    for _ in range(2):
        with program(site) as process:
            line_with("ready store=", process)
            process.kill()
    with closing(Outbox(site.parent / "state" / "outbox.sqlite")) as outbox:
        entries = entries_of(outbox)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert len({entry.body.boot for entry in entries if isinstance(entry.body, AgentStatus)}) == 2
