"""An alarm that somebody holds back opens no ticket until nothing holds it back any more."""

from __future__ import annotations

from datetime import timedelta

from collector.domain.suppression import Kind, Suppression
from collector.ingest import LOOK_EVERY_S
from collector.store import suppressions, tickets
from collector.store.tables import episode
from edge_agent.contract.readings import Quality
from tests.integration.collector.bench import FREEZER, NOW, STORE, Bench, poll, status

HOUR = timedelta(hours=1)


def take_out_of_service(bench: Bench) -> None:
    held = Suppression(
        kind=Kind.OUT_OF_SERVICE,
        reason="repair",
        actor="li",
        begins_at=NOW - HOUR,
        until=NOW + HOUR,
        store=STORE,
        device=FREEZER.id,
    )
    with bench.database.writing() as connection:
        suppressions.begin(connection, held)


def fall_silent(bench: Bench, minutes: int = 20) -> None:
    bench.send(*((bench.next_seq(), poll(minute, Quality.NO_ANSWER)) for minute in range(minutes)))


def pass_by(bench: Bench, duration: timedelta) -> None:
    bench.hand.seconds += duration.total_seconds() + LOOK_EVERY_S
    bench.ingest.turn()


def test_it_is_an_episode_and_no_ticket_until_it_is_told_at_last(bench: Bench) -> None:
    bench.send((bench.next_seq(), status()))
    take_out_of_service(bench)
    fall_silent(bench)
    with bench.database.reading() as connection:
        assert connection.execute(episode.select()).one().ticket is None
    assert bench.count_tickets() == 0
    pass_by(bench, HOUR)
    with bench.database.reading() as connection:
        (placed,) = tickets.most_urgent(connection, only_open=True, limit=5)
        assert connection.execute(episode.select()).one().ticket == placed.ticket.id
    assert placed.ticket.fault == "device.silent"
    assert bench.woken == 1
    pass_by(bench, HOUR)
    assert bench.count_tickets() == 1


def test_what_is_over_before_that_is_told_to_nobody(bench: Bench) -> None:
    bench.send((bench.next_seq(), status()))
    take_out_of_service(bench)
    fall_silent(bench)
    bench.send(*((bench.next_seq(), poll(minute, -20.0)) for minute in range(20, 40)))
    pass_by(bench, 2 * HOUR)
    assert bench.count_tickets() == 0
