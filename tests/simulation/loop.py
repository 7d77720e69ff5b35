"""The virtual loop of the simulation: threads of the shipped code run inline, so that a seed decides everything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tests.virtual_time import VirtualLoop

AnyT = TypeVar("AnyT")

DISK_TAKES_S = 0.004
PASS_TAKES_S = 1e-7


class SimulationLoop(VirtualLoop):
    def __init__(self) -> None:
        super().__init__(PASS_TAKES_S)

    def run_in_executor(  # type: ignore[override]
        self,
        executor: object,  # noqa: ARG002 — asyncio's signature
        func: Callable[..., AnyT],
        *args: Any,
    ) -> asyncio.Future[AnyT]:
        """What a thread would do happens at once; that it is done is known a disk's moment later."""
        done: asyncio.Future[AnyT] = self.create_future()
        try:
            result = func(*args)
        except Exception as error:  # noqa: BLE001 — whatever it is goes to whoever waits
            self.call_later(DISK_TAKES_S, _fail, done, error)
        else:
            self.call_later(DISK_TAKES_S, _succeed, done, result)
        return done


def run(play: Callable[[], Coroutine[Any, Any, AnyT]]) -> AnyT:
    with asyncio.Runner(loop_factory=SimulationLoop) as runner:
        return runner.run(play())


def _succeed(done: asyncio.Future[AnyT], result: AnyT) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: asyncio.Future[Any], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
