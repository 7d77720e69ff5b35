"""A changed and sound site is taken over; whatever else becomes of its files, the one in force goes on."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge_agent import reload
from edge_agent.profiles import load as profiles
from edge_agent.reload import Reload
from edge_agent.settings import Site, load_site
from edge_agent.site.change import SiteChange
from edge_agent.watchdog import Notifier

LONG_AFTER = 4e9
SITE = """\
store: demo-001
name: {zh: 示范门店, en: Demo store}
timezone: Asia/Shanghai
broker: {url: "mqtt://127.0.0.1", username: store, password_file: ./broker.password}
buses:
  gateway-b: {type: tcp, host: 127.0.0.1}
devices:
  - {id: room-1, profile: xy_md02, bus: gateway-b, unit: 1, duty: store_climate, name: {zh: 店内, en: Room}}
  - {id: freezer-1, profile: danfoss_ekc202d, bus: gateway-b, unit: 2, duty: freezer, name: {zh: 冷冻柜, en: Freezer}}
"""


class FakeNotifier(Notifier):
    """Keeps what systemd would be told."""

    def __init__(self) -> None:
        super().__init__({})
        self.words: list[str] = []

    def _say(self, words: str) -> None:
        self.words.append(words)


class Bench:
    """A site file with its password and profiles below `folder`; `taken` are the changes that were handed on."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "site.yaml"
        self.password = folder / "broker.password"
        self.profiles = folder / "profiles"
        self.file.write_text(SITE, encoding="utf-8")
        self.password.write_text("secret")
        self.site: Site = load_site(self.file)
        self.taken: list[SiteChange] = []
        self.trouble: Exception | None = None
        self.notifier = FakeNotifier()
        self.reload = self.new_reload(LONG_AFTER)

    def new_reload(self, wall: float) -> Reload:
        return Reload(self.file, self.site, self._take, self.notifier, wall=lambda: wall, steady=lambda: 7.5)

    def edit(self, old: str, new: str, file: Path | None = None) -> None:
        file = file or self.file
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    async def looks(self, count: int = 6) -> None:
        """Long enough for so many looks."""
        await asyncio.sleep(count * reload.LOOK_EVERY_S)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.005)

    async def _take(self, change: SiteChange) -> None:
        if self.trouble:
            raise self.trouble
        self.taken.append(change)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Bench]:
    caplog.set_level(logging.INFO, "edge_agent.reload")
    monkeypatch.setattr(reload, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(profiles, "FOLDER", tmp_path / "profiles")
    shutil.copytree(Path("configs/profiles"), tmp_path / "profiles")
    forget_profiles()
    yield Bench(tmp_path)
    forget_profiles()


def forget_profiles() -> None:
    profiles.profile.cache_clear()
    profiles.shipped_profiles.cache_clear()


@asynccontextmanager
async def watching(bench: Bench) -> AsyncIterator[None]:
    task = asyncio.create_task(bench.reload.run())
    await bench.until(lambda: bench.reload._seen)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno == logging.ERROR]


