"""What the released messages of `tests/contract/v1` say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from edge_agent.contract.readings import (
    Ack,
    AgentStatus,
    Batch,
    BusHealth,
    ClockHealth,
    Coordinates,
    Device,
    DeviceHealth,
    Entry,
    Gap,
    OutboxHealth,
    Quality,
    Reading,
    Telemetry,
)
from edge_agent.contract.text import Text

FOLDER = Path(__file__).parents[2] / "contract" / "v1"
STORE = "cn-sh-0042"
STREAM = "5f2d7c0e9a5b4c1d8e3f60718293a4b5"

TELEMETRY = Telemetry(
    device="freezer-1",
    at=datetime(2026, 7, 15, 4, 0, 0, 250000, tzinfo=UTC),
    boot="6f9c0c1e-6e0a-4b43-9a52-8a3c7e1f2b10.1a2b3c4d",
    mono=86412.125,
    clock_trusted=True,
    readings=(
        Reading(point="temp.control", value=-19.8),
        Reading(point="defrost.active", value=False),
        Reading(point="state.mode", value="cooling"),
        Reading(point="temp.evaporator", value=None, quality=Quality.PROBE_FAULT),
        Reading(point="temp.air_off", value=None, quality=Quality.OUT_OF_RANGE),
    ),
)
SILENCE = Telemetry(
    device="ac-1",
    at=datetime(1970, 1, 1, 0, 1, tzinfo=UTC),
    boot="6f9c0c1e-6e0a-4b43-9a52-8a3c7e1f2b10.1a2b3c4d",
    mono=60.0,
    clock_trusted=False,
    readings=(
        Reading(point="power", value=None, quality=Quality.NO_ANSWER),
        Reading(point="sp", value=None, quality=Quality.BUS_DOWN),
        Reading(point="temp.outdoor", value=None, quality=Quality.REFUSED),
    ),
)
STATUS = AgentStatus(
    at=datetime(2026, 7, 15, 4, 5, tzinfo=UTC),
    boot="6f9c0c1e-6e0a-4b43-9a52-8a3c7e1f2b10.1a2b3c4d",
    agent_version="0.1.0",
    name=Text(zh="上海示范店", en="Shanghai demo store"),
    timezone="Asia/Shanghai",
    devices=(
        Device(
            id="freezer-1",
            device_class="refrigeration_case",
            duty="freezer",
            profile="danfoss_ekc202d",
            profile_version=1,
            proven=False,
            name=Text(zh="冷冻柜 1", en="Freezer 1"),
        ),
    ),
    buses=(BusHealth(bus="line-a", up=True, turns=812, requests=9744, no_answers=3, refusals=1, cycle_s=0.41),),
    outbox=OutboxHealth(entries=17, oldest_at=datetime(2026, 7, 15, 4, 4, 58, tzinfo=UTC), dropped=0),
)
STATUS_OF_LINES = replace(
    STATUS,
    buses=(
        replace(
            STATUS.buses[0],
            answers=9741,
            damaged=2,
            late=1,
            turnaround_p50_s=0.0365,
            turnaround_p99_s=0.0714,
            line_share=0.62,
            devices=(
                DeviceHealth(
                    device="freezer-1",
                    answers=True,
                    requests=9744,
                    no_answers=3,
                    damaged=2,
                    late=1,
                    refusals=1,
                    turnaround_p50_s=0.0365,
                    turnaround_p99_s=0.0714,
                    cycle_s=10.2,
                    cycle_limit_s=10.0,
                    refused=("alarm.door_open",),
                ),
                DeviceHealth(device="freezer-2", answers=False),
            ),
        ),
    ),
)
STATUS_OF_A_BABBLER = replace(
    STATUS,
    buses=(
        replace(
            STATUS.buses[0],
            babbling=True,
            babbling_unit=3,
            devices=(DeviceHealth(device="freezer-1", answers=False, babbles=True),),
        ),
        replace(STATUS.buses[0], bus="line-b", babbling=True, other_master=True),
    ),
)
STATUS_OF_A_CLOCK = replace(STATUS, clock=ClockHealth(trusted=False, ahead_s=-86400.5, steps=2))
STATUS_OF_A_PLACE = replace(
    STATUS,
    devices=(replace(STATUS.devices[0], bus="line-a", fed_by="condensing-unit-1", product_class="L1"),),
    location=Coordinates(latitude=31.2304, longitude=121.4737),
)
REPAIRED = replace(TELEMETRY, repaired=True)
GAP = Gap(from_seq=41, to_seq=140, count=98, reason="full")


def batch(*entries: Entry, live_from: int = 0, present_from: int = 0) -> Batch:
    return Batch(store=STORE, stream=STREAM, entries=entries, live_from=live_from, present_from=present_from)


BATCHES = {
    "batch_telemetry.json": batch(Entry(seq=2, body=TELEMETRY), Entry(seq=3, body=SILENCE)),
    "batch_status.json": batch(Entry(seq=1, body=STATUS)),
    "batch_status_of_lines.json": batch(Entry(seq=1, body=STATUS_OF_LINES)),
    "batch_gap.json": batch(Entry(seq=141, body=GAP)),
    "batch_mixed.json": batch(Entry(seq=1, body=STATUS), Entry(seq=2, body=TELEMETRY), Entry(seq=141, body=GAP)),
    "batch_empty.json": batch(),
    "batch_live.json": batch(Entry(seq=8160, body=TELEMETRY), live_from=8001),
    "batch_present.json": batch(Entry(seq=8160, body=TELEMETRY), live_from=8001, present_from=8161),
    "batch_repaired.json": batch(Entry(seq=2, body=REPAIRED)),
    "batch_status_of_a_babbler.json": batch(Entry(seq=1, body=STATUS_OF_A_BABBLER)),
    "batch_status_of_a_clock.json": batch(Entry(seq=1, body=STATUS_OF_A_CLOCK)),
    "batch_status_of_a_place.json": batch(Entry(seq=1, body=STATUS_OF_A_PLACE)),
    "history.zlib": batch(Entry(seq=2, body=TELEMETRY), Entry(seq=3, body=SILENCE), live_from=8001),
}
ACKS = {
    "ack.json": Ack(stream=STREAM, upto=140),
    "ack_at.json": Ack(stream=STREAM, upto=140, at=datetime(2026, 7, 15, 4, 0, 1, 500000, tzinfo=UTC)),
    "ack_ranges.json": Ack(stream=STREAM, upto=40, ranges=((141, 150), (160, 160))),
}
