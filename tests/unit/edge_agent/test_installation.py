"""A site file says of each device what its profile asks: settings, and which of several units it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from configs.documents import Faulty
from edge_agent.settings import Site, load_site

SITE = """\
store: demo-001
name: {zh: 示范门店, en: Demo store}
timezone: Asia/Shanghai
broker: {url: "mqtt://127.0.0.1:1883"}
buses:
  gateway: {type: tcp, host: 127.0.0.1, port: 1502}
devices:
  - {id: ac-1, profile: coolmasternet, bus: gateway, unit: 1, duty: sales_area, name: {zh: 空调, en: AC}, instance: 1}
  - {id: ac-2, profile: coolmasternet, bus: gateway, unit: 1, duty: sales_area,
     name: {zh: 空调二, en: AC 2}, instance: 2}
  - {id: ac-3, profile: intesis_ac, bus: gateway, unit: 9, duty: sales_area,
     name: {zh: 空调三, en: AC 3}, settings: {degrees_per_count: 1}}
"""


def site(folder: Path, text: str = SITE) -> Site:
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    return load_site(folder / "site.yaml")


def test_units_behind_one_address_are_devices_of_their_own(tmp_path: Path) -> None:
    first, second, _ = site(tmp_path).devices
    assert (first.profile.instance, second.profile.instance) == (1, 2)
    assert (first.profile.points["sp"].address.number, second.profile.points["sp"].address.number) == (18, 34)


def test_a_setting_reaches_the_scale(tmp_path: Path) -> None:
    assert site(tmp_path).devices[2].profile.points["sp"].scale == 1.0


@pytest.mark.parametrize(
    ("right", "wrong", "what"),
    [
        ("degrees_per_count: 1}", "degrees_per_count: 7}", "cannot be 7"),
        ("degrees_per_count: 1}", "degrees: 1}", "has no setting degrees"),
        (", instance: 1}", "}", "say which this one is"),
        (", instance: 1}", ", instance: 99}", "say which this one is"),
        (", instance: 1}", ", instance: 2}", "unit 1 is twice"),
        (", settings: {degrees_per_count: 1}}", ", instance: 2}", "has no instances"),
    ],
)
def test_it_says_what_is_wrong(tmp_path: Path, right: str, wrong: str, what: str) -> None:
    with pytest.raises(Faulty) as faulty:
        site(tmp_path, SITE.replace(right, wrong, 1))
    assert what in "\n".join(fault.what.en for fault in faulty.value.faults)
    assert all(fault.fix.zh and fault.fix.en for fault in faulty.value.faults)
