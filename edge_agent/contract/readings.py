"""The values that travel between a store and head office."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from edge_agent.contract.text import Text

Value = float | bool | str


class Quality(StrEnum):
    """Why a reading may or may not decide something; every word but `good` means that there is no value."""

    GOOD = "good"
    NO_ANSWER = "no_answer"
    BUS_DOWN = "bus_down"
    REFUSED = "refused"
    PROBE_FAULT = "probe_fault"
    OUT_OF_RANGE = "out_of_range"


UNREACHED = frozenset({Quality.NO_ANSWER, Quality.BUS_DOWN})
"""Qualities that speak of the line and not of the point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One point at one instant. `value` is None exactly when `quality` is not good; a float is finite."""

    point: str
    value: Value | None
    quality: Quality = Quality.GOOD


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """What one poll of one device brought and the report found worth sending.

    `boot` names the run of the gateway and `mono` is its monotonic clock in seconds: together they repair times that
    were taken while the clock was wrong.
    """

    device: str
    at: datetime
    boot: str
    mono: float
    clock_trusted: bool
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One entry of a store's inventory, as rules, tickets and pages know it."""

    id: str
    device_class: str
    duty: str
    profile: str
    profile_version: int
    proven: bool
    name: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceHealth:
    """How one device on a line has fared since the agent started; None where nothing is known yet.

    `turnaround_…_s` is from the end of a request to its answer. `cycle_s` is the store time between its last two polls
    of the most frequent class, `cycle_limit_s` what the site file wants it to be. `refused` are the points that it was
    found not to have.
    """

    device: str
    answers: bool
    requests: int = 0
    no_answers: int = 0
    damaged: int = 0
    late: int = 0
    refusals: int = 0
    turnaround_p50_s: float | None = None
    turnaround_p99_s: float | None = None
    cycle_s: float | None = None
    cycle_limit_s: float | None = None
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BusHealth:
    """How one line has fared since the agent started. `cycle_s` is the last turn's wall time in seconds.

    `damaged` are frames whose check sum was wrong; `line_share` is the share of the last minute in which the line was
    busy.
    """

    bus: str
    up: bool
    turns: int
    requests: int
    no_answers: int
    refusals: int
    cycle_s: float
    answers: int = 0
    damaged: int = 0
    late: int = 0
    turnaround_p50_s: float | None = None
    turnaround_p99_s: float | None = None
    line_share: float | None = None
    devices: tuple[DeviceHealth, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxHealth:
    """What head office has not confirmed yet."""

    entries: int
    oldest_at: datetime | None
    dropped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStatus:
    """Who the store is, what it has, and how its gateway fares. Sent at start, on change and at intervals."""

    at: datetime
    boot: str
    agent_version: str
    name: Text
    timezone: str
    devices: tuple[Device, ...]
    buses: tuple[BusHealth, ...]
    outbox: OutboxHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Entries `from_seq`..`to_seq` that the outbox had to drop; `count` of them were there to drop."""

    from_seq: int
    to_seq: int
    count: int
    reason: str


Body = Telemetry | AgentStatus | Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the outbox: `seq` is given by the outbox and never used again."""

    seq: int
    body: Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One MQTT message upward: some entries of one stream of one store. The topic says which store."""

    store: str
    stream: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """What head office has stored of a stream: all up to `upto`, and the closed `ranges` beyond it."""

    stream: str
    upto: int
    ranges: tuple[tuple[int, int], ...] = ()
