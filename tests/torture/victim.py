"""Runs a shipped program that dies by SIGKILL at a chosen point, as `python -m tests.torture.victim [DEATH] PROGRAM …`.

The program is what ships, but for one function that kills the process before or after its n-th call; and the agent's
buses, whose polls are made up (see `ScriptedPoller`), so that what must arrive is known.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from edge_agent.contract.clock import MILLISECOND
from edge_agent.contract.readings import BusHealth, Reading, Telemetry
from edge_agent.core.agenda import Periods
from edge_agent.outbox.queue import counters_of
from edge_agent.settings import Site, SiteDevice

DEVICE = "freezer-1"
POINT = "temp.control"
POLLS_A_TURN = 25
PAST = timedelta(minutes=50)
APART = timedelta(seconds=10)
ENOUGH = "enough"
"""A file of this name in the store's state folder ends the polls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """Before or after the `call`-th call of a method, such as `collector.ingest:Ingest._commit`."""

    method: str
    moment: str
    call: int = 1

    def __str__(self) -> str:
        return f"{self.method}/{self.moment}/{self.call}"


def death_of(text: str) -> Death:
    method, moment, call = text.split("/")
    return Death(method=method, moment=moment, call=int(call))


def value_of(number: int) -> float:
    """Of the poll with that number: too warm for a freezer, and for a long time said by no other poll."""
    return round(-5.0 - number % 100_000 / 100_000, 5)


class ScriptedPoller:
    """Polls of one freezer, numbered by what the outbox has ever stored: the last fifty minutes, then the present."""

    def __init__(self, site: Site, boot: str) -> None:
        self._state = site.state
        self._boot = boot
        outbox = site.state / "outbox.sqlite"
        self._number = counters_of(outbox).readings_total if outbox.exists() else 0
        self._begin: datetime | None = None

    async def turn(self, at: datetime, mono: float) -> list[Telemetry]:
        if (self._state / ENOUGH).exists():
            return []
        begin = self._begin = self._begin or _first_time(self._state, at)
        numbers = range(self._number, self._number + POLLS_A_TURN)
        self._number += POLLS_A_TURN
        return [self._poll(number, begin, at, mono) for number in numbers]

    def _poll(self, number: int, begin: datetime, at: datetime, mono: float) -> Telemetry:
        when = min(begin + number * APART, at + (number % POLLS_A_TURN - POLLS_A_TURN) * MILLISECOND)
        return Telemetry(
            device=DEVICE,
            at=when,
            boot=self._boot,
            mono=mono - (at - when).total_seconds(),
            clock_trusted=True,
            readings=(Reading(point=POINT, value=value_of(number)),),
        )

    def next_due_in(self, mono: float) -> float:  # noqa: ARG002 — the poller's shape
        return 1.0

    def health(self) -> BusHealth:
        return BusHealth(bus="line-a", up=True, turns=0, requests=0, no_answers=0, refusals=0, cycle_s=0.0)

    def adopt(self, devices: Sequence[SiteDevice], periods: Periods, at_least_every: timedelta) -> None: ...

    async def close(self) -> None: ...


def _first_time(state: Path, at: datetime) -> datetime:
    """The same after every restart."""
    file = state / "began"
    if not file.exists():
        file.write_text((at - PAST).isoformat())
    return datetime.fromisoformat(file.read_text())


def die_at(death: Death) -> None:
    """From now on this process dies there."""
    module, path = death.method.split(":")
    owner, name = functools.reduce(getattr, path.split(".")[:-1], importlib.import_module(module)), path.split(".")[-1]
    method = getattr(owner, name)
    calls = 0

    def is_time() -> bool:
        nonlocal calls
        calls += 1
        return calls >= death.call

    setattr(owner, name, _dying(method, death.moment, is_time))


def _dying(method: Callable[..., Any], moment: str, is_time: Callable[[], bool]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(method):

        async def later(*given: Any, **named: Any) -> Any:
            due = is_time()
            if due and moment == "before":
                _die()
            answer = await method(*given, **named)
            if due:
                _die()
            return answer

        return later

    def now(*given: Any, **named: Any) -> Any:
        due = is_time()
        if due and moment == "before":
            _die()
        answer = method(*given, **named)
        if due:
            _die()
        return answer

    return now


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _agent(arguments: Sequence[str]) -> int:
    from edge_agent import app  # noqa: PLC0415 — only one of the two programs is loaded
    from edge_agent.bus import poller  # noqa: PLC0415
    from edge_agent.settings import load_site  # noqa: PLC0415

    def scripted(site: Site, _bus: object, boot: str, *_rest: object) -> ScriptedPoller:
        return ScriptedPoller(site, boot)

    vars(poller)["poller_of"] = scripted
    site, clock = arguments
    return app.run(load_site(Path(site)), app.system_clock(clock))


def _collector(arguments: Sequence[str]) -> int:
    from collector.__main__ import main as collector  # noqa: PLC0415

    return collector(["run", arguments[0], "--clock", arguments[1]])


def main(arguments: list[str]) -> int:
    if "/" in arguments[0] and ":" in arguments[0]:
        die_at(death_of(arguments.pop(0)))
    program, *rest = arguments
    return {"agent": _agent, "collector": _collector}[program](rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
