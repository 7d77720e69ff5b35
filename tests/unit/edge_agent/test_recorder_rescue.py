"""The recorder lets a ruined outbox take over its rows in the background, and stops for nothing."""

from __future__ import annotations

import asyncio
from contextlib import closing, suppress
from pathlib import Path

import pytest

from edge_agent.outbox.file import PAGE_BYTES
from edge_agent.outbox.queue import HIGHEST, Outbox, StorageRefused
from edge_agent.outbox.recorder import Recorder
from tests.unit.edge_agent.bodies import entries_of, polled


@pytest.fixture
def ruined(tmp_path: Path) -> Outbox:
    """It has just noticed."""
    file = tmp_path / "ruined.sqlite"
    with closing(Outbox(file)) as outbox:
        outbox.append([polled(number) for number in range(6000)])
    with file.open("r+b") as damaged:
        damaged.seek(100 * PAGE_BYTES)
        damaged.write(bytes(PAGE_BYTES))
    outbox = Outbox(file)
    with suppress(StorageRefused):
        outbox.pending(0, 2**40, 2**40)
    return outbox


async def test_a_ruined_file_is_taken_over_between_the_commits(ruined: Outbox) -> None:
    woken = asyncio.Event()
    recorder = Recorder(ruined, wake=woken.set)
    await recorder.record([polled(6000)])
    await recorder.flush()
    with pytest.raises(StorageRefused):
        await recorder.pending(0, HIGHEST, 1, 1)
    woken.clear()
    async with asyncio.timeout(20):
        await woken.wait()
    assert len((await recorder.pending(0, HIGHEST, 2**40, 2**40)).entries) == pytest.approx(6001, abs=12)
    await recorder.close()


async def test_closing_does_not_wait_for_the_rest_of_a_ruined_file(ruined: Outbox, tmp_path: Path) -> None:
    recorder = Recorder(ruined, wake=lambda: None)
    await recorder.record([polled(6000)])
    await recorder.close()
    with closing(Outbox(tmp_path / "ruined.sqlite")) as outbox:
        assert outbox.rescuing
        assert len(entries_of(outbox)) == pytest.approx(6001, abs=12)


async def test_a_disk_that_refuses_the_taking_over_is_asked_again(
    ruined: Outbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("edge_agent.outbox.recorder.RESCUE_AGAIN_S", 0.01)
    whole, refusals = ruined.rescue_on, [StorageRefused("no")] * 3

    def rescue_on() -> None:
        if refusals:
            raise refusals.pop()
        whole()

    monkeypatch.setattr(ruined, "rescue_on", rescue_on)
    recorder = Recorder(ruined, wake=lambda: None)
    await recorder.record([polled(6000)])
    async with asyncio.timeout(20):
        while ruined.rescuing or recorder._rescuing:
            await recorder.health()
            await asyncio.sleep(0.01)
    await recorder.close()
    assert [record.message.split(",")[0] for record in caplog.records if "taken over" in record.message] == [
        "rows of the ruined outbox file cannot be taken over",
        "rows of the ruined outbox file taken over",
    ]
