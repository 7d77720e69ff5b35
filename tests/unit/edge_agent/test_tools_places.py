"""What an installer types and sees: buses, ranges, progress, tables."""

from __future__ import annotations

import pytest

from edge_agent.__main__ import main
from edge_agent.core.profile import SerialFormat, Table
from edge_agent.settings import RtuBus, RtuTcpBus, TcpBus
from edge_agent.tools.console import Misuse, bar, clock_text, table
from edge_agent.tools.places import Span, place_of, span_of


def test_a_bus_is_named_as_installers_write_it() -> None:
    line = SerialFormat(baud=9600, parity="E", stop_bits=1)
    assert place_of("/dev/ttyUSB0", line).bus == RtuBus(id="/dev/ttyUSB0", port="/dev/ttyUSB0", serial=line)
    assert place_of("10.0.0.5:502", line).bus == TcpBus(id="10.0.0.5:502", host="10.0.0.5", port=502)
    behind = place_of("rtu:dtu.local:4196", line).bus
    assert behind == RtuTcpBus(id="rtu:dtu.local:4196", host="dtu.local", port=4196, serial=line)


@pytest.mark.parametrize("wrong", ["10.0.0.5:70000", "rtu:10.0.0.5:0"])
def test_a_port_that_cannot_be_is_a_wrong_use(wrong: str) -> None:
    with pytest.raises(Misuse, match="1 to 65535"):
        place_of(wrong, SerialFormat(baud=9600, parity="E", stop_bits=1))


@pytest.mark.parametrize(
    "wrong",
    [
        "probe line --unit 300 --from 1",
        "probe line --unit -1 --from 1",
        "probe line --unit 3 --from 1 --block 0",
        "probe line --unit 3 --from 1 --block 126",
        "probe line --unit 3 --from 1 --baud 9601",
        "solve line --unit 256 --range H1 --shows 5",
    ],
)
def test_a_number_that_cannot_be_is_a_wrong_use(wrong: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong.split())
    assert ended.value.code == 2


def test_a_bus_of_a_site_file_brings_its_devices() -> None:
    place = place_of("configs/sites/demo-store.yaml:line-a", SerialFormat(baud=1, parity="N", stop_bits=1))
    assert place.bus.id == "line-a"
    assert "freezer-1" in [device.id for device in place.devices]
    with pytest.raises(Misuse, match="line-a"):
        place_of("configs/sites/demo-store.yaml:nope", SerialFormat(baud=1, parity="N", stop_bits=1))


def test_a_range_is_a_table_and_addresses() -> None:
    assert span_of("H2500-2600") == Span(table=Table.HOLDING, first=2500, last=2600)
    assert span_of("i0x10").count == 1
    for wrong in ("2500-2600", "H10-5", "H70000", "X1", "H1-"):
        with pytest.raises(Misuse):
            span_of(wrong)


def test_progress_says_how_much_is_left() -> None:
    assert bar(30, 120, "unit 7", "en") == "[######..................]  25%  unit 7  about 1:30 left"
    assert "约剩 0:00" in bar(1, 0, "站号 7", "zh")
    assert clock_text(-5) == "0:00"


def test_chinese_characters_take_two_places() -> None:
    assert table([("设备", "1"), ("a", "22")], frozenset({1})) == ["设备   1", "a     22"]
