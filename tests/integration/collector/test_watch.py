"""What head office notices by itself: one ticket for a store that is not heard, one for many, a word for two agents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from collector.domain.line_faults import OFFICE
from collector.domain.silence import DEFAULT_AFTER
from collector.inbox import Lane
from collector.partitions import ALL, Partitions
from collector.store import lines, tickets
from collector.store.database import TryLater
from collector.store.tickets import Placed
from collector.watch import Watch
from edge_agent.contract.readings import Batch
from tests.integration.collector import cold_room
from tests.integration.collector.bench import BOOK, STORE, Bench, listed, message, poll, status
from tests.integration.collector.visitor import WallClock, hire, log_in, open_office, visiting

STEP = timedelta(seconds=10)
HALVES = (Partitions(last=127), Partitions(first=128))
THIRDS = (Partitions(last=80), Partitions(first=81, last=160), Partitions(first=161))
CHAIN = [f"shop-{number}" for number in range(30)]


def first_stores_of(*parts: Partitions) -> list[str]:
    return [next(store for store in CHAIN if part.holds(store)) for part in parts]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "collector.sqlite", watched=True)
    yield bench
    bench.database.close()


def pass_by(bench: Bench, duration: timedelta, *speaking: str) -> None:
    """Turns of the ingest, in each of which the `speaking` stores say something live."""
    for _ in range(duration // STEP):
        bench.hand.seconds += STEP.total_seconds()
        for store in speaking:
            said = replace(poll(0, -20.0), at=bench.clock.now())
            bench.inbox.waiting.append(message((bench.next_seq(), said), store=store))
        bench.ingest.turn()


def all_tickets(bench: Bench) -> list[Placed]:
    with bench.database.reading() as connection:
        return list(tickets.most_urgent(connection, only_open=True, limit=50))


def faults(bench: Bench) -> list[tuple[str, str, bool]]:
    return sorted((one.store.id, one.ticket.fault, one.ticket.alarm_active) for one in all_tickets(bench))


def kinds(bench: Bench, alarm: tuple[str, str]) -> list[str]:
    """The history of the one ticket of that store and fault."""
    (placed,) = (one for one in all_tickets(bench) if (one.store.id, one.ticket.fault) == alarm)
    with bench.database.reading() as connection:
        return [event.kind for event in tickets.history(connection, placed.ticket.id)]


def test_a_silent_store_is_one_ticket_on_its_gateway(bench: Bench) -> None:
    bench.send((bench.next_seq(), status()))
    pass_by(bench, DEFAULT_AFTER + STEP)
    (placed,) = all_tickets(bench)
    assert (placed.store.id, placed.ticket.fault, placed.device.device_class) == (STORE, "store.offline", "gateway")
    assert placed.ticket.since == bench.clock.now() - DEFAULT_AFTER - STEP
    assert bench.woken == 1
    pass_by(bench, timedelta(hours=1))
    assert len(all_tickets(bench)) == 1
    assert b"collector_silent_stores 1.0" in bench.meters.expose({})


def test_a_store_that_is_not_heard_because_of_a_power_cut_stays_one_ticket(bench: Bench) -> None:
    dark = cold_room.outbox_of(cold_room.Fate(mains=range(10, 100)), 30)
    bench.send(*((bench.next_seq(), body) for body in dark.values()))
    before = kinds(bench, (STORE, "store.power_cut"))
    pass_by(bench, DEFAULT_AFTER + STEP)
    assert faults(bench) == [(STORE, "store.power_cut", True)]
    assert kinds(bench, (STORE, "store.power_cut")) == [*before, "folded"]


def test_the_gateway_is_no_device_of_the_inventory(bench: Bench) -> None:
    bench.send((bench.next_seq(), status()))
    pass_by(bench, DEFAULT_AFTER + STEP)
    with bench.database.reading() as connection:
        assert listed(connection) == ["freezer-1"]


def test_the_first_live_message_ends_it(bench: Bench) -> None:
    pass_by(bench, STEP, STORE)
    pass_by(bench, DEFAULT_AFTER + STEP)
    assert faults(bench) == [(STORE, "store.offline", True)]
    pass_by(bench, 2 * STEP, STORE)
    assert faults(bench) == [(STORE, "store.offline", False)]


def test_history_neither_ends_a_silence_nor_lets_one_begin(bench: Bench) -> None:
    pass_by(bench, STEP, STORE)
    pass_by(bench, DEFAULT_AFTER + STEP)
    bench.inbox.waiting = [replace(message((bench.next_seq(), poll(0, -20.0))), lane=Lane.HISTORY)]
    pass_by(bench, 2 * STEP)
    assert faults(bench) == [(STORE, "store.offline", True)]


def test_a_backlog_that_drains_is_no_silence(bench: Bench) -> None:
    pass_by(bench, STEP, STORE)
    for _ in range(DEFAULT_AFTER // STEP + 5):
        bench.inbox.waiting = [replace(message((bench.next_seq(), poll(0, -20.0))), lane=Lane.HISTORY)]
        pass_by(bench, STEP)
    assert faults(bench) == []


def test_what_head_office_could_not_hear_is_no_silence(bench: Bench) -> None:
    """Its broker, or its own database."""
    pass_by(bench, STEP, STORE)
    bench.hears = False
    pass_by(bench, 3 * DEFAULT_AFTER)
    bench.hears = True
    pass_by(bench, DEFAULT_AFTER)
    assert faults(bench) == []
    pass_by(bench, 2 * STEP)
    assert faults(bench) == [(STORE, "store.offline", True)]


def test_a_restart_of_the_collector_makes_nobody_silent_and_forgets_no_silence(bench: Bench) -> None:
    pass_by(bench, STEP, STORE, "shop-2")
    pass_by(bench, DEFAULT_AFTER + STEP, "shop-2")
    bench.start()
    pass_by(bench, 2 * STEP)
    assert faults(bench) == [(STORE, "store.offline", True)]
    pass_by(bench, STEP, STORE)
    pass_by(bench, STEP)
    assert faults(bench) == [(STORE, "store.offline", False)]


def test_many_at_once_are_one_ticket_of_head_office(bench: Bench) -> None:
    chain = [f"shop-{number}" for number in range(12)]
    pass_by(bench, STEP, *chain)
    pass_by(bench, 2 * DEFAULT_AFTER)
    assert faults(bench) == [(OFFICE, "office.stores_unheard", True)]
    pass_by(bench, DEFAULT_AFTER + 2 * STEP, *chain[1:])
    assert faults(bench) == [(OFFICE, "office.stores_unheard", False), ("shop-0", "store.offline", True)]


def test_a_ticket_that_a_person_closed_is_not_opened_again_while_the_store_stays_silent(bench: Bench) -> None:
    pass_by(bench, STEP, STORE)
    pass_by(bench, DEFAULT_AFTER + STEP)
    with bench.database.writing() as connection:
        (placed,) = tickets.most_urgent(connection, only_open=True, limit=5)
        tickets.change(connection, "new", replace(placed.ticket, state="closed"))
    pass_by(bench, DEFAULT_AFTER)
    assert faults(bench) == []


def test_two_agents_for_one_store_are_named_once_until_it_is_over(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    for turn in range(12):
        bench.hand.seconds += 10
        said = replace(poll(0, -20.0), at=bench.clock.now(), boot=f"boot-{turn % 2}")
        bench.send((bench.next_seq(), said), stream=f"outbox-{turn % 2}")
    assert caplog.text.count("two agents speak for one store") == 1
    with bench.database.reading() as connection:
        assert lines.lines(connection)[STORE].rivals_since is not None
    assert b"collector_rival_stores 1.0" in bench.meters.expose({})
    pass_by(bench, timedelta(minutes=16), STORE)
    with bench.database.reading() as connection:
        assert lines.lines(connection) == {}


def test_after_a_refused_write_it_tries_one_at_each_look(bench: Bench) -> None:
    with pytest.raises(TryLater), bench.database.writing():
        raise TryLater("database or disk is full")
    assert bench.database.refused
    pass_by(bench, 2 * STEP)
    assert not bench.database.refused


def test_the_stores_of_another_collector_are_not_expected_here(bench: Bench) -> None:
    """Both have one database."""
    lower, upper = first_stores_of(*HALVES)
    pass_by(bench, STEP, lower, upper)
    ours = Watch(bench.database, bench.clock, bench.meters, lambda: True, book=BOOK, partitions=HALVES[0])
    for _ in range(DEFAULT_AFTER // STEP + 2):
        bench.hand.seconds += STEP.total_seconds()
        ours.look()
    assert faults(bench) == [(lower, "store.offline", True)]


class Divided:
    """Collectors on one database, each with a part of the chain."""

    def __init__(self, bench: Bench, *parts: Partitions) -> None:
        self.bench = bench
        self.watches = {
            part: Watch(bench.database, bench.clock, bench.meters, lambda: True, book=BOOK, partitions=part)
            for part in parts
        }

    def pass_by(self, duration: timedelta, *speaking: str) -> None:
        for _ in range(duration // STEP):
            pass_by(self.bench, STEP, *speaking)
            for part, watch in self.watches.items():
                for store in speaking:
                    if part.holds(store):
                        watch.hear(Batch(store=store, stream="outbox-a", entries=()), live=True)
                watch.look()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Bench]:
    """The ingest alone: the collectors that watch are the test's."""
    bench = Bench(tmp_path / "collector.sqlite")
    yield bench
    bench.database.close()


