"""From a store's word to head office's acknowledgement: the shipped collector behind a broker, a chain that speaks."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from collector.partitions import ALL, Partitions
from edge_agent.contract.codec import decode_ack
from edge_agent.contract.topics import ROOT, parse_topic
from simulators.broker import Broker, free_port
from simulators.programs import tethered
from tests.bench.row import Row
from tests.bench.sample import BEGIN_AT
from tests.bench.traffic import HALVES, Chain, Mail

FULL = 100_000
ROUNDS = 32
"""More than five minutes of the stores' time: what rules look at each two or five minutes falls due in all at once."""
USERNAME = "bench"
BAR_S = 1.0
_COLLECTORS = {1: "one collector", 2: "two collectors"}
GIVE_UP_S = 90.0
RESIDENT = 2**30


@dataclass(slots=True)
class Wait:
    """When each message left, by store and highest number, and how long its acknowledgement took."""

    left: dict[tuple[str, int], float] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)

    def hear(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        now, ack = time.perf_counter(), decode_ack(bytes(message.payload))
        store = parse_topic(message.topic).store
        for key in [key for key in list(self.left) if key[0] == store and key[1] <= ack.upto]:
            self.took.append(now - self.left.pop(key))

    def out(self, patience: float) -> bool:
        until = time.perf_counter() + patience
        while self.left and time.perf_counter() < until:
            _pause(0.01)
        return not self.left


def rows() -> list[Row]:
    return [_measure(0.5, [ALL]), _measure(1.0, HALVES)]


def _measure(share: float, parts: Sequence[Partitions]) -> Row:
    chain = Chain()
    first = [*chain.inventories(), *chain.round()]
    mails = [mail for _ in range(ROUNDS) for mail in chain.round()]
    with tempfile.TemporaryDirectory() as name, _head_office(Path(name), parts) as (port, password, pids):
        wait, client = Wait(), _client(port, password)
        client.on_message = wait.hear
        client.loop_start()
        _send(client, wait, first, FULL / 4)
        settled = wait.out(GIVE_UP_S)
        wait.took.clear()
        cpu, begun = sum(map(cpu_of, pids)), time.perf_counter()
        _send(client, wait, mails, FULL * share)
        sent = time.perf_counter() - begun
        settled = wait.out(GIVE_UP_S) and settled
        cpu, rss = sum(map(cpu_of, pids)) - cpu, sum(map(most_resident, pids))
        client.disconnect()
        client.loop_stop()
    name = f"ingest: published to committed, p99 at {FULL * share:,.0f} readings/s, {_COLLECTORS[len(parts)]}"
    return _row(name, sorted(wait.took), settled, sum(mail.readings for mail in mails), sent, cpu, rss)


def _row(name: str, took: Sequence[float], settled: bool, readings: int, sent: float, cpu: float, rss: int) -> Row:
    p99 = took[int(len(took) * 0.99)]
    detail = (
        f"{readings / sent:,.0f} readings/s sent; median {took[len(took) // 2]:.2f} s, longest {took[-1]:.2f} s; "
        f"collector {1e6 * cpu / readings:.1f} µs of CPU a reading, at most {rss / 2**20:.0f} MiB; "
        f"load {os.getloadavg()[0]:.1f}{'' if settled else '; NOT ALL ACKNOWLEDGED'}"
    )
    ok = settled and p99 <= BAR_S and rss <= RESIDENT
    return Row(name=name, value=p99, spread=0.0, unit="s", bar=BAR_S, peer="acknowledged", ok=ok, detail=detail)


def _send(client: mqtt.Client, wait: Wait, mails: Sequence[Mail], rate: float) -> None:
    """At `rate` readings a second, however long the answers take."""
    due = time.perf_counter()
    for mail in mails:
        _pause(max(0.0, due - time.perf_counter()))
        wait.left[mail.store, mail.last_seq] = time.perf_counter()
        client.publish(mail.topic, mail.payload, qos=1)
        due += mail.readings / rate


def _client(port: int, password: str) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bench-chain")
    client.max_inflight_messages_set(1000)
    client.username_pw_set(USERNAME, password)
    client.connect("127.0.0.1", port)
    client.subscribe(f"{ROOT}/+/+/down/ack", qos=1)
    return client


@contextmanager
def _head_office(folder: Path, parts: Sequence[Partitions]) -> Iterator[tuple[int, str, list[int]]]:
    """Port and password of the broker, and the processes of the collectors, once all have subscribed."""
    password, port = os.urandom(12).hex(), free_port()
    (folder / "password").write_text(password, encoding="utf-8")
    clock = f"{BEGIN_AT.isoformat().replace('+00:00', 'Z')}@{time.time():.0f}x1"  # noqa: TID251 — the drill's clock begins now
    with ExitStack() as stack:
        stack.enter_context(Broker.start(folder / "broker", port, USERNAME, password, under=tethered()))
        programs = [stack.enter_context(_collector(folder, port, part, clock)) for part in parts]
        yield port, password, [program.pid for program in programs]


@contextmanager
def _collector(folder: Path, port: int, part: Partitions, clock: str) -> Iterator[subprocess.Popen[bytes]]:
    settings, log = folder / f"collector-{part}.yaml", folder / f"collector-{part}.log"
    settings.write_text(
        f"database: ./collector.sqlite\npartitions: {part}\n"
        f"broker: {{url: 'mqtt://127.0.0.1:{port}', username: {USERNAME}, password_file: ./password}}\n"
        f"web: {{host: 127.0.0.1, port: {free_port()}}}\n",
        encoding="utf-8",
    )
    command = [*tethered(), sys.executable, "-m", "collector", "run", str(settings), "--clock", clock]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as program:
        try:
            _await_lines(log)
            yield program
        finally:
            program.terminate()


def _await_lines(log: Path) -> None:
    until = time.perf_counter() + GIVE_UP_S
    while log.read_text(encoding="utf-8").count("broker connected") < 2:
        if time.perf_counter() > until:
            raise TimeoutError(log.read_text(encoding="utf-8"))
        _pause(0.1)


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def cpu_of(pid: int) -> float:
    """Seconds of CPU that the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def most_resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
