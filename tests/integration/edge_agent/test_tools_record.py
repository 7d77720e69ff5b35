"""What a unit on a bench line answers becomes evidence of its map, its variant, or this one device of the site."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest
import yaml

from edge_agent.__main__ import main
from edge_agent.contract.readings import Quality
from edge_agent.core.decode import value_of
from edge_agent.core.profile import Capture, Profile, Table
from edge_agent.profiles.load import FOLDER, load_profile
from edge_agent.settings import load_site
from tests.installer_bench import line_with, shipped

SITE = """\
store: demo-001
name: {zh: 示范门店, en: Demo store}
timezone: Asia/Shanghai
broker: {url: "mqtt://127.0.0.1:1883"}
buses:
  line-a: {type: rtu, port: ./line, baud: 9600, parity: E, stop_bits: 1}
devices:
  - {id: freezer-1, profile: danfoss_ekc204a1, bus: line-a, unit: 3, duty: freezer, name: {zh: 柜 1, en: Case 1}}
  - {id: freezer-2, profile: danfoss_ekc204a1.wb_ref, bus: line-a, unit: 4, duty: freezer, name: {zh: 柜 2, en: Case 2}}
  - id: ac-3
    profile: daikin_dta116a51
    bus: line-a
    unit: 5
    instance: 3
    duty: sales_area
    name: {zh: 空调 3, en: Air 3}
"""


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")


@pytest.fixture
def site(tmp_path: Path) -> str:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    return str(tmp_path / "site.yaml")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The families of the shipped profiles, copied to where they may be written."""
    return Path(shutil.copytree(FOLDER, tmp_path / "own"))


async def tool(*arguments: str) -> int:
    """In a thread, as a program beside the line's own loop."""
    return await asyncio.to_thread(main, list(arguments))


def told(known: Profile, capture: Capture) -> dict[str, object]:
    """What the map makes of a capture, by point."""
    readings: dict[str, object] = {}
    for name, point in known.points.items():
        places = range(point.address.number, point.address.number + point.type.words)
        if point.address.table is capture.table and set(places) <= set(capture.words):
            reading = value_of(point, [capture.words[at] for at in places])
            assert reading.quality is Quality.GOOD, name
            readings[name] = reading.value
    return readings


