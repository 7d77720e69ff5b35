"""The installer's tools on a real pty: wrong speed, two devices with one unit id, swapped words, captures, health."""

from __future__ import annotations

import asyncio
import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_agent.__main__ import main
from edge_agent.core.profile import Table
from tests.installer_bench import holding, line_with, shipped

SITE = """\
store: demo-001
name: {zh: 示范门店, en: Demo store}
timezone: Asia/Shanghai
broker: {url: "mqtt://127.0.0.1:1883"}
buses:
  line-a: {type: rtu, port: ./line, baud: 9600, parity: E, stop_bits: 1}
devices:
  - {id: freezer-1, profile: danfoss_ekc204a1, bus: line-a, unit: 3, duty: freezer, name: {zh: 柜 1, en: Case 1}}
  - {id: freezer-2, profile: danfoss_ekc202b, bus: line-a, unit: 4, duty: freezer, name: {zh: 柜 2, en: Case 2}}
"""

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")


@pytest.fixture
def site(tmp_path: Path) -> str:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    return str(tmp_path / "site.yaml")


async def tool(*arguments: str) -> int:
    """In a thread, as a program beside the line's own loop."""
    return await asyncio.to_thread(main, list(arguments))


async def test_scan_finds_speed_units_and_models_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twins = shipped("danfoss_ekc204a1", 3), shipped("eastron_sdm630", 9, duty=""), holding(12, {7: 1})
    async with line_with(tmp_path / "line", *twins, baud=19200) as line:
        status = await tool("scan", str(tmp_path / "line"), "--units", "1-12", "--quick", "--json")
        assert line.functions <= {1, 2, 3, 4}
    found = json.loads(capsys.readouterr().out)
    assert status == 0
    assert found["line"]["baud"] == 19200
    named = {one["unit"]: [each["profile"] for each in one["profiles"]][:1] for one in found["devices"]}
    assert named == {3: ["danfoss_ekc204a1"], 9: ["eastron_sdm630"], 12: []}


