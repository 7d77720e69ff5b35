"""VictoriaMetrics and vmalert from Debian on the same readings: stored, and rules of the same kind evaluated on them.

They promise less: what they have taken is on disk some seconds later, and a reading that comes twice is judged twice.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulators.broker import free_port
from simulators.programs import tethered
from tests.bench.latency import cpu_of, most_resident
from tests.bench.sample import telemetry

STORES, DEVICES, ROUNDS = 200, 40, 7
WARM_UP = 2
ROUND_S = 1.6
"""At a hundred thousand readings a second; each round is evaluated once, as each of our polls is judged once."""
ANSWER_WITHIN_S = 30.0

_RULES = r"""groups:
  - name: cases
    interval: 1600ms
    rules:
      - {alert: air_temperature_high, expr: 'case_temp_control > -12', for: 30m}
      - {alert: air_temperature_rising, expr: 'avg_over_time(case_temp_control[40m]) > -14', for: 10m}
      - {alert: silent, expr: 'time() - timestamp(case_temp_control) > 300', for: 5m}
"""


def measure() -> dict[str, float]:
    """CPU seconds of both programs a reading, resident bytes of both together, evaluations. Raises OSError."""
    with tempfile.TemporaryDirectory() as name, _running(Path(name)) as (url, alert_url, pids):
        for number in range(WARM_UP):
            _send(url, number)
        before, evaluated = sum(map(cpu_of, pids)), _counted(alert_url, "vmalert_iteration_total")
        for number in range(WARM_UP, ROUNDS):
            begun = time.perf_counter()
            _send(url, number)
            threading.Event().wait(max(0.0, ROUND_S - (time.perf_counter() - begun)))
        _ask(f"{url}/internal/force_flush")
        readings = (ROUNDS - WARM_UP) * STORES * DEVICES * 20
        stored = _counted(url, "vm_rows_inserted_total")
        if stored < ROUNDS * STORES * DEVICES * 20:
            raise OSError(f"it took {stored:,.0f} readings only")
        return {
            "cpu": (sum(map(cpu_of, pids)) - before) / readings,
            "rss": sum(map(most_resident, pids)),
            "evaluations": _counted(alert_url, "vmalert_iteration_total") - evaluated,
        }


@contextmanager
def _running(folder: Path) -> Iterator[tuple[str, str, list[int]]]:
    (folder / "rules.yaml").write_text(_RULES, encoding="utf-8")
    port, alert_port = free_port(), free_port()
    url, alert_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{alert_port}"
    data = [f"-storageDataPath={folder / 'data'}", f"-httpListenAddr=127.0.0.1:{port}", "-loggerLevel=ERROR"]
    alert = [f"-rule={folder / 'rules.yaml'}", f"-datasource.url={url}", f"-httpListenAddr=127.0.0.1:{alert_port}"]
    with (
        subprocess.Popen([*tethered(), "victoria-metrics", *data]) as metrics,
        subprocess.Popen(
            [
                *tethered(),
                "vmalert",
                *alert,
                "-notifier.url=http://127.0.0.1:1",
                "-loggerLevel=ERROR",
            ]
        ) as alerting,
    ):
        try:
            _await(f"{url}/health")
            _await(f"{alert_url}/health")
            yield url, alert_url, [metrics.pid, alerting.pid]
        finally:
            alerting.terminate()
            metrics.terminate()


def _send(url: str, number: int) -> None:
    """A round of the chain as lines of Influx, a line for each poll: the shortest form that it takes."""
    at = time.time_ns()
    for store in range(STORES):
        lines = "\n".join(
            f"case,store=s{store},device=d{device} {_fields(device, number + store)} {at}" for device in range(DEVICES)
        )
        _ask(f"{url}/write", lines.encode())


def _fields(device: int, step: int) -> str:
    readings = telemetry(device, step).readings
    return ",".join(f"{one.point.replace('.', '_')}={float(one.value or 0.0)}" for one in readings)


def _ask(url: str, body: bytes | None = None) -> str:
    with urllib.request.urlopen(url, body, timeout=ANSWER_WITHIN_S) as answer:
        return str(answer.read().decode())


def _counted(url: str, name: str) -> float:
    lines = _ask(f"{url}/metrics").splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def _await(url: str) -> None:
    until = time.perf_counter() + ANSWER_WITHIN_S
    while True:
        try:
            _ask(url)
        except OSError:
            if time.perf_counter() > until:
                raise
            threading.Event().wait(0.1)
        else:
            return
