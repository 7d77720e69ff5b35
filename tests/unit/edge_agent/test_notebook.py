"""What a device taught survives a restart, and is forgotten when it is another device or map."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.bus.notebook import Notebook, map_digest
from edge_agent.contract.text import same
from edge_agent.core.plan import NOTHING_LEARNED, Learned
from edge_agent.core.profile import Profile, ReadLimits, Table, WordType
from edge_agent.profiles.load import installed_profile, profile
from tests.unit.edge_agent.points import CASE, CASE_IN_BLOCKS, device_of

LEARNED = Learned(refused=frozenset({"in.door"}), cuts=frozenset({(Table.HOLDING, 7)}), proven=frozenset({"sp"}))
DEVICE = device_of(CASE)


async def kept_in(path: Path, firmware: str = "") -> Notebook:
    await Notebook(path).keep(DEVICE, LEARNED, firmware)
    return Notebook(path)


async def test_it_is_read_again_after_a_restart(tmp_path: Path) -> None:
    assert (await kept_in(tmp_path / "state" / "learned.json")).recall(DEVICE) == LEARNED


async def test_a_new_version_of_the_profile_begins_anew(tmp_path: Path) -> None:
    notebook = await kept_in(tmp_path / "learned.json")
    assert notebook.recall(device_of(replace(CASE, version=2))) == NOTHING_LEARNED
    assert notebook.recall(device_of(replace(CASE, id="other"))) == NOTHING_LEARNED


def moved(name: str, **settings: object) -> Profile:
    return replace(CASE, points={**CASE.points, name: replace(CASE.points[name], **settings)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "mended",
    [
        moved("limit.high", address=replace(CASE.points["limit.high"].address, number=31)),
        moved("limit.high", type=WordType.I32),
        CASE.without(frozenset({"limit.high"})),
        CASE_IN_BLOCKS,
        replace(CASE, limits=ReadLimits(runs={Table.HOLDING: ((10, 11),)})),
    ],
    ids=["address", "type", "points", "limits", "runs"],
)
async def test_a_map_that_asks_otherwise_begins_anew_also_without_a_new_version(
    tmp_path: Path, mended: Profile
) -> None:
    assert (await kept_in(tmp_path / "learned.json")).recall(device_of(mended)) == NOTHING_LEARNED


@pytest.mark.parametrize("mended", [moved("limit.high", scale=1.0), replace(CASE, label=same("Case"))])
async def test_a_map_that_only_understands_otherwise_ends_nothing(tmp_path: Path, mended: Profile) -> None:
    assert (await kept_in(tmp_path / "learned.json")).recall(device_of(mended)) == LEARNED


def test_the_digest_of_a_map_is_the_same_in_every_process() -> None:
    code = (
        "from edge_agent.bus.notebook import map_digest; from edge_agent.profiles.load import profile; "
        "print(map_digest(profile('danfoss_ekc202b')))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert told == {map_digest(profile("danfoss_ekc202b"))}


async def test_a_file_of_an_earlier_release_is_learned_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    page = {"profile": CASE.id, "version": 1, "firmware": "1", "refused": ["in.door"], "cuts": [["H", 7]], "proven": []}
    (tmp_path / "learned.json").write_text(json.dumps({"line-a/3": page}), encoding="utf-8")
    notebook = Notebook(tmp_path / "learned.json")
    assert notebook.recall(DEVICE) == NOTHING_LEARNED
    assert caplog.records == []
    await notebook.keep(DEVICE, LEARNED)
    assert Notebook(tmp_path / "learned.json").recall(DEVICE) == LEARNED


async def test_units_behind_one_gateway_have_a_page_each(tmp_path: Path) -> None:
    first, second = (
        device_of(installed_profile("coolmasternet", instance=number), name=f"ac-{number}") for number in (1, 2)
    )
    notebook = Notebook(tmp_path / "learned.json")
    await notebook.keep(first, LEARNED)
    await notebook.keep(second, Learned(refused=frozenset({"fan"})))
    assert notebook.recall(first) == LEARNED
    assert notebook.recall(second) == Learned(refused=frozenset({"fan"}))


async def test_another_place_knows_nothing_of_it(tmp_path: Path) -> None:
    notebook = await kept_in(tmp_path / "learned.json")
    assert notebook.recall(device_of(CASE, unit=4)) == NOTHING_LEARNED
    assert notebook.recall(replace(DEVICE, bus="line-b")) == NOTHING_LEARNED


async def test_another_firmware_begins_anew_and_an_unknown_one_does_not(tmp_path: Path) -> None:
    notebook = await kept_in(tmp_path / "learned.json", "8523/2.87")
    assert notebook.recall(DEVICE, "8523/2.9") == NOTHING_LEARNED
    await notebook.keep(DEVICE, LEARNED)
    assert notebook.recall(DEVICE) == notebook.recall(DEVICE, "8523/2.87") == LEARNED
    assert notebook.recall(DEVICE, "8523/2.9") == NOTHING_LEARNED


@pytest.mark.parametrize("content", [b"", b"{", b'{"line-a/3": {"version": 1}}', b"\xff\x00", b"[]"])
async def test_a_ruined_file_is_begun_anew(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "learned.json").write_bytes(content)
    notebook = Notebook(tmp_path / "learned.json")
    assert notebook.recall(DEVICE) == NOTHING_LEARNED
    assert "learned anew" in caplog.text
    await notebook.keep(DEVICE, LEARNED)
    assert Notebook(tmp_path / "learned.json").recall(DEVICE) == LEARNED


async def test_a_disk_that_refuses_is_said_once_and_nothing_else_happens(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("no folder", encoding="ascii")
    notebook = Notebook(tmp_path / "state" / "learned.json")
    caplog.clear()
    await notebook.keep(DEVICE, LEARNED)
    await notebook.keep(DEVICE, NOTHING_LEARNED)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert notebook.recall(DEVICE) == NOTHING_LEARNED


async def test_nothing_is_written_for_devices_that_taught_nothing(tmp_path: Path) -> None:
    await Notebook(tmp_path / "learned.json").keep(DEVICE, NOTHING_LEARNED)
    assert list(tmp_path.iterdir()) == []
