"""A full outbox drops the oldest telemetry, counts exactly what it dropped, and tells head office where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.readings import Ack, AgentStatus, Body, Entry, Gap, Telemetry
from edge_agent.outbox.queue import Outbox, StorageRefused
from edge_agent.outbox.room import runs_to_drop
from tests.unit.edge_agent.bodies import SMALL, entries_of, polled, status


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    box = Outbox(tmp_path / "outbox.sqlite", max_bytes=SMALL)
    yield box
    box.close()


def accounted(entries: tuple[Entry, ...]) -> list[int]:
    """The numbers that head office can account for: those that came, and those that a gap names."""
    seqs = [entry.seq for entry in entries]
    for gap in (entry.body for entry in entries if isinstance(entry.body, Gap)):
        seqs += range(gap.from_seq, gap.to_seq + 1)
    return sorted(set(seqs))


def fill(outbox: Outbox, bodies: int, *, status_every: int = 10**9) -> None:
    for number in range(bodies):
        body: Body = status(number) if number % status_every == 0 else polled(number)
        outbox.append([body])


def fill_to_the_brim(outbox: Outbox) -> None:
    while outbox.counters().dropped_total == 0:
        outbox.append([polled()])


def test_it_keeps_the_newest_and_its_size(outbox: Outbox, tmp_path: Path) -> None:
    fill(outbox, 1000)
    assert entries_of(outbox)[-1].body == polled(999)
    assert (tmp_path / "outbox.sqlite").stat().st_size <= SMALL


def test_every_number_came_or_is_named_by_a_gap(outbox: Outbox) -> None:
    fill(outbox, 1000, status_every=50)
    entries = entries_of(outbox)
    assert accounted(entries) == list(range(1, outbox.counters().last_seq + 1))


def test_gaps_count_what_was_dropped(outbox: Outbox) -> None:
    fill(outbox, 1000, status_every=500)
    entries = entries_of(outbox)
    gaps = [entry.body for entry in entries if isinstance(entry.body, Gap)]
    telemetry = sum(isinstance(entry.body, Telemetry) for entry in entries)
    assert sum(gap.count for gap in gaps) == outbox.counters().dropped_total == 1000 - 1 - telemetry
    assert {gap.reason for gap in gaps} == {"superseded", "full"}
    assert outbox.health().entries == len(entries)


def test_no_gap_covers_an_entry_that_is_still_to_come(outbox: Outbox) -> None:
    fill(outbox, 1000, status_every=50)
    entries = entries_of(outbox)
    kept = {entry.seq for entry in entries}
    gaps = [entry.body for entry in entries if isinstance(entry.body, Gap)]
    assert not any(gap.from_seq <= seq <= gap.to_seq for gap in gaps for seq in kept)


def test_statuses_that_newer_ones_replaced_go_before_any_telemetry(outbox: Outbox) -> None:
    fill(outbox, 200, status_every=2)
    while outbox.counters().dropped_total < 90:
        outbox.append([polled()])
    left = [entry.body for entry in entries_of(outbox)]
    assert sum(isinstance(body, Telemetry) and body != polled() for body in left) == 100
    assert sum(isinstance(body, AgentStatus) for body in left) < 11


def test_the_newest_status_stays(outbox: Outbox) -> None:
    fill(outbox, 1000, status_every=50)
    statuses = [entry.body for entry in entries_of(outbox) if isinstance(entry.body, AgentStatus)]
    assert statuses == [status(950)]


def test_a_gap_that_nobody_saw_grows(outbox: Outbox) -> None:
    fill_to_the_brim(outbox)
    seen_by_nobody = outbox.counters().dropped_total
    fill(outbox, 50)
    assert 0 < seen_by_nobody < outbox.counters().dropped_total
    assert sum(isinstance(entry.body, Gap) for entry in entries_of(outbox)) == 1


def test_a_gap_that_was_sent_does_not_change(outbox: Outbox) -> None:
    fill_to_the_brim(outbox)
    before = [entry for entry in entries_of(outbox) if isinstance(entry.body, Gap)]
    fill(outbox, 50)
    after = [entry for entry in entries_of(outbox) if isinstance(entry.body, Gap)]
    assert len(before) == 1
    assert len(after) == 2
    assert after[0] == before[0]


def test_gaps_stay_few_however_long_head_office_is_away(outbox: Outbox) -> None:
    fill(outbox, 2000)
    assert sum(isinstance(entry.body, Gap) for entry in entries_of(outbox)) < 2000 / 100


def test_old_statuses_go_when_nothing_else_is_left(outbox: Outbox) -> None:
    for number in range(1000):
        outbox.append([status(number)])
    entries = entries_of(outbox)
    assert entries[-1].body == status(999)
    assert accounted(entries) == list(range(1, outbox.counters().last_seq + 1))


def test_one_commit_too_large_for_the_file_is_refused_whole(outbox: Outbox) -> None:
    outbox.append([status(1), polled(1)])
    with pytest.raises(StorageRefused):
        outbox.append([polled(number) for number in range(5000)])
    assert [entry.body for entry in entries_of(outbox)] == [status(1), polled(1)]
    assert outbox.append([polled(2)]) == 3


def test_it_takes_telemetry_again_after_head_office_confirmed(outbox: Outbox) -> None:
    fill(outbox, 1000)
    dropped = outbox.counters().dropped_total
    outbox.confirm(Ack(stream=outbox.stream, upto=outbox.counters().last_seq))
    fill(outbox, 100)
    assert len(entries_of(outbox)) == 100
    assert outbox.counters().dropped_total == dropped


@given(st.lists(st.booleans(), max_size=60), st.integers(min_value=1, max_value=70))
def test_runs_hold_only_what_may_go_and_as_much_as_asked(may_go: list[bool], share: int) -> None:
    rows = list(enumerate(may_go, start=1))
    runs = runs_to_drop(rows, share)
    going = [seq for run in runs for seq in range(run.from_seq, run.to_seq + 1)]
    assert going == [seq for seq, free in rows if free][:share]
    assert sum(run.count for run in runs) == len(going)


@pytest.mark.parametrize("seq", [1, 40, 300])
def test_times_that_the_disk_changed_do_not_keep_a_full_outbox_from_making_room(tmp_path: Path, seq: int) -> None:
    with closing(Outbox(tmp_path / "outbox.sqlite", max_bytes=SMALL)) as outbox:
        for begin in range(0, 300, 20):
            outbox.append([polled(60 * number) for number in range(begin, begin + 20)])
        outbox._db.execute("UPDATE entry SET at = 'a word' WHERE seq IN (?, ?)", (seq, outbox.counters().last_seq))
        for number in range(300, 600):
            outbox.append([polled(60 * number)])
        assert outbox.counters().last_seq >= 600
