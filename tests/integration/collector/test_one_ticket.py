"""One fault gives one ticket: what follows from a dead unit, a dead bus, a power cut is written on it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import referee
from collector.store import cases
from collector.store.tables import episode, feed_event, ticket, ticket_event
from edge_agent.contract.readings import Body, Device, Telemetry
from rules.book import RuleBook
from rules.engine import Judgement, judge
from rules.food import NO_FOOD
from rules.scoring import replay
from rules.scoring.data import StoreInventory
from tests.integration.collector.bench import STORE, Bench
from tests.integration.collector.cold_room import DEVICES, STOPPED, Fate, book, outbox_of
from tests.integration.collector.judged_stores import Office
from tests.integration.collector.test_history import deliver
from tests.integration.collector.visitor import Visitor

TOO_WARM = "refrigeration.air_temperature_high"


@contextmanager
def office_of(outbox: dict[int, Body]) -> Iterator[Office]:
    with TemporaryDirectory() as folder:
        office = Office(Path(folder) / "office.sqlite", outbox=outbox, book=book())
        yield office
        office.database.close()


def told(office: Office) -> list[tuple[str, str, str]]:
    return [(row["device"], row["fault"], row["state"]) for row in office.rows(ticket)]


def on(office: Office, number: int) -> set[tuple[str, str]]:
    with office.database.reading() as connection:
        listed = cases.of_ticket(connection, number)
    return {(one.device.id, one.alarm.standing.rule) for one in listed}


def lines(office: Office, number: int) -> list[str]:
    return [row["kind"] for row in office.rows(ticket_event) if row["ticket"] == number]


ALWAYS = range(10_000)
WARM = tuple((f"case-{n}", TOO_WARM) for n in (1, 2, 3))


def test_the_cases_of_a_dead_unit_are_on_its_ticket() -> None:
    late = range(15, 10_000)
    with office_of(outbox_of(Fate(unit=range(10, 10_000), warm=(late, late, late)), 60)) as office:
        office.hear(office.outbox)
        assert told(office) == [("unit-1", STOPPED, "new")]
        assert on(office, 1) == {("unit-1", STOPPED), *WARM}
        assert lines(office, 1) == ["opened", "folded", "folded", "folded"]
        assert office.rows(ticket)[0]["severity"] == "critical"


def test_tickets_of_cases_that_were_noticed_first_are_merged_into_that_of_the_unit() -> None:
    early = range(5, 10_000)
    with office_of(outbox_of(Fate(unit=range(38, 10_000), warm=(early, early, range(0))), 60)) as office:
        office.hear(office.outbox)
        assert [state for *_, state in told(office)] == ["merged", "merged", "new"]
        assert {row["merged_into"] for row in office.rows(ticket)[:2]} == {3}
        assert on(office, 3) == {("unit-1", STOPPED), *WARM[:2]}
        assert on(office, 1) == set()
        assert lines(office, 1) == ["opened", "merged"]


def test_a_case_that_stays_warm_when_its_unit_runs_again_gets_a_ticket_of_its_own() -> None:
    fate = Fate(unit=range(10, 60), warm=(range(15, 10_000), range(0), range(0)))
    with office_of(outbox_of(fate, 270)) as office:
        office.hear(office.outbox)
        assert told(office) == [("unit-1", STOPPED, "new"), ("case-1", TOO_WARM, "new")]
        assert on(office, 2) == {WARM[0]}
        assert lines(office, 1) == ["opened", "folded", "split", "cleared"]
        assert [row["alarm_active"] for row in office.rows(ticket)] == [False, True]


def test_every_page_hears_of_an_alarm_that_is_over_on_a_ticket_that_goes_on() -> None:
    warm = range(15, 10_000), range(15, 70), range(0)
    with office_of(outbox_of(Fate(unit=range(10, 10_000), warm=warm), 130)) as office:
        hear_in_two_hours(office)
        first, *_, last = shown(office)
        assert [row["alarm_active"] for row in office.rows(ticket)] == [True]
        assert (last["severity"], last["updated_at"]) == ("critical", "2026-07-16T06:00:00Z")
        assert first["updated_at"] == "2026-07-16T04:00:00Z"


def test_every_page_hears_that_a_ticket_has_become_less_severe() -> None:
    warm = range(15, 70), range(0), range(0)
    with office_of(outbox_of(Fate(unit=range(10, 10_000), warm=warm), 130)) as office:
        hear_in_two_hours(office)
        told = [(one["severity"], one["updated_at"]) for one in shown(office)]
        assert told[-2:] == [("critical", "2026-07-16T04:00:00Z"), ("high", "2026-07-16T06:00:00Z")]
        assert lines(office, 1) == ["opened", "folded"]


def hear_in_two_hours(office: Office) -> None:
    """The first hour of event time now, the rest two hours later."""
    seqs, now = list(office.outbox), 60 * len(DEVICES)
    office.hear(seqs[:now])
    office.now += timedelta(hours=2)
    office.hear(seqs[now:])


def shown(office: Office) -> list[dict[str, Any]]:
    return [json.loads(row["data"]) for row in office.rows(feed_event)]


def test_a_dead_bus_is_one_ticket() -> None:
    with office_of(outbox_of(Fate(bus=range(10, 10_000)), 40)) as office:
        office.hear(office.outbox)
        assert told(office) == [("case-1", "bus.down", "new")]
        assert {device for device, _ in on(office, 1)} == {"case-1", "case-2", "case-3"}


def test_a_power_cut_is_one_ticket_on_the_gateway() -> None:
    with office_of(outbox_of(Fate(mains=range(10, 10_000)), 40)) as office:
        office.hear(office.outbox)
        assert told(office) == [("_gateway", "store.power_cut", "new")]
        assert {device for device, _ in on(office, 1)} >= {"_gateway", "case-1", "unit-1", "ups-1"}


def test_a_power_cut_is_found_though_the_rules_fail_on_the_device_that_each_minute_begins_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail_on_the_first(book: RuleBook, device: Device, *rest: Any) -> Judgement:
        if device.id == "case-1":
            raise ZeroDivisionError
        return judge(book, device, *rest)

    monkeypatch.setattr(referee, "judge", fail_on_the_first)
    with office_of(outbox_of(Fate(mains=range(10, 10_000)), 40)) as office:
        office.hear(office.outbox)
        assert told(office) == [("_gateway", "store.power_cut", "new")]


def test_a_power_cut_of_before_the_present_is_told_once_with_all_that_follows() -> None:
    with office_of(outbox_of(Fate(mains=range(10, 10_000)), 40)) as office:
        last = len(office.outbox)
        office.hear(range(1, last), present_from=last)
        assert [state for *_, state in told(office)].count("new") == 1
        assert ("_gateway", "store.power_cut", "new") in told(office)


SPANS = st.tuples(st.integers(0, 80), st.integers(0, 80)).map(lambda ends: range(min(ends), max(ends)))
FATES = st.builds(
    Fate, unit=SPANS, warm=st.tuples(SPANS, SPANS, SPANS), bus=SPANS, mains=st.one_of(st.just(range(0)), SPANS)
)


@settings(max_examples=25, deadline=None)
@given(FATES, st.integers(0, 2**32).map(random.Random))
def test_whatever_the_order_of_arrival_the_tickets_are_those_of_a_replay(fate: Fate, chance: random.Random) -> None:
    outbox = outbox_of(fate, 110, every=2)
    inventory = StoreInventory(store=STORE, devices=DEVICES, timezone="Asia/Shanghai", location=None)
    with pytest.MonkeyPatch.context() as patch, office_of(outbox) as office:
        patch.setattr(replay, "CLOSED_AFTER", timedelta(days=1))
        expected = replay.replay(book(), inventory, (body for body in outbox.values() if isinstance(body, Telemetry)))
        office.hear([1])
        in_pieces(office, chance)
        opened = [(row["device"], row["fault"]) for row in office.rows(ticket)]
        assert opened == [(one.device, one.rule) for one in expected.tickets]


def in_pieces(office: Office, chance: random.Random) -> None:
    """Parts of half an hour in any order each, some of them twice, with power cuts and restarts in between."""
    seqs, size = list(office.outbox), 75
    parts = [seqs[first : first + size] for first in range(0, len(seqs), size)]
    chance.shuffle(parts)
    for part in parts:
        deliver(office, part, chance)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "collector.sqlite", book=book())
    yield bench
    bench.database.close()


def close_early(
    bench: Bench, visitor: Visitor, unit: range, warm: range, hold: dict[str, str] | None = None
) -> dict[int, Body]:
    """The ticket of the unit, as a case that it feeds is warm; what the store says after an hour and 20 minutes."""
    outbox = outbox_of(Fate(unit=unit, warm=(warm, range(0), range(0))), 120)
    first = 80 * len(DEVICES)
    bench.send(*list(outbox.items())[:first])
    assert hold is None or visitor.post("/api/v1/suppressions", json=hold).status_code == 201
    for source, target in (("new", "accepted"), ("accepted", "fixed"), ("fixed", "closed")):
        assert visitor.post("/api/v1/tickets/1/moves", json={"from": source, "to": target}).status_code == 200
    return dict(list(outbox.items())[first:])


def pass_by(bench: Bench, visitor: Visitor, **duration: float) -> list[tuple[str, str]]:
    """The open tickets then."""
    bench.hand.seconds += timedelta(**duration).total_seconds()
    bench.ingest.turn()
    return [(one["device"]["id"], one["fault"]) for one in visitor.get("/api/v1/tickets").json()["tickets"]]


@pytest.fixture
def without_food(bench: Bench) -> None:
    """The chain keeps none in such cases."""
    bench.book = replace(bench.book, food=NO_FOOD)
    bench.start()


@pytest.mark.usefixtures("without_food")
@pytest.mark.parametrize(
    ("unit", "until"), [(range(10, 60), "2026-07-15T06:05:04Z"), (range(10, 10_000), "2026-07-15T08:00:00Z")]
)
def test_what_outlives_the_fault_of_a_closed_ticket_is_told_then_or_within_the_time_of_a_shelf(
    bench: Bench, technician: Visitor, unit: range, until: str
) -> None:
    close_early(bench, technician, unit=unit, warm=range(15, 10_000))
    (shelf,) = technician.get("/api/v1/suppressions").json()["suppressions"]
    assert (shelf["device"], shelf["actor"], shelf["until"]) == ("case-1", "li", until)
    assert "T000001" in shelf["reason"]
    left = datetime.fromisoformat(until) - bench.clock.now()
    assert pass_by(bench, technician, seconds=left.total_seconds() - 60) == []
    assert pass_by(bench, technician, minutes=2) == [WARM[0]]
    assert on_open(bench) == {WARM[0]}
    assert pass_by(bench, technician, hours=9) == [WARM[0]]


def test_what_is_about_food_and_stands_as_the_ticket_of_its_cause_is_closed_gets_its_own_at_once(
    bench: Bench, technician: Visitor
) -> None:
    close_early(bench, technician, unit=range(10, 60), warm=range(15, 10_000))
    (own,) = technician.get("/api/v1/tickets").json()["tickets"]
    assert (own["device"]["id"], own["fault"], own["state"], own["alarm_active"]) == (*WARM[0], "new", True)
    assert on_open(bench) == {WARM[0]}
    assert technician.get("/api/v1/suppressions").json()["suppressions"] == []
    states = {one["device"]["id"]: one["state"] for one in technician.get("/api/v1/alarms").json()["alarms"]}
    assert states["case-1"] == "unacknowledged"
    *_, closed, split = technician.get("/api/v1/tickets/1").json()["history"]
    assert (closed["to"], split["event"], split["to"]) == ("closed", "split", "closed")
    with bench.database.reading() as connection:
        assert {row.ticket for row in connection.execute(episode.select()) if row.rule == TOO_WARM} == {own["id"]}
    assert pass_by(bench, technician, hours=9) == [WARM[0]]


def test_what_was_about_food_and_is_over_gets_no_ticket_as_that_of_its_cause_is_closed(
    bench: Bench, technician: Visitor
) -> None:
    close_early(bench, technician, unit=range(10, 60), warm=range(15, 50))
    assert pass_by(bench, technician, hours=9) == []


def test_food_in_a_device_that_is_out_of_service_gets_its_ticket_when_that_is_over(
    bench: Bench, technician: Visitor
) -> None:
    until = (bench.clock.now() + timedelta(hours=3)).isoformat()
    asked = {"kind": "out_of_service", "store": STORE, "device": "case-1", "until": until, "reason": "维修"}
    close_early(bench, technician, unit=range(10, 60), warm=range(15, 10_000), hold=asked)
    assert pass_by(bench, technician, minutes=179) == []
    assert pass_by(bench, technician, minutes=2) == [WARM[0]]


@pytest.mark.usefixtures("without_food")
def test_what_recovers_after_the_ticket_of_its_cause_was_closed_is_told_to_nobody(
    bench: Bench, technician: Visitor
) -> None:
    later = close_early(bench, technician, unit=range(10, 60), warm=range(15, 85))
    bench.send(*later.items())
    assert pass_by(bench, technician, hours=9) == []
    assert technician.get("/api/v1/suppressions").json()["suppressions"] == []


def on_open(bench: Bench) -> set[tuple[str, str]]:
    with bench.database.reading() as connection:
        return set(cases.open_tickets(connection, [STORE])[STORE].alarms)
