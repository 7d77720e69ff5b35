"""A store on a clock: whole steps, faults at their time, silence on the line."""

from __future__ import annotations

import struct
from datetime import timedelta

from pymodbus.pdu import ModbusPDU

from simulators.answers import read_request
from simulators.faults import Injection
from simulators.live import LiveStore
from simulators.plants.relay_board import RelayBoard
from simulators.store import StoreState
from tests.unit.simulators.demo_store import MORNING, HandClock, live_store

FREEZER, RELAYS = 3, 13


def temperature() -> ModbusPDU:
    return read_request(struct.pack(">BHH", 3, 2531, 1))


def asked(store: LiveStore) -> float | None:
    """What the freezer's controller answers, in °C; None: nothing."""
    response = store.units("line-a")[FREEZER].answer(temperature())
    return None if response is None else struct.unpack(">h", struct.pack(">H", response.registers[0]))[0] / 10


def test_it_catches_up_with_the_clock_in_whole_steps() -> None:
    hand = HandClock()
    store = live_store(hand)
    hand.turn(timedelta(seconds=25))
    store.catch_up()
    assert store.state.at == MORNING + timedelta(seconds=20)


def test_it_does_not_matter_who_looks_when() -> None:
    often, seldom = HandClock(), HandClock()
    first, second = live_store(often), live_store(seldom)
    for _ in range(120):
        often.turn(timedelta(seconds=7))
        first.catch_up()
    seldom.turn(timedelta(seconds=840))
    second.catch_up()
    assert first.state == second.state


def test_each_line_has_its_own_controllers() -> None:
    store = live_store(HandClock())
    assert set(store.units("line-a")) == {1, 3, 4}
    assert set(store.units("gateway-b")) == {11, 12, 13, 14}


def test_an_answer_is_of_now() -> None:
    hand = HandClock()
    store = live_store(hand)
    store.begin_story([Injection(device="freezer-1", fault="compressor_dead", at=timedelta())])
    cold = asked(store)
    hand.turn(timedelta(hours=1))
    warm = asked(store)
    assert cold is not None
    assert warm is not None
    assert warm > cold + 5


def test_a_fault_begins_at_its_time_of_the_story() -> None:
    hand = HandClock()
    store = live_store(hand)
    hand.turn(timedelta(hours=1))
    store.begin_story([Injection(device="freezer-1", fault="controller_silent", at=timedelta(minutes=5))])
    hand.turn(timedelta(minutes=4))
    assert asked(store) is not None
    hand.turn(timedelta(minutes=2))
    assert asked(store) is None


def test_a_relay_that_is_switched_stays_so() -> None:
    hand = HandClock()
    store = live_store(hand)
    store.units("gateway-b")[RELAYS].answer(read_request(struct.pack(">BHH", 5, 0, 0)))
    hand.turn(timedelta(minutes=1))
    store.catch_up()
    assert store.state.plants["sign-relay-1"] == RelayBoard(closed=frozenset())


def test_somebody_may_watch_every_step() -> None:
    hand = HandClock()
    steps: list[tuple[StoreState, StoreState]] = []
    store = live_store(hand, lambda before, after: steps.append((before, after)))
    hand.turn(timedelta(minutes=1))
    store.catch_up()
    assert len(steps) == 6
    assert all(after.at - before.at == timedelta(seconds=10) for before, after in steps)