async def test_files_that_stay_as_they_are_are_not_read(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    async with watching(bench):
        await bench.looks()
    assert (bench.taken, caplog.records, bench.notifier.words) == ([], [], [])


async def test_a_changed_site_is_taken_over_and_systemd_told(bench: Bench) -> None:
    async with watching(bench):
        bench.edit("en: Room", "en: Shop floor")
        await bench.until(lambda: len(bench.notifier.words) == 3)
    assert [change.changed for change in bench.taken] == [("room-1",)]
    assert bench.notifier.words == [
        "RELOADING=1\nMONOTONIC_USEC=7500000",
        "STATUS=settings taken over: devices=2 changed=room-1",
        "READY=1",
    ]


async def test_each_change_is_told_from_the_one_before(bench: Bench) -> None:
    async with watching(bench):
        bench.edit("en: Room", "en: Shop floor")
        await bench.until(lambda: len(bench.taken) == 1)
        bench.edit("en: Freezer", "en: Ice")
        await bench.until(lambda: len(bench.taken) == 2)
    assert bench.taken[1].changed == ("freezer-1",)
    assert bench.taken[1].before is bench.taken[0].after


async def test_a_bad_file_is_refused_with_all_its_reasons_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    async with watching(bench):
        bench.edit("unit: 1", "unit: 900")
        bench.edit("duty: freezer", "duty: freezr")
        await bench.until(lambda: bench.reload.refusal)
        bench.file.touch()
        await bench.looks()
    assert [f"{bench.file}:{line}: " in message for line, message in zip((8, 9), refusals(caplog), strict=True)]
    assert bench.taken == []
    assert bench.reload.refusal == "settings refused, 2 faults in the journal, those before go on"
    assert bench.notifier.words[-2:] == [f"STATUS={bench.reload.refusal}", "READY=1"]


async def test_a_mended_file_is_taken_over(bench: Bench) -> None:
    async with watching(bench):
        bench.edit("devices:", "devices")
        await bench.until(lambda: bench.reload.refusal)
        bench.edit("\ndevices", "\ndevices:")
        bench.edit("en: Room", "en: Shop floor")
        await bench.until(lambda: bench.taken)
    assert bench.reload.refusal == ""


async def test_a_file_that_is_put_back_changes_nothing(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    async with watching(bench):
        bench.file.unlink()
        await bench.until(lambda: bench.reload.refusal)
        bench.file.write_text(SITE, encoding="utf-8")
        await bench.until(lambda: not bench.reload.refusal)
    assert "cannot be read" in refusals(caplog)[0]
    assert bench.taken == []


async def test_whoever_asks_is_answered_at_once_and_again(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    async with watching(bench):
        bench.reload.ask()
        await bench.until(lambda: "nothing to change" in caplog.text)
        bench.edit("unit: 1", "unit: 900")
        await bench.until(lambda: bench.reload.refusal)
        bench.reload.ask()
        await bench.until(lambda: len(refusals(caplog)) == 2)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("danfoss_ekc202d", "version: 1", "version: 2"), ("danfoss_ekc", "answer_within: 300ms", "answer_within: 400ms")],
)
async def test_a_profile_and_its_base_belong_to_the_site(bench: Bench, name: str, old: str, new: str) -> None:
    async with watching(bench):
        bench.edit(old, new, bench.profiles / "refrigeration_case" / f"{name}.yaml")
        await bench.until(lambda: bench.taken)
    assert bench.taken[0].changed == ("freezer-1",)


async def test_a_bad_profile_is_refused_by_its_own_name(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    async with watching(bench):
        file = bench.profiles / "env_sensor" / "xy_md02.yaml"
        file.write_text(file.read_text(encoding="utf-8") + "\nsurprise: 1\n", encoding="utf-8")
        await bench.until(lambda: bench.reload.refusal)
    assert f"{file}:" in refusals(caplog)[0]


async def test_a_new_password_means_another_way_to_the_broker(bench: Bench) -> None:
    async with watching(bench):
        bench.password.write_text("another")
        await bench.until(lambda: bench.taken)
        await bench.looks()
    assert [(change.broker, change.changed) for change in bench.taken] == [(True, ())]


async def test_a_password_file_may_come_after_the_site_that_names_it(bench: Bench) -> None:
    async with watching(bench):
        bench.edit("./broker.password", "./new.password")
        await bench.until(lambda: bench.reload.refusal)
        bench.file.with_name("new.password").write_text("another")
        await bench.until(lambda: bench.taken)
    assert bench.taken[0].broker


async def test_a_password_that_never_was_there_keeps_no_device_out(bench: Bench) -> None:
    bench.password.unlink()
    async with watching(bench):
        bench.edit("en: Room", "en: Shop floor")
        await bench.until(lambda: bench.taken)
    assert not bench.taken[0].broker


async def test_a_password_file_that_vanishes_is_refused(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    async with watching(bench):
        bench.password.unlink()
        await bench.until(lambda: bench.reload.refusal)
        bench.password.write_text("secret")
        await bench.until(lambda: not bench.reload.refusal)
    assert f"{bench.password}:1: " in refusals(caplog)[0]
    assert bench.taken == []


async def test_what_needs_a_restart_is_refused(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    async with watching(bench):
        bench.edit("store: demo-001", "store: demo-002\nstate: ./elsewhere")
        await bench.until(lambda: bench.reload.refusal)
    told = refusals(caplog)
    assert [
        ("store cannot" in told[0], "site.yaml:1:" in told[0]),
        ("state cannot" in told[1], "restart" in told[1]),
    ] == [
        (True, True),
        (True, True),
    ]


async def test_a_file_that_is_being_written_is_left_alone(bench: Bench) -> None:
    async with watching(bench):
        for number in range(20):
            bench.file.write_text(SITE.replace("en: Room", f"en: Room{'.' * number}"), encoding="utf-8")
            await asyncio.sleep(reload.LOOK_EVERY_S / 3)
        assert bench.taken == []
        await bench.until(lambda: bench.taken)
    assert bench.taken[0].after.devices[0].name.en == f"Room{'.' * 19}"


async def test_a_change_that_cannot_be_taken_ends_nothing(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.trouble = ValueError("no")
    async with watching(bench):
        bench.edit("en: Room", "en: Shop floor")
        await bench.until(lambda: bench.reload.refusal)
        bench.trouble = None
        bench.edit("en: Shop floor", "en: Shop")
        await bench.until(lambda: bench.taken)
    assert "restart the agent" in refusals(caplog)[0]
    assert bench.notifier.words.count("READY=1") == 2


async def test_a_file_changed_while_the_agent_started_is_read_anew(bench: Bench) -> None:
    bench.edit("en: Room", "en: Shop floor")
    bench.reload = bench.new_reload(bench.file.stat().st_mtime)
    async with watching(bench):
        await bench.until(lambda: bench.taken)


@pytest.mark.parametrize("passes", range(4))
async def test_a_look_that_is_asked_for_in_the_moment_of_the_end_does_not_outlive_it(bench: Bench, passes: int) -> None:
    """Python 3.11's wait_for lost a cancellation that met the end of what it waited for."""
    task = asyncio.create_task(bench.reload.run())
    await bench.until(lambda: bench.reload._seen)
    await asyncio.sleep(0.001)
    bench.reload.ask()
    for _ in range(passes):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task}, timeout=0.5)
    assert task.cancelled()
