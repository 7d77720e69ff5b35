"""What staff and circumstances do to a cabinet looks like a fault and is over soon."""

from __future__ import annotations

import pytest

from simulators.faults import DISTURBANCES, FAULTS
from simulators.plants import case
from simulators.plants.case_causes import DISTURBANCES as PHYSICS
from simulators.plants.kinds import KINDS
from tests.unit.simulators.lived_cases import AROUND, DUTIES, hours, settled


def test_every_disturbance_file_has_its_physics_and_none_is_a_fault() -> None:
    assert set(DISTURBANCES) == PHYSICS
    assert not set(DISTURBANCES) & set(FAULTS)
    assert not any(kind.labelled for kind in DISTURBANCES.values())


@pytest.mark.parametrize("duty", DUTIES)
@pytest.mark.parametrize(
    ("disturbance", "length"),
    [
        ("fans_off_by_staff", 0.4),
        ("set_point_turned", 10.0),
        ("controller_restart", 0.05),
        ("case_cleaning", 0.3),
        ("cleaning_switched_off", 0.3),
    ],
)
def test_its_usual_length_leaves_the_product_in_its_class(duty: str, disturbance: str, length: float) -> None:
    during = hours(settled(duty), length, {disturbance: 1.0})
    after = hours(during[-1], 6)
    assert max(map(case.product, during + after)) < case.product_limit(after[-1])
    assert after[-1].controller.mode not in {"off", "cleaning", "standby"}


def test_fans_that_staff_switch_off_leave_their_relay_on() -> None:
    during = hours(settled("open_chiller"), 0.3, {"fans_off_by_staff": 1.0})[-1]
    assert not during.drive.fan
    assert case.said(during)["out.fan"] is True


def test_a_turned_set_point_moves_by_one_kelvin_and_back() -> None:
    turned = hours(settled("chiller"), 3, {"set_point_turned": 1.0})[-1]
    back = hours(turned, 3)[-1]
    assert case.said(turned)["sp.cutout"] == KINDS["chiller"].settings.cutout + 1.0
    assert case.said(back)["sp.cutout"] == KINDS["chiller"].settings.cutout


@pytest.mark.parametrize(
    ("disturbance", "mode", "fan"),
    [
        ("case_cleaning", "cleaning", True),
        ("cleaning_switched_off", "off", False),
        ("controller_restart", "standby", False),
    ],
)
def test_the_controller_says_what_was_done_to_it(disturbance: str, mode: str, fan: bool) -> None:
    during = hours(settled("open_chiller"), 0.1, {disturbance: 1.0})[-1]
    assert case.said(during)["state.mode"] == mode
    assert during.drive.fan is fan
    assert not during.drive.compressor


def test_cleaning_by_the_main_switch_is_no_alarm_for_ninety_minutes_after() -> None:
    emptied = hours(settled("open_chiller"), 1.0, around=AROUND._replace(cleaning=True))
    assert case.said(emptied[-1])["cmd.main_switch"] is False
    lives = hours(emptied[-1], 1.4)
    assert not any(case.said(one)["alarm.high_temp"] for one in lives)


@pytest.mark.parametrize("duty", DUTIES)
def test_a_delivery_warms_the_goods_and_cooling_takes_longer(duty: str) -> None:
    start = settled(duty)
    stocked = hours(start, 0.5, around=AROUND._replace(stocking=2.0))
    assert stocked[-1].cabinet.food > start.cabinet.food + 0.1
    assert stocked[5].drive.door is True
    after = hours(stocked[-1], 8)
    assert max(map(case.product, stocked + after)) < case.product_limit(start)
    assert after[-1].cabinet.food < stocked[-1].cabinet.food
