"""What a device taught survives a restart, and is forgotten when it is another device or map."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.bus.notebook import Notebook
from edge_agent.core.plan import NOTHING_LEARNED, Learned
from edge_agent.core.profile import Table
from tests.unit.edge_agent.points import CASE, device_of

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
