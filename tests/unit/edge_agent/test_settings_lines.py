"""The buses of a site file: each is one place, and what hangs on it speaks as it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.core.profile import SerialFormat
from edge_agent.settings import RtuTcpBus
from tests.unit.edge_agent.test_settings import FIRST_DEVICE_LINE, FREEZER, HEAD, faults, only_fault, site


@pytest.mark.parametrize("baud", [0, 300, 9601, 12500, 115201, 921600])
def test_a_speed_that_no_controller_has_is_a_slip_of_the_pen(tmp_path: Path, baud: int) -> None:
    own = FREEZER.replace("unit: 3", f"unit: 3, serial: {{baud: {baud}, parity: E, stop_bits: 1}}")
    found = faults(tmp_path, own, head=HEAD.replace("baud: 9600", f"baud: {baud}"))
    assert [fault.line for fault in found] == [6, FIRST_DEVICE_LINE]
    assert {fault.fix.zh.partition("1200")[0] for fault in found} == {"可取:"}
    assert "9600, 14400, 19200" in found[0].fix.en


def test_a_device_of_another_format_does_not_fit_the_line(tmp_path: Path) -> None:
    sensor = "{id: climate-1, profile: xy_md02, bus: line-a, unit: 9, duty: store_climate, name: {zh: 温, en: Climate}}"
    fault = only_fault(tmp_path, FREEZER, sensor)
    assert "xy_md02 speaks 9600 8N1, but bus line-a is 9600 8E1" in fault.what.en
    told = sensor.replace("unit: 9,", "unit: 9, serial: {baud: 9600, parity: E, stop_bits: 1},")
    assert len(site(tmp_path, FREEZER, told).devices) == 2


def test_a_line_that_fits_none_of_its_devices_is_told_for_each(tmp_path: Path) -> None:
    other = FREEZER.replace("id: freezer-1", "id: freezer-2").replace("unit: 3", "unit: 4")
    assert len(faults(tmp_path, FREEZER, other, head=HEAD.replace("parity: E", "parity: N"))) == 2


def test_two_buses_cannot_share_a_port(tmp_path: Path) -> None:
    second = "buses:\n  line-z: {type: rtu, port: ./line-a, baud: 9600, parity: E, stop_bits: 1}\n"
    assert "same port as line-z" in only_fault(tmp_path, head=HEAD.replace("buses:\n", second)).what.en


@pytest.mark.parametrize("spelling", ["line-a", ".//line-a", "./x/../line-a"])
def test_a_port_is_the_same_however_it_is_written(tmp_path: Path, spelling: str) -> None:
    second = f"buses:\n  line-z: {{type: rtu, port: {spelling}, baud: 9600, parity: E, stop_bits: 1}}\n"
    assert "same port as line-z" in only_fault(tmp_path, head=HEAD.replace("buses:\n", second)).what.en


SERVER = "{type: rtu_tcp, host: 10.0.0.7, port: 4001, baud: 9600, parity: %s, stop_bits: 1}"


def test_a_line_behind_a_serial_server_has_its_place_and_its_format(tmp_path: Path) -> None:
    head = HEAD.replace("{type: tcp, host: 127.0.0.1}", SERVER % "E")
    bus = site(tmp_path, FREEZER.replace("line-a", "gateway-b"), head=head).buses["gateway-b"]
    assert bus == RtuTcpBus(
        id="gateway-b", host="10.0.0.7", port=4001, serial=SerialFormat(baud=9600, parity="E", stop_bits=1)
    )


def test_a_serial_server_with_another_format_than_the_device_is_a_fault(tmp_path: Path) -> None:
    head = HEAD.replace("{type: tcp, host: 127.0.0.1}", SERVER % "N")
    fault = only_fault(tmp_path, FREEZER.replace("line-a", "gateway-b"), head=head)
    assert "but bus gateway-b is 9600 8N1" in fault.what.en


def test_an_adapter_is_the_same_by_each_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "by-id").symlink_to(tmp_path / "line-a")
    second = "buses:\n  line-z: {type: rtu, port: ./by-id, baud: 9600, parity: E, stop_bits: 1}\n"
    fault = only_fault(tmp_path, head=HEAD.replace("buses:\n", second))
    assert "same port as line-z" in fault.what.en
    assert "on one bus" in fault.fix.en


@pytest.mark.parametrize("again", ["host: 127.0.0.1", "host: 127.0.0.1, port: 502"])
def test_a_gateway_is_the_same_also_where_its_port_is_the_usual_one(tmp_path: Path, again: str) -> None:
    head = HEAD.replace("devices:", f"  twice: {{type: tcp, {again}}}\ndevices:")
    assert "bus twice is the same port as gateway-b" in only_fault(tmp_path, head=head).what.en


def test_one_place_is_one_bus_whatever_is_spoken_there(tmp_path: Path) -> None:
    head = HEAD.replace("{type: tcp, host: 127.0.0.1}", SERVER % "E").replace(
        "devices:", "  twice: {type: tcp, host: 10.0.0.7, port: 4001}\ndevices:"
    )
    assert "is the same port as gateway-b" in only_fault(tmp_path, head=head).what.en
