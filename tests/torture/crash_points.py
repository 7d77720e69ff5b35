"""Crash points: every step between a poll and its acknowledgement, killed there and started again.

A store polls all the while. At each point the process that is just there is killed by SIGKILL and started anew; in the
end all that the store had ever committed is at head office, once, with one ticket.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.contract.topics import EVERY_BATCH
from tests.torture.stage import PASSWORD, DidNotHappen, Program, Reckoning, Stage, open_stage
from tests.torture.toll import Toll
from tests.torture.victim import POLLS_A_TURN, Death

LATEST_CALL = 4
"""The point is reached for the first to fourth time, by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Where to die: in the agent or the collector before or after a method, or in the broker when it has a message."""

    name: str
    program: Program | Literal["broker"]
    method: str = ""
    moment: str = "after"


POINTS = (
    Point(name="sample committed", program="agent", method="edge_agent.outbox.queue:Outbox.append"),
    Point(name="published", program="agent", method="edge_agent.broker_link:PahoLink.publish"),
    Point(name="acknowledgement heard", program="agent", method="edge_agent.outbox.recorder:Recorder.confirm"),
    Point(name="rows deleted, not committed", program="agent", method="edge_agent.outbox.queue:Outbox._forget"),
    Point(name="broker took it", program="broker"),
    Point(name="message taken", program="collector", method="collector.ingest:Ingest._commit", moment="before"),
    Point(name="judged, not committed", program="collector", method="collector.record:Recorder.record"),
    Point(name="database committed", program="collector", method="collector.ingest:Ingest._commit"),
    Point(name="acknowledged", program="collector", method="collector.subscriber:Subscriber.answer"),
    Point(name="settled", program="collector", method="collector.subscriber:Subscriber.settle"),
)
HALF_DRAINED = Point(name="half drained", program="collector", method="collector.ingest:Ingest._commit")
"""Among the messages of a backlog, which came into being while head office was away."""


def crash_points(rounds: int, seed: str) -> Toll:
    """A round is every point once, in a random order, on a chain of its own."""
    reckonings: list[Reckoning] = []
    stuck = 0
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            try:
                reckonings.append(crash_at_each(Path(folder), random.Random(f"{seed}/{number}")))
            except DidNotHappen as trouble:  # such as entries that never arrive
                stuck += 1
                sys.stderr.write(f"round {seed}/{number}: {trouble}\n")
    return Toll(
        promise="killed at every step, nothing lost, nothing twice, one ticket",
        rounds=rounds * (len(POINTS) + 1),
        lost=sum(one.lost for one in reckonings),
        duplicated=sum(one.duplicated for one in reckonings),
        broken=stuck + sum(one.broken for one in reckonings),
        figures=f"{sum(one.committed for one in reckonings)} readings",
    )


def crash_at_each(folder: Path, dice: random.Random, points: Sequence[Point] = (*POINTS, HALF_DRAINED)) -> Reckoning:
    """Kills once at each of the points, and counts in the end."""
    with open_stage(folder) as stage:
        stage.start("collector")
        stage.until("head office is ready", stage.is_ready)
        stage.start("agent")
        for point in dice.sample(points, len(points)):
            _crash(stage, point, dice.randint(1, LATEST_CALL))
        stage.until("head office is ready", stage.is_ready)
        return stage.finish()


def _crash(stage: Stage, point: Point, call: int) -> None:
    """The one that runs is killed at no point in particular; the next dies where it is told, and the third goes on."""
    if point.program == "broker":
        _kill_broker_with_a_message(stage)
        return
    stage.kill(point.program)
    if point is HALF_DRAINED:
        stage.await_more(4 * POLLS_A_TURN)
    stage.start(point.program, Death(method=point.method, moment=point.moment, call=call))
    stage.await_death(point.program)
    stage.start(point.program)


def _kill_broker_with_a_message(stage: Stage) -> None:
    """When it gives a message on, it has taken it from the store; who has it besides, chance decides."""
    seen = threading.Event()
    spy = Client(CallbackAPIVersion.VERSION2, client_id="spy")
    spy.username_pw_set("bench", PASSWORD)
    spy.on_connect = lambda client, *_: client.subscribe(EVERY_BATCH)
    spy.on_message = lambda *_: seen.set()
    spy.connect("127.0.0.1", stage.broker.port)
    spy.loop_start()
    try:
        stage.until("the broker has a message", seen.is_set)
        stage.restart_broker()
    finally:
        spy.disconnect()
        spy.loop_stop()
