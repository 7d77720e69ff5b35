"""The outbox keeps what it took until head office has it, and counts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.contract.readings import Ack, Gap
from edge_agent.outbox.ledger import OutboxCounters
from edge_agent.outbox.queue import Outbox, StorageRefused, counters_of
from tests.unit.edge_agent.bodies import NOON, entries_of, polled, status


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    box = Outbox(tmp_path / "outbox.sqlite")
    yield box
    box.close()


def seqs(outbox: Outbox) -> list[int]:
    return [entry.seq for entry in entries_of(outbox)]


def test_it_gives_back_what_it_took_in_order(outbox: Outbox) -> None:
    assert outbox.append([status(), polled(1)]) == 2
    assert outbox.append([polled(2)]) == 3
    assert [entry.body for entry in entries_of(outbox)] == [status(), polled(1), polled(2)]


def test_it_takes_nothing_and_says_where_it_stands(outbox: Outbox) -> None:
    outbox.append([polled(1)])
    assert outbox.append([]) == 1


def test_it_begins_behind_the_number_asked_for(outbox: Outbox) -> None:
    outbox.append([polled(n) for n in range(5)])
    assert [seq for seq, _ in outbox.pending(3)] == [4, 5]


def test_it_keeps_to_the_window(outbox: Outbox) -> None:
    outbox.append([polled(n) for n in range(300)])
    size = len(outbox.pending(0)[0][1])
    assert len(outbox.pending(0)) == 200
    assert len(outbox.pending(0, limit_bytes=3 * size)) == 3
    assert len(outbox.pending(0, limit_bytes=1)) == 1


def test_it_forgets_what_is_confirmed(outbox: Outbox) -> None:
    outbox.append([polled(n) for n in range(6)])
    assert outbox.confirm(Ack(stream=outbox.stream, upto=2, ranges=((4, 5),))) == 4
    assert seqs(outbox) == [3, 6]
    assert outbox.confirm(Ack(stream=outbox.stream, upto=2, ranges=((4, 5),))) == 0


def test_it_ignores_the_ack_of_another_stream(outbox: Outbox) -> None:
    outbox.append([polled()])
    assert outbox.confirm(Ack(stream="another", upto=1)) == 0
    assert seqs(outbox) == [1]


def test_it_never_gives_a_number_twice(tmp_path: Path) -> None:
    file = tmp_path / "outbox.sqlite"
    first = Outbox(file)
    first.append([polled(n) for n in range(3)])
    first.confirm(Ack(stream=first.stream, upto=3))
    first.close()
    second = Outbox(file)
    assert second.stream == first.stream
    assert second.append([polled(9)]) == 4
    second.close()


def test_it_begins_a_new_stream_where_the_file_is_lost(tmp_path: Path) -> None:
    streams = set()
    for folder in ("one", "two"):
        outbox = Outbox(tmp_path / folder / "outbox.sqlite")
        streams.add(outbox.stream)
        outbox.close()
    assert len(streams) == 2


def test_it_begins_a_new_stream_where_the_file_is_an_old_copy(outbox: Outbox) -> None:
    """Head office has numbers that this file never gave: giving them now would make new readings look like old ones."""
    outbox.append([polled(1), polled(2)])
    before = outbox.stream
    assert outbox.confirm(Ack(stream=before, upto=1, ranges=((5, 6),))) == 0
    assert outbox.stream != before
    assert seqs(outbox) == [1, 2]


def test_its_counters_never_shrink(outbox: Outbox) -> None:
    outbox.append([status(), polled(1, readings=3), polled(2, readings=4)])
    outbox.confirm(Ack(stream=outbox.stream, upto=2))
    counters = outbox.counters()
    assert replace(counters, written_total=0) == OutboxCounters(
        entries_total=3,
        readings_total=7,
        confirmed_total=2,
        dropped_total=0,
        corrupt_total=0,
        last_seq=3,
        commits_total=2,
    )
    assert counters.waiting == 1


def test_it_counts_commits_and_what_they_wrote(tmp_path: Path) -> None:
    written = itertools.count(5000, 1000)
    for _ in range(2):
        with closing(Outbox(tmp_path / "outbox.sqlite", written=lambda: next(written))) as outbox:
            outbox.append([polled(1)])
            outbox.append([polled(2)])
            health = outbox.health()
    assert (health.commits, health.written_bytes) == (4, 4000)


def test_what_is_confirmed_with_new_entries_takes_no_commit_of_its_own(outbox: Outbox) -> None:
    outbox.append([polled(1), polled(2)])
    assert outbox.append([polled(3)], [Ack(stream=outbox.stream, upto=1)]) == 3
    assert seqs(outbox) == [2, 3]
    assert (outbox.counters().commits_total, outbox.counters().confirmed_total) == (2, 1)


def test_a_number_that_head_office_waits_for_in_vain_is_told_as_lost(outbox: Outbox) -> None:
    """However it went: a page that vanished, or a head office that was restored from a copy of last week."""
    outbox.append([polled(n) for n in range(9)])
    outbox._db.execute("DELETE FROM entry WHERE seq BETWEEN 3 AND 5")
    outbox.confirm(Ack(stream=outbox.stream, upto=2))
    assert entries_of(outbox)[-1].body == Gap(from_seq=3, to_seq=5, count=3, reason="lost")
    assert outbox.counters().waiting == len(seqs(outbox))
    outbox.confirm(Ack(stream=outbox.stream, upto=2))
    assert seqs(outbox) == [6, 7, 8, 9, 10]


def test_a_number_that_was_confirmed_out_of_order_is_not_lost(outbox: Outbox) -> None:
    outbox.append([polled(n) for n in range(9)])
    outbox.confirm(Ack(stream=outbox.stream, upto=0, ranges=((3, 5),)))
    outbox.confirm(Ack(stream=outbox.stream, upto=5))
    assert seqs(outbox) == [6, 7, 8, 9]


def test_another_process_may_read_the_counters(outbox: Outbox, tmp_path: Path) -> None:
    outbox.append([polled(1)])
    assert counters_of(tmp_path / "outbox.sqlite") == outbox.counters()
    with pytest.raises(StorageRefused):
        counters_of(tmp_path / "missing.sqlite")


def test_its_health_tells_the_oldest(outbox: Outbox) -> None:
    assert outbox.health().oldest_at is None
    outbox.append([polled(0), polled(60)])
    assert (outbox.health().entries, outbox.health().oldest_at) == (2, NOON)
    outbox.confirm(Ack(stream=outbox.stream, upto=1))
    assert outbox.health().oldest_at == polled(60).at


def test_it_says_so_where_it_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageRefused):
        Outbox(tmp_path / "file" / "outbox.sqlite")
