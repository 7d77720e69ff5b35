"""Who is urgent speaks next; nobody speaks at the same time, whoever is cancelled."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.drivers.turns import Turns


class Talk:
    """Notes who spoke, and whether two ever did at once."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.spoke: list[str] = []
        self._speaking = 0

    async def speak(self, name: str, *, urgent: bool = False) -> None:
        async with self.turns.turn(urgent=urgent):
            self._speaking += 1
            assert self._speaking == 1
            await asyncio.sleep(0)
            self.spoke.append(name)
            self._speaking -= 1


async def test_the_urgent_go_ahead_and_the_others_keep_their_order() -> None:
    talk = Talk()
    await asyncio.gather(
        talk.speak("first"), talk.speak("second"), talk.speak("third"), talk.speak("write", urgent=True)
    )
    assert talk.spoke == ["first", "write", "second", "third"]


async def test_an_error_passes_the_turn_on() -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="broken"):
        async with turns.turn():
            raise ValueError("broken")
    async with turns.turn():
        pass


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=1, max_size=12))
def test_whoever_is_cancelled_the_others_all_speak(speakers: list[tuple[bool, int]]) -> None:
    async def play() -> tuple[list[str], list[str]]:
        talk = Talk()
        tasks = [asyncio.create_task(talk.speak(str(number), urgent=one[0])) for number, one in enumerate(speakers)]
        for task, (_, patience) in zip(tasks, speakers, strict=True):
            if patience < 3:
                for _ in range(patience):
                    await asyncio.sleep(0)
                task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        return talk.spoke, [str(number) for number, end in enumerate(ended) if end is None]

    spoke, not_cancelled = asyncio.run(asyncio.wait_for(play(), 2))
    assert sorted(spoke) == sorted(not_cancelled)
