"""A site file is loaded whole, or every fault of it is named with its line and what would be right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from configs.documents import Fault, Faulty, Location
from edge_agent.core.profile import Poll
from edge_agent.settings import RtuBus, Site, TcpBus, inventory, load_site

DEMO = Path("configs/sites/demo-store.yaml")

HEAD = """\
store: demo-001
name: {zh: 示范门店, en: Demo store}
timezone: Asia/Shanghai
broker: {url: "mqtt://127.0.0.1:1883"}
buses:
  line-a: {type: rtu, port: ./line-a, baud: 9600, parity: E, stop_bits: 1}
  gateway-b: {type: tcp, host: 127.0.0.1}
devices:
"""
FREEZER = (
    "{id: freezer-1, profile: danfoss_ekc204a1, bus: line-a, unit: 3, duty: freezer, name: {zh: 冷柜, en: Freezer}}"
)
FIRST_DEVICE_LINE = HEAD.count("\n") + 1


def site(folder: Path, *devices: str, head: str = HEAD) -> Site:
    file = folder / "site.yaml"
    lines = "".join(f"  - {device}\n" for device in devices or (FREEZER,))
    file.write_text(head + lines, encoding="utf-8")
    return load_site(file)


def faults(folder: Path, *devices: str, head: str = HEAD) -> tuple[Fault, ...]:
    with pytest.raises(Faulty) as faulty:
        site(folder, *devices, head=head)
    return faulty.value.faults


def only_fault(folder: Path, *devices: str, head: str = HEAD) -> Fault:
    (fault,) = faults(folder, *devices, head=head)
    assert fault.what.zh != fault.what.en
    return fault


def test_the_demo_store_has_seven_devices_on_two_buses() -> None:
    demo = load_site(DEMO)
    assert {bus: len(demo.devices_on(bus)) for bus in demo.buses} == {"line-a": 3, "gateway-b": 4}
    assert isinstance(demo.buses["line-a"], RtuBus)
    assert isinstance(demo.buses["gateway-b"], TcpBus)
    assert demo.poll[Poll.FAST] == timedelta(seconds=30)


def test_paths_are_relative_to_the_site_file(tmp_path: Path) -> None:
    found = site(tmp_path)
    assert found.state == tmp_path / "state"
    line = found.buses["line-a"]
    assert isinstance(line, RtuBus)
    assert Path(line.port) == tmp_path / "line-a"


def test_a_device_file_stays_where_it_is(tmp_path: Path) -> None:
    line = site(tmp_path, head=HEAD.replace("./line-a", "/dev/ttyS1")).buses["line-a"]
    assert isinstance(line, RtuBus)
    assert line.port == "/dev/ttyS1"


def test_what_is_not_said_has_a_sensible_value(tmp_path: Path) -> None:
    found = site(tmp_path)
    assert found.poll == {
        Poll.FAST: timedelta(seconds=10),
        Poll.NORMAL: timedelta(seconds=30),
        Poll.SLOW: timedelta(minutes=15),
    }
    assert found.report.at_least_every == timedelta(minutes=5)
    assert (found.broker.host, found.broker.port, found.broker.tls) == ("127.0.0.1", 1883, False)
    assert found.broker.password_file is None


def test_a_broker_over_tls_has_its_own_port(tmp_path: Path) -> None:
    broker = site(tmp_path, head=HEAD.replace("mqtt://127.0.0.1:1883", "mqtts://broker.example")).broker
    assert (broker.host, broker.port, broker.tls) == ("broker.example", 8883, True)


def test_points_that_are_not_wired_are_left_out(tmp_path: Path) -> None:
    skipping = FREEZER.replace("freezer,", "freezer, points: {skip: [alarm.probe_air_off, state.mode]},")
    (device,) = site(tmp_path, skipping).devices
    assert "alarm.probe_air_off" not in device.profile.points
    assert device.profile.points["temp.control"].bad_when == ("alarm.probe_air_on",)
    assert "defrost.active" not in device.profile.derived


WATER = (
    "{id: water-1, profile: advantech_adam4150, bus: gateway-b, unit: 9, duty: contacts, "
    "points: {renamed: {in.di1: in.water}}, name: {zh: 水浸, en: Water}}"
)


def test_an_input_is_called_what_is_wired_to_it(tmp_path: Path) -> None:
    (device,) = site(tmp_path, WATER).devices
    assert device.profile.points["in.water"].name == "in.water"
    assert "in.di1" not in device.profile.points


@pytest.mark.parametrize(
    ("wrong", "what", "fix"),
    [
        ("{in.di99: in.water}", "no point in.di99", "in.di"),
        ("{in.di1: in.flood}", "cannot be called in.flood", "in."),
        ("{in.di1: info.device_id}", "cannot be called info.device_id", "in."),
        ("{in.di1: in.di2}", "has a point in.di2 already", "skip"),
        ("{in.di1: in.di1}", "has a point in.di1 already", "skip"),
    ],
)
def test_it_says_what_is_wrong_with_a_new_name(tmp_path: Path, wrong: str, what: str, fix: str) -> None:
    found = faults(tmp_path, WATER.replace("{in.di1: in.water}", wrong))
    assert (what in found[0].what.en, fix in found[0].fix.en) == (True, True), found


def test_what_other_points_rest_on_keeps_its_name(tmp_path: Path) -> None:
    renaming = FREEZER.replace("freezer,", "freezer, points: {renamed: {alarm.probe_air_on: alarm.external}},")
    assert "rest on alarm.probe_air_on" in only_fault(tmp_path, renaming).what.en


def test_a_device_is_fed_by_another_of_the_same_store(tmp_path: Path) -> None:
    fed = FREEZER.replace("freezer,", "freezer, fed_by: water-1, product_class: L1,")
    device = inventory(site(tmp_path, fed, WATER))[0]
    assert (device.bus, device.fed_by, device.product_class) == ("line-a", "water-1", "L1")
    assert "no other device water-1" in only_fault(tmp_path, fed).what.en
    assert "no other device freezer-1" in only_fault(tmp_path, fed.replace("water-1", "freezer-1"), WATER).what.en


def test_the_inventory_tells_head_office_what_there_is(tmp_path: Path) -> None:
    (device,) = inventory(site(tmp_path))
    assert (device.id, device.device_class, device.duty) == ("freezer-1", "refrigeration_case", "freezer")
    assert (device.profile, device.proven) == ("danfoss_ekc204a1", False)


@pytest.mark.parametrize(
    ("wrong", "right", "what", "fix"),
    [
        ("profile: danfoss_ekc204a,", "profile: danfoss_ekc204a1,", "no profile danfoss_ekc204a", "danfoss_ekc204a1"),
        ("bus: line-b,", "bus: line-a,", "no bus line-b", "line-a"),
        ("unit: 241,", "unit: 3,", "cannot have unit 241", "units 1 to 240"),
        ("unit: 0,", "unit: 3,", "unit is 0", "greater than or equal to 1"),
        ("duty: frezer,", "duty: freezer,", "no duty frezer", "freezer"),
        ("id: Freezer_1,", "id: freezer-1,", "id is 'Freezer_1'", "pattern"),
        ("duty: freezer, color: red,", "duty: freezer,", "no setting called color", "spelling"),
        ("duty: freezer, points: {skip: [temp.air]},", "duty: freezer,", "no point temp.air", "temp.air_on"),
    ],
)
def test_it_says_what_is_wrong_with_a_device(tmp_path: Path, wrong: str, right: str, what: str, fix: str) -> None:
    fault = only_fault(tmp_path, FREEZER.replace(right, wrong))
    assert (fault.file, fault.line) == (str(tmp_path / "site.yaml"), FIRST_DEVICE_LINE)
    assert what in fault.what.en
    assert fix in fault.fix.en


@pytest.mark.parametrize(
    ("right", "wrong", "line", "what"),
    [
        ("Asia/Shanghai", "Asia/Shanghi", 3, "no time zone Asia/Shanghi"),
        ("Asia/Shanghai", "../etc/passwd", 3, "no time zone"),
        ("mqtt://127.0.0.1:1883", "http://127.0.0.1", 4, "url is"),
        ("mqtt://127.0.0.1:1883", "mqtt://me:secret@127.0.0.1", 4, "url is"),
        ("store: demo-001", "store: Demo 1", 1, "store is 'Demo 1'"),
        ("parity: E", "parity: even", 6, "parity is 'even'"),
        ("baud: 9600", "baud: 9660", 6, "baud is 9660"),
        ("baud: 9600", "baud: [9600]", 6, "baud is [9600]"),
        ("host: 127.0.0.1}", "hots: 127.0.0.1}", 7, "host"),
        ("type: tcp", "type: udp", 7, "type is 'udp'"),
        ("name: {zh: 示范门店, en: Demo store}", "name: {zh: 示范门店}", 2, "en is missing"),
    ],
)
def test_it_says_what_is_wrong_with_a_site(tmp_path: Path, right: str, wrong: str, line: int, what: str) -> None:
    found = faults(tmp_path, head=HEAD.replace(right, wrong))
    assert {fault.line for fault in found} == {line}
    assert what in " ".join(fault.what.en for fault in found)


PASSWORD = HEAD.replace("1883", '1883", username: store, password_file: "./broker.password')


def test_a_check_asks_for_the_password_and_an_agent_at_work_does_not(tmp_path: Path) -> None:
    assert site(tmp_path, head=PASSWORD).broker.password_file == tmp_path / "broker.password"
    for content, what in ((None, "cannot be read"), (b" \n", "is empty"), (b"\xff", "cannot be read")):
        if content is not None:
            (tmp_path / "broker.password").write_bytes(content)
        with pytest.raises(Faulty) as faulty:
            load_site(tmp_path / "site.yaml", beside=True)
        (fault,) = faulty.value.faults
        assert (fault.line, what in fault.what.en, "head office" in fault.fix.en) == (4, True, True)
    (tmp_path / "broker.password").write_text("secret\n", encoding="ascii")
    assert load_site(tmp_path / "site.yaml", beside=True).id == "demo-001"


def test_a_missing_password_hides_no_other_fault(tmp_path: Path) -> None:
    faults(tmp_path, head=PASSWORD.replace("Shanghai", "Shanghi"))
    with pytest.raises(Faulty) as faulty:
        load_site(tmp_path / "site.yaml", beside=True)
    assert [fault.line for fault in faulty.value.faults] == [3, 4]


@pytest.mark.parametrize("period", ["10", "10 minutes", "-1s", "0s", "1ms", "ten"])
def test_a_period_needs_a_number_and_a_unit(tmp_path: Path, period: str) -> None:
    fault = only_fault(tmp_path, head=f"poll: {{fast: {period}}}\n{HEAD}")
    assert fault.line == 1
    assert "such as 10s" in fault.fix.en or "at least 100ms" in fault.fix.en


def test_two_devices_cannot_share_a_unit(tmp_path: Path) -> None:
    fault = only_fault(tmp_path, FREEZER, FREEZER.replace("id: freezer-1", "id: freezer-2"))
    assert fault.line == FIRST_DEVICE_LINE + 1
    assert "unit 3 is twice on bus line-a" in fault.what.en


def test_two_devices_cannot_share_an_id(tmp_path: Path) -> None:
    fault = only_fault(tmp_path, FREEZER, FREEZER.replace("unit: 3", "unit: 4"))
    assert f"line {FIRST_DEVICE_LINE} has it" in fault.fix.en


def test_a_key_that_stands_twice_is_a_fault(tmp_path: Path) -> None:
    assert "twice" in only_fault(tmp_path, head=HEAD + "devices:\n").what.en


@pytest.mark.parametrize(
    "text", ["", "[]", "store", "devices: 3\nbuses: 4", "devices: [3]", "buses: {1: {type: rtu}}", ":"]
)
def test_any_yaml_is_answered_with_faults(tmp_path: Path, text: str) -> None:
    (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Faulty):
        load_site(tmp_path / "site.yaml")


def places(data: Any, above: Location = ()) -> Iterator[Location]:
    if above:
        yield above
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, child in children:
        yield from places(child, (*above, key))


@pytest.mark.parametrize("junk", [None, [], {}, [1], {"a": [2]}, "", "x", -1, 1.5, True, 10**30, float("inf")])
def test_junk_in_any_place_is_a_fault_or_harmless(tmp_path: Path, junk: Any) -> None:
    whole = yaml.safe_load(HEAD + f"  - {FREEZER}\n")
    for place in places(whole):
        data = around = deepcopy(whole)
        for key in place[:-1]:
            around = around[key]
        around[place[-1]] = junk
        (tmp_path / "site.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
        with suppress(Faulty):
            load_site(tmp_path / "site.yaml", beside=True)


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Faulty):
        load_site(tmp_path / "none.yaml")


def test_all_faults_come_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    head = HEAD.replace("Shanghai", "Shanghi").replace("parity: E", "parity: X")
    bad = FREEZER.replace("204a1", "999").replace("duty: freezer", "duty: ice, color: red")
    clash = FREEZER.replace("id: freezer-1", "id: freezer-2")
    found = faults(tmp_path, bad, clash, head=head)
    lines = [fault.line for fault in found]
    assert lines == sorted(lines)
    assert lines == [3, 6, FIRST_DEVICE_LINE, FIRST_DEVICE_LINE, FIRST_DEVICE_LINE, FIRST_DEVICE_LINE + 1]


OWN_PROFILE = """\
profile: own_sensor
version: 1
device_class: env_sensor
label: {zh: 自有探头, en: Own sensor}
vendor: own
models: [own]
interface: built in
evidence: {grade: C, source: the installer's own, captures: []}
points:
  temp: {at: H0, type: i16, scale: 0.1}
test_vectors:
  - {point: temp, words: [201], value: 20.1}
"""
OWN_DEVICE = "{id: own-1, profile: own_sensor, bus: gateway-b, unit: 1, duty: freezer, name: {zh: 探头, en: Own}}"


def test_a_store_may_have_profiles_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "own_sensor.yaml").write_text(OWN_PROFILE, encoding="utf-8")
    loaded = site(tmp_path, OWN_DEVICE, FREEZER, head=f"profiles: ./own\n{HEAD}")
    assert loaded.profiles == tmp_path / "own"
    assert [device.profile.id for device in loaded.devices] == ["own_sensor", "danfoss_ekc204a1"]


def test_a_folder_of_profiles_that_is_not_there_is_named(tmp_path: Path) -> None:
    found = faults(tmp_path, OWN_DEVICE, head=f"profiles: ./nowhere\n{HEAD}")
    assert [fault.line for fault in found] == [1, FIRST_DEVICE_LINE + 1]
    assert "nowhere" in found[0].what.en
