"""What is judged before the file is locked: taken where it turns out to be so, judged anew where it does not."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given

from collector import foresight, judging
from rules.book import book_of
from tests.integration.collector.bench import BOOK as SHIPPED
from tests.integration.collector.bench import FREEZER, Bench, message, poll, status, warm_freezer
from tests.integration.collector.judged_stores import BOOK, Office, Word, outbox_of
from tests.integration.collector.test_at_hand import messages
from tests.integration.collector.test_history import CHANCE, TOLD, WORDS


@pytest.fixture
def within(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The minutes of the polls that were judged within a transaction."""
    minutes: list[float] = []
    rule = foresight.rule

    def note(*given: Any) -> Any:
        minutes.append(given[3].mono / 60)
        return rule(*given)

    monkeypatch.setattr(judging, "rule", note)
    return minutes


def test_what_goes_on_is_judged_before_the_file_is_locked(bench: Bench, within: list[float]) -> None:
    first, *others = warm_freezer()
    bench.send((1, status()), first)
    assert within == [0.0]
    bench.send(*others)
    assert within == [0.0]
    assert bench.count_tickets() == 1


def test_of_a_device_that_was_never_heard_nothing_can_be_foreseen(bench: Bench, within: list[float]) -> None:
    bench.send((1, status()), *warm_freezer())
    assert within[0] == 0.0
    assert bench.count_tickets() == 1


def test_an_inventory_in_the_same_message_is_waited_for(bench: Bench, within: list[float]) -> None:
    bench.send((1, status()), (2, poll(0, -20.0)))
    bench.send((3, status()), (4, poll(1, -20.0)))
    assert within == [0.0, 1.0]


def test_an_inventory_that_comes_in_another_stream_counts(bench: Bench, within: list[float]) -> None:
    bench.send((1, status()), (2, poll(0, -20.0)))
    bench.send((1, status()), (2, poll(1, -20.0)), stream="new")
    within.clear()
    left_over = message((3, status(FREEZER, replace(FREEZER, id="freezer-2"))))
    bench.inbox.waiting = [message((3, poll(2, -20.0)), stream="new"), left_over]
    bench.ingest.turn()
    assert within == [2.0]


def test_what_another_collector_wrote_meanwhile_counts(tmp_path: Path, within: list[float]) -> None:
    outbox = outbox_of([(5, -5.0, False)] * 12)
    here, other, alone = (Office(tmp_path / name, outbox=outbox) for name in ("one.sqlite", "one.sqlite", "two.sqlite"))
    for office in (here, alone):
        office.hear(range(1, 4))
    within.clear()
    here.hear([4, 5], meanwhile=lambda: other.hear([4]))
    alone.hear([4])
    alone.hear([5])
    assert within[-1] == 20.0
    assert here.everything() == alone.everything()


def test_rules_that_came_into_force_meanwhile_count(tmp_path: Path, within: list[float]) -> None:
    office = Office(tmp_path / "one.sqlite", outbox=outbox_of([(5, -5.0, False)] * 3))
    office.hear([1, 2])
    within.clear()
    office.hear([3], meanwhile=lambda: office.recorder.judge_by(book_of(list(BOOK.rules))))
    assert within == [10.0]


@TOLD
@given(words=WORDS, chance=CHANCE)
def test_collectors_that_write_while_another_looks_ahead_change_nothing(
    words: list[Word], chance: random.Random
) -> None:
    """The other one hears the same message, or the next one before."""
    outbox = outbox_of(words)
    with TemporaryDirectory() as folder:
        alone = Office(Path(folder) / "alone.sqlite", outbox=outbox, book=SHIPPED)
        here, other = (Office(Path(folder) / "shared.sqlite", outbox=outbox, book=SHIPPED) for _ in range(2))
        for seqs in messages(outbox, chance):
            heard = chance.choice([[], seqs[:1], seqs])
            here.hear(seqs, meanwhile=lambda heard=heard: other.hear(heard) if heard else None)  # type: ignore[misc]
            alone.start()
            if heard:
                alone.hear(heard)
            alone.hear(seqs)
        assert here.everything() == alone.everything()
        for office in (here, other, alone):
            office.database.close()
