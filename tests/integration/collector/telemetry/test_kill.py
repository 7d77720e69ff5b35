"""Killed at any moment of taking in and sealing: every committed reading is there once, with its roll-ups."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

from sqlalchemy import text

from collector.telemetry.base import Span
from collector.telemetry.settings import EmbeddedSettings
from collector.telemetry.sqlite import every_reading
from collector.telemetry.steps import DAY
from tests.integration.collector.telemetry.conftest import open_keeper
from tests.integration.collector.telemetry.kept import DEVICE, MORNING, NOW, STORE, TEMP

ROUNDS = 4


def test_a_kill_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    path, dice, first = tmp_path / "c.sqlite", Random(7), 1
    for _ in range(ROUNDS):
        committed = kill_after(path, first, dice.randint(5, 40))
        with closing(open_keeper(path, EmbeddedSettings())) as keeper, keeper.database.reading() as connection:
            there = Counter(one.seq for one in every_reading(connection))
        assert set(there.values()) == {1}
        assert set(range(1, committed + 1)) <= set(there)
        first = max(there) + 1
    with closing(open_keeper(path, EmbeddedSettings())) as keeper:
        keeper.settle()
        for days in (1, 300):
            span = Span(since=MORNING, until=MORNING + days * DAY, most=2_000)
            chart = keeper.telemetry.chart(STORE, DEVICE, [TEMP], span, NOW)
            assert sum(bucket.count for bucket in chart.points[TEMP]) == first - 1
        with keeper.database.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM poll")).scalar_one() == 0


def kill_after(path: Path, first: int, commits: int) -> int:
    """The last number that the program said was committed."""
    command = [sys.executable, "-m", "tests.integration.collector.telemetry.busy", str(path), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        said = [int(program.stdout.readline()) for _ in range(commits)]
        program.kill()
        said += [int(line) for line in program.stdout.read().splitlines() if line]
    return max(said)
