"""Every shipped profile can be served, with every point of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pymodbus.pdu import bit_message as bits
from pymodbus.pdu import register_message as registers

from edge_agent.contract.clock import Clock
from edge_agent.core.profile import Table
from edge_agent.profiles.load import profile, shipped_profiles
from simulators.bench import Bench
from simulators.faults import Injection
from simulators.line_faults import LineFault, fault_share

READS = {
    Table.COIL: bits.ReadCoilsRequest,
    Table.DISCRETE: bits.ReadDiscreteInputsRequest,
    Table.HOLDING: registers.ReadHoldingRegistersRequest,
    Table.INPUT: registers.ReadInputRegistersRequest,
}


def clock() -> Clock:
    return Clock(wall=lambda: 0.0, steady=lambda: 0.0, epoch=datetime(2026, 7, 1, 12, tzinfo=UTC))


def bench(profile_id: str = "xy_md02", **where: object) -> Bench:
    return Bench(profile=profile(profile_id), unit=1, duty=None, host="127.0.0.1", **where)  # type: ignore[arg-type]


@pytest.mark.parametrize("profile_id", shipped_profiles())
def test_every_point_of_every_profile_is_answered(profile_id: str) -> None:
    controller = bench(profile_id, port=0).store(clock()).units("bench")[1]
    for point in profile(profile_id).points.values():
        request = READS[point.address.table](address=point.address.number, count=point.type.words)
        answered = controller.answer(request)
        assert answered is not None
        assert not answered.isError(), point.name


def test_a_bench_knows_which_faults_its_line_cannot_have() -> None:
    faults = (fault_share("crc+late"), fault_share("closed"), fault_share("stale"))
    impossible = {
        "tcp": bench(port=0, faults=faults).impossible_faults,
        "pty": bench(pty=Path("line"), faults=faults).impossible_faults,
        "rtu-tcp": bench(rtu_port=0, faults=faults).impossible_faults,
    }
    assert impossible == {
        "tcp": {LineFault.CRC},
        "pty": {LineFault.CLOSED, LineFault.STALE},
        "rtu-tcp": {LineFault.STALE},
    }


def test_lateness_is_measured_by_the_time_out_of_the_profile() -> None:
    assert bench(port=0).manners()[1].patience == profile("xy_md02").answer_within.total_seconds()


def test_a_gateway_whose_controller_falls_silent_answers_for_none_of_its_units() -> None:
    store = bench("coolmasternet", port=0, instances=(1, 2)).store(clock())
    (gateway,) = store.units("bench").values()
    asked = registers.ReadHoldingRegistersRequest(address=16 * 2 + 2, count=1)
    assert gateway.answer(asked) is not None
    store.begin_story([Injection(device="bench-2", fault="controller_silent", at=timedelta())])
    assert gateway.answer(asked) is None


@pytest.mark.parametrize(("numbers", "known"), [((1, 64), True), ((0, 1), False), ((64, 65), False)])
def test_a_bench_knows_which_instances_its_profile_has(numbers: tuple[int, ...], known: bool) -> None:
    assert bench("coolmasternet", port=0, instances=numbers).has_instances is known
    assert not bench("xy_md02", port=0, instances=(1,)).has_instances