async def test_scan_says_that_two_devices_have_one_unit_id(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twins = shipped("danfoss_ekc204a1", 3, 0.02), shipped("danfoss_ekc202b", 3, 0.02), shipped("danfoss_ekc202d", 4)
    async with line_with(tmp_path / "line", *twins):
        assert await tool("scan", str(tmp_path / "line"), "--units", "3-4", "--quick") == 1
    out = capsys.readouterr().out
    assert "3  two devices, one unit id" in out
    assert "4  answers" in out
    assert "Disconnect one of them" in out


async def test_scan_says_that_one_answers_after_the_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twins = shipped("danfoss_ekc204a1", 3, 0.01), shipped("danfoss_ekc202b", 3, 0.025)
    async with line_with(tmp_path / "line", *twins):
        assert await tool("scan", str(tmp_path / "line"), "--units", "3", "--quick", "--json") == 1
    assert json.loads(capsys.readouterr().out)["devices"][0]["verdict"] == "shared"


async def test_scan_says_what_garbage_at_every_speed_looks_like(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with line_with(tmp_path / "line", shipped("danfoss_ekc204a1", 3), baud=38400, noisy=True):
        assert await tool("scan", str(tmp_path / "line"), "--units", "3", "--quick") == 1
    assert "another speed or parity" in capsys.readouterr().out


async def test_scan_says_what_silence_looks_like(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with line_with(tmp_path / "line", shipped("danfoss_ekc204a1", 3)):
        assert await tool("scan", str(tmp_path / "line"), "--units", "7", "--quick") == 1
    assert "Nobody answers" in capsys.readouterr().out


async def test_scan_compares_with_the_site_file(tmp_path: Path, site: str, capsys: pytest.CaptureFixture[str]) -> None:
    async with line_with(tmp_path / "line", shipped("danfoss_ekc204a1", 3), baud=19200):
        await tool("scan", f"{site}:line-a", "--units", "3-4", "--quick")
    out = capsys.readouterr().out
    assert "the site file says 9600 8E1, but the line is 19200 8E1" in out
    assert "freezer-2 of the site file (unit 4) does not answer" in out


async def test_scan_of_a_port_that_is_not_there_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await tool("scan", str(tmp_path / "line"), "--quick") == 1
    assert "cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize("wait", ["0", "-1", "nan", "inf", "long"])
async def test_a_time_that_is_none_is_refused(wait: str, tmp_path: Path) -> None:
    for wrong in (["scan", str(tmp_path / "line"), "--wait", wait], ["doctor", "site.yaml", "--seconds", wait]):
        with pytest.raises(SystemExit, match="2"):
            await tool(*wrong)


@pytest.mark.parametrize("wrong", [["--units", "9-3"], ["--units", "x"], ["--format", "9600"]])
async def test_a_wrong_use_of_scan_is_status_2(tmp_path: Path, wrong: list[str]) -> None:
    assert await tool("scan", str(tmp_path / "line"), *wrong) == 2


async def test_probe_finds_the_holes_and_shows_every_meaning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with line_with(tmp_path / "line", holding(7, {20: 0xFF48, 21: 0x4366, 22: 0, 25: 5})):
        where = ("probe", str(tmp_path / "line"), "--unit", "7")
        assert await tool(*where, "--from", "18", "--count", "10") == 0
        text = capsys.readouterr().out
        assert await tool(*where, "--from", "0x14", "--count", "3", "--json") == 0
    assert "-18.4" in text
    assert "refused (does not exist): 18-19, 23-24, 26-27" in text
    found = json.loads(capsys.readouterr().out)
    assert found["requests"] == 1
    assert found["meanings"][1]["high_first"]["f32"] == 230.0


async def test_probe_of_two_devices_with_one_id_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twins = shipped("danfoss_ekc204a1", 3, 0.02), shipped("danfoss_ekc202b", 3, 0.02)
    async with line_with(tmp_path / "line", *twins):
        assert await tool("probe", str(tmp_path / "line"), "--unit", "3", "--from", "2531", "--count", "1") == 1
    assert "two devices with one unit id" in capsys.readouterr().err


async def test_probe_of_nobody_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with line_with(tmp_path / "line", holding(7, {20: 1})):
        assert await tool("probe", str(tmp_path / "line"), "--unit", "8", "--from", "20") == 1
    assert "with scan" in capsys.readouterr().err


async def test_solve_finds_a_float_with_swapped_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    controller = holding(7, {20: 0, 21: 0, 22: 3, 23: 500, 24: 77})
    found: list[dict[str, Any]] = []
    async with line_with(tmp_path / "line", controller):
        for value, display in ((-18.4, "-18.4"), (-17.9, "-17.9"), (-12.25, "-12.2")):
            high, low = struct.unpack(">HH", struct.pack(">f", value))
            controller.set(Table.HOLDING, 21, low)
            controller.set(Table.HOLDING, 22, high)
            kept = ("--samples", str(tmp_path / "samples"), "--json", "--shows", display)
            assert await tool("solve", str(tmp_path / "line"), "--unit", "7", "--range", "H15-30", *kept) == 0
            found.append(json.loads(capsys.readouterr().out))
    assert [one["samples"] for one in found] == [1, 2, 3]
    best = found[-1]["best"][0]
    assert (best["table"], best["address"], best["type"], best["order"]) == ("H", 21, "f32", "low_first")


class Terminal(io.StringIO):
    """Somebody types, and somebody looks."""

    def isatty(self) -> bool:
        return True


async def test_solve_asks_until_the_installer_has_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("dEF\n-18.4\n-18.4\n\n"))
    async with line_with(tmp_path / "line", holding(7, {20: 0xFF48, 21: 3})):
        assert await tool("solve", str(tmp_path / "line"), "--unit", "7", "--range", "H20-21") == 0
    out, aside = capsys.readouterr()
    assert "dEF is no number" in aside
    assert out.count("readings: 2") == 1
    assert "{at: H20, type: i16, scale: 0.1}" in out


async def test_progress_is_drawn_where_somebody_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    async with line_with(tmp_path / "line", holding(7, {20: 1})):
        await tool("scan", str(tmp_path / "line"), "--units", "1-3", "--format", "9600-8N1", "--quick")
    assert "9600 8N1 unit 3  about 0:00 left" in screen.getvalue()


async def test_solve_over_kept_readings_needs_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.dumps({"shows": shows, "words": {"H": {"7": word}}}) for shows, word in (("18.4", 184), ("5.0", 50))]
    (tmp_path / "samples").write_text("\n".join(lines), encoding="utf-8")
    where = ("solve", str(tmp_path / "none"), "--unit", "7", "--range", "H7")
    assert await tool(*where, "--samples", str(tmp_path / "samples")) == 0
    assert "{at: H7, type: i16, scale: 0.1}" in capsys.readouterr().out
    (tmp_path / "samples").write_text("shows: 5", encoding="utf-8")
    assert await tool(*where, "--samples", str(tmp_path / "samples")) == 2


async def test_doctor_shows_figures_of_every_device(
    tmp_path: Path, site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with line_with(tmp_path / "line", shipped("danfoss_ekc204a1", 3, 0.01), shipped("danfoss_ekc202b", 4, 0.01)):
        await tool("doctor", site, "--seconds", "4", "--json")
    (bus,) = json.loads(capsys.readouterr().out)["buses"]
    assert bus["down"] == ""
    assert 0 < bus["cycle_s"] < bus["cycle_limit_s"]
    assert 0 < bus["line_share"] < 1
    assert [device["crc_errors"] for device in bus["devices"]] == [0, 0]
    assert all(device["answers"] > 0 and device["turnaround_p50_s"] > 0 for device in bus["devices"])


async def test_doctor_tells_the_dead_from_the_doubled(
    tmp_path: Path, site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    twins = shipped("danfoss_ekc204a1", 3, 0.01), shipped("danfoss_ekc202b", 3, 0.01)
    async with line_with(tmp_path / "line", *twins, shipped("danfoss_ekc202d", 9)):
        assert await tool("doctor", site, "--seconds", "7", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert [device["crc_errors"] > 0 for device in found["buses"][0]["devices"]] == [True, False]
    said = " ".join(one["fix"]["en"] + one["what"]["en"] for one in found["advice"])
    assert "one unit id" in said or "wrong speed" in said


async def test_doctor_of_a_bus_that_the_site_does_not_have_is_a_wrong_use(
    site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await tool("doctor", site, "--seconds", "1", "--bus", "line-b") == 2
    assert "has no bus line-b; it has: line-a" in capsys.readouterr().err


async def test_doctor_says_that_the_port_is_not_there(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert await tool("doctor", site, "--seconds", "1") == 1
    out = capsys.readouterr().out
    assert "the bus is down" in out
    assert "read-only: freezer-1: no capture of a real unit confirms the map danfoss_ekc204a1" in out
