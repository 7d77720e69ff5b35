"""A map that no capture proves is written to only where somebody compared this very device with this version of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from configs.documents import Fault, Faulty
from edge_agent.contract.readings import Value
from edge_agent.core.commissioning import Commissioning, Shown, agrees, is_telling, read_only_because
from edge_agent.core.writing import refusal, writable
from edge_agent.profiles.load import profile
from edge_agent.settings import SiteDevice, load_site
from edge_agent.site.notes import notes_of
from tests.unit.edge_agent.points import CASE
from tests.unit.edge_agent.test_settings import FIRST_DEVICE_LINE, FREEZER, HEAD, site

UNPROVEN, PROVEN = profile("danfoss_ekc204a1"), profile("danfoss_ekc202b")
SHOWN = "{point: temp.control, value: -18.4, read: -18.4}"
DONE = f"commissioned: {{by: Li Wei, at: 2026-11-20, profile_version: 1, shown: [{SHOWN}]}}"


def commissioning(version: int = 1) -> Commissioning:
    shown = (Shown(point="temp.control", value=-18.4, read=-18.4),)
    return Commissioning(by="Li Wei", at=date(2026, 11, 20), profile_version=version, shown=shown)


def with_block(block: str) -> str:
    return FREEZER.replace("unit: 3,", f"unit: 3, {block},")


def device(folder: Path, block: str) -> SiteDevice:
    (found,) = site(folder, with_block(block)).devices
    return found


def only_fault(folder: Path, block: str) -> Fault:
    with pytest.raises(Faulty) as faulty:
        device(folder, block)
    (fault,) = faulty.value.faults
    assert fault.line == FIRST_DEVICE_LINE
    assert fault.what.zh != fault.what.en
    return fault


def test_an_unproven_map_refuses_every_write_and_says_why() -> None:
    reason = refusal(UNPROVEN)
    assert reason is not None
    assert "no capture of a real unit confirms the map danfoss_ekc204a1" in reason.en
    assert "尚无真机验证" in reason.zh
    assert writable(UNPROVEN) == {}


def test_a_capture_or_a_commissioning_opens_the_writes() -> None:
    assert refusal(PROVEN) is None
    assert refusal(UNPROVEN, commissioning()) is None
    assert writable(UNPROVEN, commissioning()) == UNPROVEN.writes != {}


def test_a_commissioning_of_another_version_no_longer_holds() -> None:
    reason = refusal(replace(UNPROVEN, version=2), commissioning())
    assert reason is not None
    assert "Li Wei, 2026-11-20" in reason.en
    assert "which is now version 2" in reason.en
    assert read_only_because(replace(PROVEN, version=2), commissioning()) is None


def test_another_model_in_its_place_is_not_written_to_whoever_commissioned_the_first() -> None:
    reason = refusal(PROVEN, commissioning(), [1.0, 2.0])
    assert reason is not None
    assert "or was exchanged" in reason.en
    assert writable(PROVEN, commissioning(), [1.0, 2.0]) == {}


def test_a_site_file_says_who_compared_what(tmp_path: Path) -> None:
    found = device(tmp_path, DONE)
    assert found.commissioned == commissioning()
    assert found.read_only_because is None
    assert device(tmp_path, "instance: null").read_only_because is not None


def test_a_site_says_which_devices_are_read_only_and_why(tmp_path: Path) -> None:
    other = FREEZER.replace("freezer-1", "freezer-2").replace("unit: 3", "unit: 4")
    third = with_block(DONE.replace("version: 1", "version: 9")).replace("freezer-1", "freezer-3")
    store = site(tmp_path, FREEZER, other, third.replace("unit: 3", "unit: 5"))
    first, second = notes_of(store)
    assert first.en.startswith("read-only: freezer-1, freezer-2: no capture")
    assert second.en.startswith("read-only: freezer-3: it was commissioned (Li Wei, 2026-11-20) with version 9")
    assert [*notes_of(site(tmp_path, with_block(DONE)))] == []


@pytest.mark.parametrize(
    ("right", "wrong", "what", "fix"),
    [
        ("by: Li Wei, ", "", "by is missing", "add by"),
        ("profile_version: 1, ", "", "profile_version is missing", "add profile_version"),
        ("by: Li Wei", 'by: " "', "by is ' '", ""),
        ("at: 2026-11-20", "at: yesterday", "at is 'yesterday'", "date"),
        ("at: 2026-11-20", "at: 2026-11-20T10:00:00", "at is", "date"),
        (SHOWN, "", "shown is []", ""),
        ("temp.control", "temp.contrl", "no point temp.contrl", "temp.control"),
        ("value: -18.4", "value: 184", "temp.control cannot be 184", "it is from"),
        ("value: -18.4", "value: cold", "temp.control cannot be cold", "it is from"),
        ("value: -18.4", "value: true", "temp.control cannot be True", "it is from"),
        ("read: -18.4", "read: -1.8", "showed -18.4, but the registers said -1.8", "scan, solve"),
        (SHOWN, "{point: state.mode, value: cooking}", "state.mode cannot be cooking", "cooling"),
        (SHOWN, f"{SHOWN}, {{point: alarm.door_open, value: 0}}", "alarm.door_open cannot be 0", "true or false"),
        (SHOWN, "{point: defrost.active, value: false}", "flags alone prove nothing", "temperature"),
    ],
)
def test_it_says_what_is_wrong_with_a_commissioning(
    tmp_path: Path, right: str, wrong: str, what: str, fix: str
) -> None:
    assert right in DONE
    fault = only_fault(tmp_path, DONE.replace(right, wrong))
    assert what in fault.what.en
    assert fix in fault.fix.en


def test_a_flag_beside_a_number_and_a_word_are_fine(tmp_path: Path) -> None:
    more = "{point: defrost.active, value: false}, {point: state.mode, value: cooling}"
    commissioned = device(tmp_path, DONE.replace(SHOWN, f"{SHOWN}, {more}")).commissioned
    assert commissioned is not None
    assert [one.value for one in commissioned.shown] == [-18.4, False, "cooling"]


@pytest.mark.parametrize("junk", ["[]", "{}", "[1]", "x", "true", ".inf", ".nan", "1" * 400, "{a: [2]}", "null"])
def test_junk_in_it_is_a_fault_or_harmless(tmp_path: Path, junk: str) -> None:
    for part in ("Li Wei", "2026-11-20", "temp.control", "-18.4", SHOWN, f"[{SHOWN}]", DONE.partition(": ")[2]):
        (tmp_path / "site.yaml").write_text(f"{HEAD}  - {with_block(DONE.replace(part, junk))}\n", encoding="utf-8")
        with suppress(Faulty):
            load_site(tmp_path / "site.yaml")


@pytest.mark.parametrize(
    ("read", "panel", "same"),
    [
        (-18.4, -18.4, True),
        (-18.43, -18.4, True),
        (-18.2, -18.4, False),
        (-18.4, -18, True),
        (-18.4, -17, True),
        (-18.6, -17, False),
        (None, 1.0, False),
        (1.0, True, False),
        (True, True, True),
        ("cooling", "cooling", True),
        ("cooling", "defrost", False),
    ],
)
def test_a_panel_may_be_one_last_digit_behind(read: Value | None, panel: Value, same: bool) -> None:
    assert agrees(read, panel, CASE.points["temp.control"]) is same


def test_flags_prove_a_map_that_has_nothing_else() -> None:
    assert is_telling(profile("wellpro_wp8028adam"), ["in.1"])
    assert not is_telling(CASE, ["alarm.probe_control"])
    assert is_telling(CASE, ["alarm.probe_control", "limit.high"])
