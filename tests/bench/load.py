"""One program under load: what it takes of a core and of memory while it polls the farm, and whether it is on time."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from simulators.broker import Broker, free_port
from simulators.programs import tail, tethered
from tests.bench.farm import Farm
from tests.bench.office import Office

REGISTERS = 20
WARM_UP_S = 10.0
SLICE_S, SLICES = 10.0, 3
STOPS_WITHIN_S = 10.0
USERNAME = "bench"
ROOT = Path(__file__).parents[2]


class PeerFailed(RuntimeError):
    """The program is not there, did not stay, or publishes nothing; the message says what to do or what it said."""


class PeerMissing(PeerFailed):
    """The program is not installed: run `make bench-peers`, which installs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where a program finds its devices and its broker; `folder` is its own. One device at each port, unit 1."""

    folder: Path
    ports: Sequence[int]
    broker_port: int
    password: str
    username: str = USERNAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


Contender = Callable[[Scene], Command]
"""Writes the program's configuration into the scene's folder, and says how to start it. Raises PeerMissing."""


StartBroker = Callable[[Path, int, str], AbstractContextManager[object]]
"""Runs a broker in a folder on a port with a password while the context lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """`cpu` is the share of one core in each slice; `rss` and `pss` are bytes of the whole process tree.

    `on_time` is the share of the periods of each device's even rhythm that had their poll, and `worst_late` how far (s)
    a poll was from its instant. `others` is what all else took of the machine's cores.
    """

    cpu: tuple[float, ...]
    rss: int
    pss: int
    on_time: float
    worst_late: float
    late_p99: float
    requests: float
    messages: float
    entries: float
    others: float

    @property
    def share(self) -> float:
        return statistics.median(self.cpu)

    def told(self) -> str:
        return (
            f"{self.share:.1%} of a core, {self.rss / 2**20:.0f} MiB, polls on time {self.on_time:.2%} "
            f"(p99 {self.late_p99 * 1000:.0f} ms, worst {self.worst_late * 1000:.0f} ms late), "
            f"{self.messages:.0f} messages/s, other load {self.others:.2f} cores"
        )


def nats(folder: Path, port: int, password: str) -> AbstractContextManager[object]:
    return Broker.start(folder, port, USERNAME, password, under=tethered())


def measure(contender: Contender, devices: int, period: float = 1.0, broker: StartBroker = nats) -> Usage:
    """Starts broker, farm and head office, each a process of its own, then the contender. Raises PeerFailed."""
    with tempfile.TemporaryDirectory() as name:
        folder, password, port = Path(name), os.urandom(12).hex(), free_port()
        with (
            broker(folder / "broker", port, password),
            Farm(devices) as farm,
            Office(port, USERNAME, password) as office,
        ):
            (folder / "own").mkdir()
            scene = Scene(folder=folder / "own", ports=farm.ports, broker_port=port, password=password)
            return _watch(contender(scene), scene, farm, office, period)


def _watch(command: Command, scene: Scene, farm: Farm, office: Office, period: float) -> Usage:
    log = scene.folder / "program.log"
    environment = {**os.environ, **command.environment}
    with log.open("wb") as output:
        program = subprocess.Popen(
            [*tethered(), *command.arguments],
            cwd=scene.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        _pause(WARM_UP_S)
        if program.poll() is not None:
            raise PeerFailed(f"{command.arguments[0]} ended with status {program.returncode}:\n{tail(log)}")
        usage = _usage(psutil.Process(program.pid), len(scene.ports), farm, office, period)
        if not usage.messages:
            raise PeerFailed(f"{command.arguments[0]} published nothing:\n{tail(log)}")
        return usage
    finally:
        program.terminate()
        try:
            program.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


def _usage(program: psutil.Process, devices: int, farm: Farm, office: Office, period: float) -> Usage:
    farm.begin()
    office.begin()
    machine, begun, before = _busy(), time.perf_counter(), _seconds(program)
    cpu, at = [], begun
    first = before
    for number in range(SLICES):
        _pause(begun + SLICE_S * (number + 1) - time.perf_counter())
        now, used = time.perf_counter(), _seconds(program)
        cpu.append((used - before) / (now - at))
        before, at = used, now
    asked, counts, lasted = farm.take(), office.take(), at - begun
    rhythms = [_rhythm(times, period) for times in asked.values()]
    late = sorted(lateness for *_, lateness_of in rhythms for lateness in lateness_of)
    memory = [one.memory_full_info() for one in _tree(program)]
    return Usage(
        cpu=tuple(cpu),
        rss=sum(one.rss for one in memory),
        pss=sum(one.pss for one in memory),
        on_time=sum(asked_in for asked_in, _, _ in rhythms)
        / max(devices * (lasted / period - 1), sum(due for _, due, _ in rhythms)),
        worst_late=late[-1] if late else float("inf"),
        late_p99=late[int(len(late) * 0.99)] if late else float("inf"),
        requests=sum(map(len, asked.values())) / lasted,
        messages=counts["messages"] / lasted,
        entries=counts["entries"] / lasted,
        others=(_busy() - machine - (before - first)) / lasted,
    )


def _rhythm(times: Sequence[float], period: float) -> tuple[int, int, list[float]]:
    """How many periods of the even rhythm had a poll, of how many, and how far (s) each was from its instant.

    A peer may ask for each register by itself: a poll is its first request.
    """
    starts: list[float] = []
    for at in times:
        if not starts or at - starts[-1] > period / 2:
            starts.append(at)
    strays = [(at - starts[0] + period / 2) % period - period / 2 for at in starts]
    phase = starts[0] + statistics.median(strays)
    periods = {round((at - phase) / period) for at in starts}
    due = max(periods) - min(periods) + 1
    return len(periods), due, [abs(at - phase - period * round((at - phase) / period)) for at in starts]


def _pause(seconds: float) -> None:
    threading.Event().wait(max(0.0, seconds))


def _tree(program: psutil.Process) -> list[psutil.Process]:
    return [program, *program.children(recursive=True)]


def _seconds(program: psutil.Process) -> float:
    times = [one.cpu_times() for one in _tree(program)]
    return sum(one.user + one.system for one in times)


def _busy() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq + times.steal)
