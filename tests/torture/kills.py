"""kill -9 of head office and of the broker at random moments, while a store goes on polling."""

from __future__ import annotations

import random
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from tests.torture.stage import Reckoning, Stage, open_stage
from tests.torture.toll import Toll

SHORTEST_S, LONGEST_S = 0.2, 4.0
"""How long all goes well between two kills: a collector takes about two seconds to start."""

_WAIT = threading.Event()


def kill_office(rounds: int, seed: str) -> Toll:
    """The collector, which is the database too."""
    return _toll("head office is killed at any moment", rounds, seed, _restart_collector)


def kill_broker(rounds: int, seed: str) -> Toll:
    return _toll("the broker is killed at any moment", rounds, seed, Stage.restart_broker)


def kill_agent(rounds: int, seed: str) -> Toll:
    """What it had not committed is polled anew; what it had is told once."""
    return _toll("the agent is killed at any moment", rounds, seed, _restart_agent)


def kill_at_random(folder: Path, rounds: int, dice: random.Random, kill: Callable[[Stage], None]) -> Reckoning:
    """All kills on one chain; what it was worth is counted in the end."""
    with open_stage(folder) as stage:
        stage.start("collector")
        stage.until("head office is ready", stage.is_ready)
        stage.start("agent")
        stage.await_more(1)
        for _ in range(rounds):
            _WAIT.wait(dice.uniform(SHORTEST_S, LONGEST_S))
            kill(stage)
        stage.until("head office is ready", stage.is_ready)
        return stage.finish()


def _restart_agent(stage: Stage) -> None:
    stage.kill("agent")
    stage.start("agent")


def _restart_collector(stage: Stage) -> None:
    stage.kill("collector")
    stage.start("collector")


def _toll(promise: str, rounds: int, seed: str, kill: Callable[[Stage], None]) -> Toll:
    with tempfile.TemporaryDirectory() as folder:
        reckoning = kill_at_random(Path(folder), rounds, random.Random(seed), kill)
    return Toll(
        promise=f"{promise}: nothing lost, nothing twice, one ticket",
        rounds=rounds,
        lost=reckoning.lost,
        duplicated=reckoning.duplicated,
        broken=int(reckoning.broken),
        figures=f"{reckoning.committed} readings",
    )
