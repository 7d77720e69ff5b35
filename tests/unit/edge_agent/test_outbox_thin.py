"""A full outbox thins what is old before it drops anything whole, and never takes more of the disk than its share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from edge_agent.contract.readings import Gap, Telemetry
from edge_agent.outbox.ledger import read_ledger
from edge_agent.outbox.queue import Outbox
from edge_agent.outbox.wear import SPARE_BYTES, bound
from tests.bench.outbox import bodies
from tests.unit.edge_agent.bodies import NOON, entries_of, polled

HALF_A_MB = 512 * 1024
EVERY_S = 20


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with closing(Outbox(tmp_path / "outbox.sqlite", max_bytes=HALF_A_MB)) as box:
        yield box


def gaps_of(outbox: Outbox) -> list[Gap]:
    return [entry.body for entry in entries_of(outbox) if isinstance(entry.body, Gap)]


def fill(outbox: Outbox, until: str) -> int:
    """Polls of two devices every 20 s until a gap of that reason is there. Returns how many there were."""
    put = 0
    while until not in {gap.reason for gap in gaps_of(outbox)}:
        put += fill_with(outbox, put, 100)
    return put


def fill_with(outbox: Outbox, begin: int, polls: int) -> int:
    for number in range(begin, begin + polls, 10):
        two = ((at, device) for at in range(number // 2, number // 2 + 5) for device in ("freezer-1", "freezer-2"))
        outbox.append([polled(at * EVERY_S, device) for at, device in two])
    return polls


def test_old_telemetry_is_thinned_before_any_is_dropped_whole(outbox: Outbox) -> None:
    fill(outbox, until="thinned")
    assert {gap.reason for gap in gaps_of(outbox)} == {"thinned"}
    entries = [entry.body for entry in entries_of(outbox) if isinstance(entry.body, Telemetry)]
    blocks = Counter((entry.device, (entry.at - NOON) // timedelta(minutes=5)) for entry in entries)
    assert blocks["freezer-1", 0] == blocks["freezer-2", 0] == 1
    newest = entries[-1].at - timedelta(hours=2)
    assert all(blocks[entry.device, (entry.at - NOON) // timedelta(minutes=5)] == 15 for entry in entries[-700:-30])
    assert entries[0].at < newest


def test_it_holds_several_times_as_long_by_thinning(outbox: Outbox) -> None:
    full_at = fill(outbox, until="thinned")
    fill_with(outbox, full_at, 2 * full_at)
    assert {gap.reason for gap in gaps_of(outbox)} == {"thinned"}


def test_every_entry_that_was_thinned_is_counted_and_no_number_is_left_without_an_account(outbox: Outbox) -> None:
    put = fill(outbox, until="thinned")
    entries = entries_of(outbox)
    kept = sum(isinstance(entry.body, Telemetry) for entry in entries)
    gaps = gaps_of(outbox)
    assert put - kept == sum(gap.count for gap in gaps) == outbox.counters().dropped_total
    seqs = {entry.seq for entry in entries}
    named = {seq for gap in gaps for seq in range(gap.from_seq, gap.to_seq + 1)}
    assert seqs | named == set(range(1, outbox.counters().last_seq + 1))
    assert not seqs & named
    assert outbox.counters().waiting == len(entries)


def test_thinning_goes_on_where_it_was_when_the_agent_starts_again(tmp_path: Path) -> None:
    file = tmp_path / "outbox.sqlite"
    with closing(Outbox(file, max_bytes=HALF_A_MB)) as outbox:
        fill(outbox, until="thinned")
        before = read_ledger(outbox._db).thinned_fine
    with closing(Outbox(file, max_bytes=HALF_A_MB)) as outbox:
        assert read_ledger(outbox._db).thinned_fine == before > 0


def test_when_others_fill_the_disk_the_file_stops_growing_and_goes_on(tmp_path: Path) -> None:
    free = 2**30
    file = tmp_path / "outbox.sqlite"
    with closing(Outbox(file, free=lambda _: free)) as outbox:
        outbox.append([polled(number) for number in range(5000)])
        free = 0
        for number in range(5000, 10_000, 50):
            outbox.append([polled(more) for more in range(number, number + 50)])
        size = outbox._db.execute("PRAGMA page_count").fetchone()[0]
        assert outbox.counters().dropped_total > 0
        assert entries_of(outbox)[-2].body == polled(9999) or entries_of(outbox)[-1].body == polled(9999)
        free = 2**30
        outbox.append([polled(number) for number in range(10_000, 15_000)])
        assert outbox._db.execute("PRAGMA page_count").fetchone()[0] > size


@pytest.mark.parametrize(
    ("file_mb", "free_mb", "bound_mb"), [(0, 10_000, 512), (0, 208, 100), (100, 108, 100), (100, 0, 50), (400, 8, 200)]
)
def test_it_plans_for_half_of_what_is_free_or_already_its_own(file_mb: int, free_mb: int, bound_mb: int) -> None:
    mb = 1024 * 1024
    assert 8 * mb == SPARE_BYTES
    assert bound(file_mb * mb, free_mb * mb, 512 * mb) == bound_mb * mb


def test_a_store_that_overflows_for_days_is_never_refused_and_all_is_accounted_for(tmp_path: Path) -> None:
    """Entries as a store tells them: merged ones are longer than any of theirs, and need room themselves."""
    told = [body for _, body in bodies(Random(1), 0, 8 * 3600)]
    with closing(Outbox(tmp_path / "outbox.sqlite", max_bytes=5 * HALF_A_MB)) as outbox:
        for begin in range(0, len(told), 100):
            outbox.append(told[begin : begin + 100])
        entries = entries_of(outbox)
        gaps = gaps_of(outbox)
        seqs = {entry.seq for entry in entries}
        named = {seq for gap in gaps for seq in range(gap.from_seq, gap.to_seq + 1)}
        assert seqs | named == set(range(1, outbox.counters().last_seq + 1))
        assert not seqs & named
        assert {gap.reason for gap in gaps} >= {"superseded", "thinned"}
        assert len(told) - sum(not isinstance(entry.body, Gap) for entry in entries) == sum(gap.count for gap in gaps)