async def test_a_capture_proves_the_profile(
    tmp_path: Path, site: str, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = own / "refrigeration_case" / "danfoss_ekc204a1.yaml"
    where = ("record", site, "freezer-1", "--by", "Wang", "--profile-file", str(file))
    async with line_with(tmp_path / "line", shipped("danfoss_ekc204a1", 3)):
        before = file.read_text(encoding="utf-8")
        assert await tool(*where, "--display", "defrost.active=no") == 2
        assert "flags alone prove nothing" in capsys.readouterr().err
        assert await tool(*where, "--display", "temp.control=-5.0") == 1
        assert "the panel shows -5.0, the registers say -20.0" in capsys.readouterr().err
        assert await tool(*where, "--display", "temp.control=-20.0", "--dry-run") == 0
        assert '+    - source: "Wang, demo-001 freezer-1' in capsys.readouterr().out
        assert file.read_text(encoding="utf-8") == before
        assert await tool(*where, "--display", "temp.control=-20.0", "--display", "state.mode=cooling") == 0
    assert not load_profile(FOLDER / "refrigeration_case" / file.name).evidence.proven
    assert not load_profile(file, "wb_ref").evidence.proven
    (capture,) = load_profile(file).evidence.captures
    assert capture.words[2531] == 65336
    assert file.read_text(encoding="utf-8").startswith(before[:60])


async def test_a_capture_of_a_variant_proves_that_variant_and_no_other(tmp_path: Path, site: str, own: Path) -> None:
    file = own / "refrigeration_case" / "danfoss_ekc204a1.yaml"
    where = ("record", site, "freezer-2", "--by", "Wang", "--profile-file", str(file))
    async with line_with(tmp_path / "line", shipped("danfoss_ekc204a1.wb_ref", 4)):
        assert await tool(*where, "--display", "temp.control=-20.0") == 0
        assert await tool(*where, "--display", "temp.control=-20.0", "--firmware", "2.9") == 0
    card = load_profile(file, "wb_ref")
    first, second = card.evidence.captures
    assert (first.firmware, second.firmware) == ("", "2.9")
    assert first.words[2531 + 10001] == 65336
    assert told(card, first)["temp.control"] == -20.0
    assert len(told(card, first)) == len(card.points)
    assert not load_profile(file).evidence.proven


async def test_a_capture_of_a_unit_behind_a_gateway_stands_at_the_addresses_of_the_first(
    tmp_path: Path, site: str, own: Path
) -> None:
    file = own / "ac_unit" / "daikin_dta116a51.yaml"
    where = ("record", site, "ac-3", "--by", "Wang", "--profile-file", str(file))
    async with line_with(tmp_path / "line", shipped("daikin_dta116a51", 5, instance=3)):
        assert await tool(*where, "--display", "sp=25.0") == 0
    known = load_profile(file)
    (capture,) = known.evidence.captures
    assert "ac-3" in capture.source
    assert "instance 3 at the addresses of the first" in capture.source
    assert set(capture.words) == {2000, 2001, 2002, 2004, 3600}
    assert told(known, capture)["sp"] == 25.0
    assert len(told(known, capture)) == len(known.points)


async def test_a_commissioning_is_printed_as_the_site_file_takes_it(
    tmp_path: Path, site: str, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shows = ("--display", "temp.control=-20.0", "--display", "defrost.active=no", "--display", "state.mode=cooling")
    async with line_with(tmp_path / "line", shipped("danfoss_ekc204a1", 3), shipped("daikin_dta116a51", 5, instance=3)):
        assert await tool("record", site, "freezer-1", "--by", 'Li "W"', "--commission", *shows) == 0
        line, aside = capsys.readouterr()
        assert await tool("record", site, "ac-3", "--by", "Li", "--commission", "--display", "sp=25") == 0
    assert "site.yaml, freezer-1" in aside
    block = yaml.safe_load(line)["commissioned"]
    assert (block["by"], block["profile_version"]) == ('Li "W"', 1)
    assert block["shown"] == [
        {"point": "temp.control", "value": -20.0, "read": -20.0},
        {"point": "defrost.active", "value": False, "read": False},
        {"point": "state.mode", "value": "cooling", "read": "cooling"},
    ]
    text = SITE.replace("unit: 3,", f"unit: 3, {line.strip()},")
    text = text.replace("    instance: 3\n", f"    instance: 3\n    {capsys.readouterr().out}")
    Path(site).write_text(text, encoding="utf-8")
    assert [device.id for device in load_site(Path(site)).devices if device.read_only_because] == ["freezer-2"]
    assert not any(load_profile(file).evidence.proven for file in own.glob("*/danfoss_ekc204a1.yaml"))


@pytest.mark.parametrize(
    ("device", "shows", "status", "said"),
    [
        ("freezer-9", "temp.control=1", 2, "no device freezer-9"),
        ("freezer-1", "temp.nothing=1", 2, "write POINT=VALUE"),
        ("freezer-1", "temp.control=-5", 1, "disagree"),
        ("freezer-1", "defrost.active=no", 2, "flags alone prove nothing"),
    ],
)
async def test_a_commissioning_that_proves_nothing_is_not_printed(
    tmp_path: Path, site: str, capsys: pytest.CaptureFixture[str], device: str, shows: str, status: int, said: str
) -> None:
    async with line_with(tmp_path / "line", shipped("danfoss_ekc204a1", 3)):
        assert await tool("record", site, device, "--by", "Li", "--commission", "--display", shows) == status
    out, aside = capsys.readouterr()
    assert out == ""
    assert said in aside


@pytest.mark.parametrize("commission", [(), ("--commission",)])
async def test_another_model_that_answers_at_the_same_addresses_proves_nothing(
    tmp_path: Path, site: str, capsys: pytest.CaptureFixture[str], commission: tuple[str, ...]
) -> None:
    where = ("record", site, "freezer-1", "--by", "Li", "--display", "temp.control=-20.0", "--dry-run", *commission)
    controller = shipped("danfoss_ekc204a1", 3)
    controller.set(Table.HOLDING, 2010, 123)  # the order number, which is 8000 to 8999 for an EKC
    async with line_with(tmp_path / "line", controller):
        assert await tool(*where) == 1
    out, aside = capsys.readouterr()
    assert out == ""
    assert "does not answer as a danfoss_ekc204a1 does" in aside


async def test_a_profile_file_that_is_not_there_gets_the_capture_by_hand(
    tmp_path: Path, site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("record", site, "freezer-1", "--by", "Li", "--profile-file", str(tmp_path / "none.yaml"))
    async with line_with(tmp_path / "line", shipped("danfoss_ekc204a1", 3)):
        assert await tool(*where, "--display", "temp.control=-20.0") == 1
    out, aside = capsys.readouterr()
    assert "none.yaml was left as it was" in aside
    assert out.startswith("captures:\n  - source: ")


async def test_the_day_is_that_of_the_store(
    tmp_path: Path, site: str, own: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = "2026-11-20T20:00:00+00:00@0x1"
    from edge_agent import app  # noqa: PLC0415
    from edge_agent.contract.clock import machine_clock  # noqa: PLC0415

    monkeypatch.setattr(app, "system_clock", lambda: machine_clock(lambda: 0.0, lambda: 0.0, at))
    where = ("record", site, "freezer-1", "--by", "Li", "--display", "temp.control=-20.0")
    async with line_with(tmp_path / "line", shipped("danfoss_ekc204a1", 3)):
        assert await tool(*where, "--commission") == 0
        assert "at: 2026-11-21," in capsys.readouterr().out
        assert await tool(*where, "--dry-run") == 0
    assert json.dumps("Li, demo-001 freezer-1, 2026-11-21; display: temp.control=-20.0") in capsys.readouterr().out
