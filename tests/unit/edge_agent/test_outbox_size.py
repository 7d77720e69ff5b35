"""Seven days of a reference store fit in the file many times over: bytes per entry, beside the bytes of its body."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from random import Random

from edge_agent.contract.codec import encode_body
from edge_agent.contract.readings import Telemetry
from edge_agent.outbox.queue import MAX_BYTES, Outbox
from tests.bench.outbox import bodies

HOURS = 3
READINGS_A_DAY = 150_000


def test_seven_days_offline_fill_less_than_half_of_the_file(tmp_path: Path) -> None:
    told = [body for _, body in bodies(Random(1), 0, HOURS * 3600)]
    readings = sum(len(body.readings) for body in told if isinstance(body, Telemetry))
    assert abs(readings * 24 / HOURS - READINGS_A_DAY) < READINGS_A_DAY / 50
    file = tmp_path / "outbox.sqlite"
    with closing(Outbox(file)) as outbox:
        for begin in range(0, len(told), 5):
            outbox.append(told[begin : begin + 5])
    size = file.stat().st_size
    assert size * 7 * 24 / HOURS < MAX_BYTES / 2
    assert size < 1.35 * sum(len(encode_body(body)) for body in told)
