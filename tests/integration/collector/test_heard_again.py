"""A store that is heard again: why it was silent, who is told of it, and that it leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from collector.domain.line_faults import GATEWAY
from collector.domain.silence import DEFAULT_AFTER
from collector.domain.suppression import Kind, Suppression
from collector.store import alarms, episodes, feed, lines, suppressions, tickets
from collector.store.database import TryLater
from collector.store.tickets import Placed
from rules.model import Diagnosis
from tests.integration.collector import cold_room
from tests.integration.collector.bench import STORE, Bench, poll, status
from tests.integration.collector.test_watch import STEP, all_tickets, faults, pass_by


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "collector.sqlite", watched=True)
    yield bench
    bench.database.close()


@pytest.mark.parametrize(
    ("boot", "cause"),
    [("machine-1.run-2", "line_to_head_office_down"), ("machine-2.run-3", "store_power_cut"), (None, None)],
    ids=["the same machine", "a machine that was started anew", "head office was started anew"],
)
def test_a_store_that_is_heard_again_tells_why_it_was_not(bench: Bench, boot: str | None, cause: str | None) -> None:
    bench.send((bench.next_seq(), status()), (bench.next_seq(), replace(poll(0, -20.0), boot="machine-1.run-1")))
    pass_by(bench, DEFAULT_AFTER + STEP)
    (before,) = all_tickets(bench)
    if boot is None:
        bench.start()
    said = replace(poll(0, -20.0), at=bench.clock.now(), boot=boot or "machine-1.run-1")
    bench.send((bench.next_seq(), said))
    bench.hand.seconds += 2 * STEP.total_seconds()
    bench.ingest.turn()
    diagnosis = diagnosis_of(bench, before)
    assert not all_tickets(bench)[0].ticket.alarm_active
    assert sum(each.likelihood for each in diagnosis) == pytest.approx(1, abs=0.01)
    if cause is not None:
        assert (diagnosis[0].id, diagnosis[0].likelihood, len(diagnosis[0].supports)) == (cause, 0.9, 1)


def test_a_store_that_does_not_know_the_time_yet_tells_nothing_of_why_it_was_silent(bench: Bench) -> None:
    """A gateway that was started anew has to ask for it first."""
    bench.send((bench.next_seq(), status()), (bench.next_seq(), replace(poll(0, -20.0), boot="machine-1.run-1")))
    pass_by(bench, DEFAULT_AFTER + STEP)
    bench.send((bench.next_seq(), replace(poll(0, -20.0), boot="machine-2.run-2", clock_trusted=False)))
    pass_by(bench, 2 * STEP)
    (over,) = all_tickets(bench)
    assert not over.ticket.alarm_active
    assert not any(each.supports for each in diagnosis_of(bench, over))


def test_what_has_turned_out_is_told_though_the_first_try_to_write_it_fails(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    pass_by(bench, STEP, STORE)
    pass_by(bench, DEFAULT_AFTER + STEP)
    with monkeypatch.context() as patch:
        patch.setattr(lines, "write_line", refuse)
        pass_by(bench, STEP, STORE)
        assert faults(bench) == [(STORE, "store.offline", True)]
    pass_by(bench, 4 * STEP, STORE)
    (over,) = all_tickets(bench)
    assert not over.ticket.alarm_active
    first = diagnosis_of(bench, over)[0]
    assert (first.id, first.likelihood) == ("line_to_head_office_down", 0.9)


def refuse(*_arguments: object) -> None:
    raise TryLater("database is locked")


def diagnosis_of(bench: Bench, placed: Placed) -> tuple[Diagnosis, ...]:
    with bench.database.reading() as connection:
        return tickets.case_of(connection, placed.ticket.id).diagnosis


def test_every_page_hears_what_has_turned_out_on_a_ticket_that_goes_on(bench: Bench) -> None:
    dark = cold_room.outbox_of(cold_room.Fate(mains=range(10, 100)), 30)
    bench.send(*((bench.next_seq(), body) for body in dark.values()))
    pass_by(bench, DEFAULT_AFTER + STEP)
    (before,) = all_tickets(bench)
    with bench.database.reading() as connection:
        told = feed.position(connection)
    pass_by(bench, 2 * STEP, STORE)
    (after,) = all_tickets(bench)
    assert after.ticket.alarm_active
    assert after.ticket.updated_at > before.ticket.updated_at
    with bench.database.reading() as connection:
        assert feed.position(connection) == told + 1


def test_a_silence_that_was_shelved_is_told_again_and_ends_as_any_other(bench: Bench) -> None:
    pass_by(bench, STEP, STORE)
    pass_by(bench, DEFAULT_AFTER + STEP)
    with bench.database.writing() as connection:
        suppressions.begin(connection, shelf(bench.clock.now()))
    pass_by(bench, timedelta(minutes=2))
    with bench.database.reading() as connection:
        assert [one.kind for one in alarms.audit(connection)][:2] == ["told", "shelved_over"]
    pass_by(bench, 2 * STEP, STORE)
    assert faults(bench) == [(STORE, "store.offline", False)]
    with bench.database.reading() as connection:
        assert not episodes.of_device(connection, STORE, GATEWAY.id, 5)


def shelf(now: datetime) -> Suppression:
    return Suppression(
        kind=Kind.SHELVED,
        reason="line works",
        actor="li",
        begins_at=now,
        until=now + timedelta(minutes=1),
        store=STORE,
        device=GATEWAY.id,
        rule="store.offline",
    )
