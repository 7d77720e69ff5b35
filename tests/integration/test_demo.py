"""The main job with the shipped programs as processes: it shows the ticket, survives kills, and cleans up."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psutil
import pytest

from edge_agent.contract.text import Text
from simulators.broker import free_port
from simulators.demo import Demo
from simulators.once import play_once
from simulators.story import DEFAULT, Expectation, story

TICKET = Expectation(device="freezer-1", fault="refrigeration.coil_not_cold")
FASTER = 100.0
READY_WITHIN = 60.0
GONE_WITHIN = 15.0

pytestmark = pytest.mark.timeout(180)


def simulate(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "simulators", *arguments, "--port", str(free_port())]


def test_the_default_story_comes_to_its_ticket_and_loses_nothing() -> None:
    command = simulate("demo", "--once", "--json", "--factor", str(FASTER))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert found["tickets"] == found["expected"] == [{"device": TICKET.device, "fault": TICKET.fault}]
    assert found["readings_sent"] == found["readings_stored"] > 1000
    assert found["lost"] == found["duplicates"] == 0
    assert found["seconds_to_ticket"] < 90


async def test_killing_each_program_in_turn_loses_and_doubles_nothing(tmp_path: Path) -> None:
    demo = Demo(tmp_path / "demo", story(DEFAULT, factor=FASTER), _tell_nobody, web_port=free_port())
    async with demo:
        killing = asyncio.create_task(_kill_each_in_turn(demo))
        outcome = await play_once(demo)
        await killing
    assert outcome.tickets == (TICKET,)
    assert (outcome.counts.lost, outcome.counts.duplicates) == (0, 0)
    assert outcome.counts.stored > 500


async def _kill_each_in_turn(demo: Demo) -> None:
    for child in (demo.agent, demo.broker, demo.collector):
        await asyncio.sleep(4)
        child.kill()
        child.start()


def _tell_nobody(at: datetime, text: Text) -> None:
    pass


@contextmanager
def running_demo(folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """A demo that has said it is ready, and the programs that it started."""
    command = [*simulate("demo"), "--folder", str(folder)]
    demo = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "LANG": "en_GB.UTF-8"}
    )
    children: list[psutil.Process] = []
    with demo:
        try:
            _wait_until_ready(demo)
            children = psutil.Process(demo.pid).children(recursive=True)
            yield demo, children
        finally:
            demo.kill()
            demo.communicate()


def _wait_until_ready(demo: subprocess.Popen[str]) -> None:
    assert demo.stdout
    for line in demo.stdout:
        if line.startswith("ready"):
            return
    pytest.fail(f"the demo ended before it was ready: {demo.communicate()[1]}")


def _names(children: list[psutil.Process]) -> set[str]:
    lines = [" ".join(child.cmdline()) for child in children]
    return {name for name in ("nats-server", "edge_agent run", "collector run") if any(name in line for line in lines)}


def _gone(children: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(children, timeout=GONE_WITHIN)
    return not alive


def test_ctrl_c_ends_it_cleanly_and_leaves_no_process(tmp_path: Path) -> None:
    with running_demo(tmp_path / "demo") as (demo, children):
        assert _names(children) == {"nats-server", "edge_agent run", "collector run"}
        demo.send_signal(signal.SIGINT)
        assert demo.wait(GONE_WITHIN) == 0
        assert _gone(children)


def test_a_demo_that_is_killed_takes_its_programs_with_it(tmp_path: Path) -> None:
    with running_demo(tmp_path / "demo") as (demo, children):
        demo.kill()
        assert len(children) >= 3
        assert _gone(children)


def test_a_program_that_ends_by_itself_ends_the_demo_with_its_last_words(tmp_path: Path) -> None:
    with running_demo(tmp_path / "demo") as (demo, children):
        agent = next(child for child in children if "edge_agent" in " ".join(child.cmdline()))
        agent.kill()
        assert demo.wait(GONE_WITHIN) == 1
        assert _gone(children)
        assert demo.stderr
        assert "edge-agent ended by itself" in demo.stderr.read()