def test_a_store_that_died_while_head_office_was_down_for_days_is_noticed(bench: Bench) -> None:
    pass_by(bench, STEP, STORE, "shop-2")
    bench.hand.seconds += timedelta(days=3).total_seconds()
    bench.start()
    pass_by(bench, DEFAULT_AFTER + 2 * STEP, "shop-2")
    assert faults(bench) == [(STORE, "store.offline", True)]


def test_head_office_that_hears_nobody_for_days_does_not_call_that_over(bench: Bench) -> None:
    pass_by(bench, STEP, *CHAIN)
    pass_by(bench, DEFAULT_AFTER + STEP)
    bench.hand.seconds += timedelta(days=3).total_seconds()
    pass_by(bench, DEFAULT_AFTER)
    assert faults(bench) == [(*OFFICE_ALARM, True)]


def test_a_restart_does_not_end_what_head_office_does_not_hear(bench: Bench) -> None:
    pass_by(bench, STEP, *CHAIN)
    pass_by(bench, DEFAULT_AFTER + STEP)
    bench.start()
    pass_by(bench, 3 * STEP)
    assert kinds(bench, OFFICE_ALARM) == ["opened"]
    pass_by(bench, 2 * STEP, *CHAIN)
    assert faults(bench) == [(*OFFICE_ALARM, False)]


