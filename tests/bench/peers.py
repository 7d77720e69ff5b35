"""Our whole agent beside the other programs that poll Modbus and publish by MQTT, all in one run of ten minutes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests.bench import rivals, stores
from tests.bench.load import Contender, PeerFailed, StartBroker, Usage, measure, nats
from tests.bench.row import Row, missing, quotient

FEW, MANY = 200, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    name: str
    contender: Contender
    broker: StartBroker = nats


NODE_RED = Peer(name="Node-RED 4.1.15 + contrib-modbus 5.23.3", contender=rivals.node_red)
COLLECTD = Peer(name="collectd 5.12 modbus + mqtt", contender=rivals.collectd)
THINGSBOARD = Peer(name="thingsboard-gateway 3.8.5", contender=rivals.thingsboard, broker=rivals.mosquitto)
BARE = Peer(name="bare pymodbus + paho + uvloop, nothing durable", contender=rivals.bare)


@cache
def _ours(devices: int) -> Usage:
    return measure(stores.agent, devices)


@cache
def _theirs(peer: Peer, devices: int) -> Usage:
    return measure(peer.contender, devices, broker=peer.broker)


def rows() -> Iterator[Row]:
    """The farm's figures come with each row. A bar of infinity is none: the row is there to be looked at."""
    for devices, bar in ((FEW, 1.5), (MANY, 1.0)):
        yield on_time(devices)
        yield cpu(NODE_RED, devices, bar)
        yield memory(NODE_RED, devices, 1 / 3)
        yield cpu(BARE, devices, float("inf"))
    yield cpu(COLLECTD, FEW, float("inf"))
    yield cpu(THINGSBOARD, FEW, 1 / 5)


def cpu(peer: Peer, devices: int, bar: float) -> Row:
    name = f"agent: CPU, {devices} devices × 20 registers at 1 s"
    try:
        theirs = _theirs(peer, devices)
    except PeerFailed as reason:
        return missing(name, bar, peer.name, str(reason))
    ours = _ours(devices)
    ratios = [mine / its for mine in ours.cpu for its in theirs.cpu]
    spread = (max(ratios) - min(ratios)) / 2
    return quotient(name, ours.share / theirs.share, spread, bar, peer.name, _both(ours, theirs))


def memory(peer: Peer, devices: int, bar: float) -> Row:
    name = f"agent: resident memory, {devices} devices"
    try:
        theirs = _theirs(peer, devices)
    except PeerFailed as reason:
        return missing(name, bar, peer.name, str(reason))
    ours = _ours(devices)
    return quotient(name, ours.rss / theirs.rss, 0.0, bar, peer.name, _both(ours, theirs))


def on_time(devices: int) -> Row:
    """The bar is one missing poll in a thousand: the farm shares two cores with those who poll it."""
    ours = _ours(devices)
    name = f"agent: polls not on time, {devices} devices"
    return quotient(name, 1 - ours.on_time, 0.0, 0.001, "the polls that were due", ours.told())


def _both(ours: Usage, theirs: Usage) -> str:
    return f"ours {ours.told()}; peer {theirs.told()}"
