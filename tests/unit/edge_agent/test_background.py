"""What an agent's parts do when they are told to end."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from edge_agent.app import _background


async def test_a_part_that_loses_a_cancellation_is_told_again() -> None:
    begun = asyncio.Event()

    async def deaf_once() -> None:
        begun.set()
        with suppress(asyncio.CancelledError):  # as asyncio.wait_for does where both come at once
            await asyncio.sleep(3600)
        await asyncio.sleep(3600)

    async with _background(deaf_once()) as task:
        await begun.wait()
    assert task.cancelled()