OFFICE_ALARM = (OFFICE, "office.stores_unheard")


@pytest.mark.parametrize("parts", [(ALL,), HALVES, THIRDS], ids=["one", "two", "three"])
def test_however_many_collectors_divide_the_stores_their_silence_is_one_ticket(
    office: Bench, parts: tuple[Partitions, ...]
) -> None:
    collectors = Divided(office, *parts)
    collectors.pass_by(STEP, *CHAIN)
    collectors.pass_by(DEFAULT_AFTER + STEP)
    assert faults(office) == [(*OFFICE_ALARM, True)]
    assert kinds(office, OFFICE_ALARM) == ["opened"]
    collectors.pass_by(timedelta(minutes=2), *CHAIN)
    assert faults(office) == [(*OFFICE_ALARM, False)]
    assert kinds(office, OFFICE_ALARM) == ["opened", "cleared"]


def test_it_stands_until_no_collector_says_so_any_more(office: Bench) -> None:
    """What one of them hears again is no word about the stores of the other."""
    collectors = Divided(office, *HALVES)
    collectors.pass_by(STEP, *CHAIN)
    collectors.pass_by(DEFAULT_AFTER + STEP)
    lower = [store for store in CHAIN if HALVES[0].holds(store)]
    collectors.pass_by(2 * DEFAULT_AFTER, *lower)
    assert faults(office) == [(*OFFICE_ALARM, True)]
    collectors.pass_by(2 * STEP, *CHAIN)
    assert faults(office) == [(*OFFICE_ALARM, False)]


def test_a_collector_calls_its_stores_silent_while_the_other_one_hears_none(office: Bench) -> None:
    collectors = Divided(office, *HALVES)
    collectors.pass_by(STEP, *CHAIN)
    lower = [store for store in CHAIN if HALVES[0].holds(store)]
    collectors.pass_by(DEFAULT_AFTER + 2 * STEP, *lower[1:])
    assert faults(office) == [(*OFFICE_ALARM, True), (lower[0], "store.offline", True)]


def test_stores_that_are_divided_anew_forget_no_silence_and_keep_none(office: Bench) -> None:
    collectors = Divided(office, ALL)
    collectors.pass_by(STEP, *CHAIN)
    collectors.pass_by(DEFAULT_AFTER + STEP)
    collectors = Divided(office, *HALVES)
    collectors.pass_by(2 * STEP)
    assert faults(office) == [(*OFFICE_ALARM, True)]
    collectors.pass_by(2 * STEP, *CHAIN)
    assert faults(office) == [(*OFFICE_ALARM, False)]
    with office.database.reading() as connection:
        assert lines.unheard(connection) == {}


def test_the_list_of_stores_says_who_is_silent_and_leaves_head_office_out(bench: Bench, wall: WallClock) -> None:
    chain = [f"shop-{number}" for number in range(3)]
    pass_by(bench, STEP, *chain)
    pass_by(bench, DEFAULT_AFTER + STEP)
    pass_by(bench, DEFAULT_AFTER + 2 * STEP, *chain[1:])
    hire(bench, "li")
    with visiting(open_office(bench, wall)) as visitor:
        log_in(visitor)
        told = visitor.get("/api/v1/stores").json()["stores"]
        assert [(one["id"], one["silent_since"] is not None) for one in told] == [
            ("shop-0", True),
            ("shop-1", False),
            ("shop-2", False),
        ]
        (ticket, *_) = visitor.get("/api/v1/tickets").json()["tickets"]
        detail = visitor.get(f"/api/v1/tickets/{ticket['id']}").json()
    assert detail["device"]["duty_name"] == {"zh": "网关", "en": "Gateway"}
    assert len(detail["diagnosis"]) >= 2
    assert all(cause["checks"] for cause in detail["diagnosis"])
