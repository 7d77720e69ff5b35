"""kill -9 in the middle of a commit leaves whole commits only, and every one that was said to be stored."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

from edge_agent.outbox.queue import Outbox
from tests.unit.edge_agent.bodies import entries_of, polled

ROOT = Path(__file__).parents[3]
KILLS = 8


def write_until_killed(file: Path, acknowledged: int) -> int:
    """Kills the writer after it said `acknowledged` times that a commit is stored. Returns the last number it said."""
    command = [sys.executable, "-m", "tests.integration.edge_agent.outbox_writer", str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        said = [int(writer.stdout.readline()) for _ in range(acknowledged)]
        writer.kill()
        said += [int(line) for line in writer.stdout if line.endswith("\n")]
    return said[-1]


def test_killing_the_writer_loses_nothing_it_said_was_stored(tmp_path: Path) -> None:
    file = tmp_path / "outbox.sqlite"
    streams = set()
    for kill in range(KILLS):
        said = write_until_killed(file, acknowledged=5 + 7 * kill)
        with closing(Outbox(file)) as outbox:
            streams.add(outbox.stream)
            entries = entries_of(outbox)
            assert outbox.counters().readings_total == 2 * len(entries)
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert len(entries) % 3 == 0
        assert said <= len(entries) <= said + 3
        assert [entry.body for entry in entries] == [polled(number) for number in range(len(entries))]
    assert len(streams) == 1
