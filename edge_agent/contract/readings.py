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

    `boot` names the run of the machine and, behind a dot, that of the agent; `mono` is the machine's monotonic clock in
    seconds: together they repair times that were taken while the clock was wrong. `repaired` says that `at` is not what
    the clock said. An instant that is not `clock_trusted` decides nothing.
    """

    device: str
    at: datetime
    boot: str
    mono: float
    clock_trusted: bool
    readings: tuple[Reading, ...]
    repaired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One entry of a store's inventory, as rules, tickets and pages know it.

    `bus` is the line it hangs on, `fed_by` the device of the same store without which it cannot work (a condensing
    unit, an outdoor unit, a meter of its circuit), `product_class` what it keeps (M0 ... L2 or the chain's own). Empty
    is unknown.
    """

    id: str
    device_class: str
    duty: str
    profile: str
    profile_version: int
    proven: bool
    name: Text
    bus: str = ""
    fed_by: str = ""
    product_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinates:
    """Where a store is, in degrees; north and east are positive. It tells when the sun rises there."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceHealth:
    """How one device on a line has fared since the agent started; None where nothing is known yet.

    `turnaround_…_s` is from the end of a request to its answer. `cycle_s` is the store time between its last two polls
    of the most frequent class, `cycle_limit_s` what the site file wants it to be. `refused` are the points that it was
    found not to have. `babbles`: it talks on its line without being asked, and what it says is not believed.
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
    babbles: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BusHealth:
    """How one line has fared since the agent started. `cycle_s` is the last turn's wall time in seconds.

    `damaged` are frames whose check sum was wrong; `line_share` is the share of the last minute in which the line was
    busy. `babbling`: somebody talks on it without being asked, `babbling_unit` where a unit id can be told;
    `other_master`: what is heard is the traffic of a second master.
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
    babbling: bool = False
    babbling_unit: int | None = None
    other_master: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxHealth:
    """What head office has not confirmed yet, and what keeping it wore since the file was made: both figures grow."""

    entries: int
    oldest_at: datetime | None
    dropped: int
    commits: int = 0
    written_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockHealth:
    """How the gateway's clock stands beside head office's: `ahead_s` is negative where it is behind, None until head
    office has told its time. `steps` counts how often it was set since the agent started."""

    trusted: bool
    ahead_s: float | None = None
    steps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStatus:
    """Who the store is, what it has, and how its gateway fares. Sent at start, on change and at intervals.

    `at` is what the gateway's clock said, right or wrong: it says nothing of when the store was last heard of.
    """

    at: datetime
    boot: str
    agent_version: str
    name: Text
    timezone: str
    devices: tuple[Device, ...]
    buses: tuple[BusHealth, ...]
    outbox: OutboxHealth
    clock: ClockHealth | None = None
    location: Coordinates | None = None


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
    """One MQTT message upward: some entries of one stream of one store. The topic says which store.

    Entries from `live_from` on may be judged ahead of the older ones, which come as history; 0 means no such parting.
    Those from `present_from` on were recorded while somebody listened: of what was over before it nobody need be told;
    0 means that nobody says so.
    """

    store: str
    stream: str
    entries: tuple[Entry, ...]
    live_from: int = 0
    present_from: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """What head office has stored of a stream: all up to `upto`, and the closed `ranges` beyond it.

    `at` is head office's time at the commit, by which the store repairs its own; None from an older head office.
    """

    stream: str
    upto: int
    ranges: tuple[tuple[int, int], ...] = ()
    at: datetime | None = None
