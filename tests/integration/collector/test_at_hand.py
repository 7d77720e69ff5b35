"""What a collector keeps at hand of the stores: it must never be anything but what stands in the database."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from sqlalchemy import Connection, event, update

from collector.domain.line_faults import GATEWAY
from collector.store import at_hand as at_hand_module
from collector.store import lines
from collector.store.at_hand import LEFT_AFTER, AtHand, Premises
from collector.store.tables import store
from collector.store.unread import UnreadTracked
from edge_agent.contract.readings import Body
from edge_agent.contract.text import same
from tests.integration.collector.bench import BOOK as SHIPPED
from tests.integration.collector.bench import FREEZER, NOW, STORE, Bench, message, poll, status, warm_freezer
from tests.integration.collector.judged_stores import Office, Word, outbox_of
from tests.integration.collector.test_history import CHANCE, TOLD, WORDS

READS_MEMORY = "FROM memory"


@pytest.fixture
def asked(bench: Bench) -> Iterator[list[str]]:
    """The questions to the database of the ingest."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    event.listen(bench.database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(bench.database.engine, "before_cursor_execute", note)


@TOLD
@given(words=WORDS, chance=CHANCE)
def test_collectors_that_take_turns_on_a_store_judge_as_one_that_keeps_nothing(
    words: list[Word], chance: random.Random
) -> None:
    """With messages whose transaction comes to nothing, and rules that ask for statistics."""
    outbox = outbox_of(words)
    with TemporaryDirectory() as folder:
        path, forgetful = (
            Path(folder) / "shared.sqlite",
            Office(Path(folder) / "one.sqlite", outbox=outbox, book=SHIPPED),
        )
        collectors = [Office(path, outbox=outbox, book=SHIPPED) for _ in range(2)]
        for seqs in messages(outbox, chance):
            here = chance.choice(collectors)
            if chance.random() < 0.2:
                _break_off(here, seqs)
            here.hear(seqs)
            forgetful.start()
            forgetful.hear(seqs)
        assert collectors[0].everything() == forgetful.everything()
        for office in (*collectors, forgetful):
            office.database.close()


def messages(outbox: dict[int, Body], chance: random.Random) -> Iterator[list[int]]:
    left = sorted(outbox)
    while left:
        size = chance.randint(1, 4)
        yield left[:size]
        left = left[size:]


def _break_off(office: Office, seqs: list[int]) -> None:
    """Without a restart: what it keeps at hand was changed, and the file was not."""
    recorder = office.recorder
    office.hear(seqs, dies=True)
    office.recorder = recorder


def test_what_it_wrote_itself_is_not_read_again(bench: Bench, asked: list[str]) -> None:
    bench.send((1, status()), (2, poll(0, -20.0)))
    asked.clear()
    bench.send((3, poll(1, -20.0)))
    assert not [statement for statement in asked if READS_MEMORY in statement or "FROM device" in statement]


def test_after_another_has_written_it_is_read_anew(bench: Bench, asked: list[str]) -> None:
    bench.send((1, status()), (2, poll(0, -20.0)))
    other = Bench(bench.path)
    other.send((3, poll(1, -20.0)))
    asked.clear()
    bench.send((4, poll(2, -20.0)))
    assert [statement for statement in asked if READS_MEMORY in statement]
    other.database.close()


def test_a_new_inventory_is_taken_up_and_the_memories_stay(bench: Bench, asked: list[str]) -> None:
    bench.send((1, status()), (2, poll(0, -20.0)))
    asked.clear()
    bench.send((3, status()), (4, poll(1, -20.0)))
    assert [statement for statement in asked if "FROM device" in statement]
    assert not [statement for statement in asked if READS_MEMORY in statement]


def test_a_device_of_head_office_s_own_takes_the_store_out_of_everybody_s_hands(bench: Bench, asked: list[str]) -> None:
    bench.send((1, status()), (2, poll(0, -20.0)))
    with bench.database.writing() as connection:
        lines.list_own(connection, STORE, GATEWAY, same(STORE))
    asked.clear()
    bench.send((3, poll(1, -20.0)))
    assert [statement for statement in asked if "FROM device" in statement]


def test_statistics_are_kept_as_their_bytes(bench: Bench) -> None:
    """Read, those of a chain would not fit into the memory of head office."""
    bench.send((1, status()), *warm_freezer())
    with bench.database.writing() as connection:
        at_hand = bench.ingest._recorder._at_hand
        at_hand.check(connection, [STORE])
        kept = at_hand.enter(connection, [STORE], [], NOW)[STORE].memories[FREEZER.id]
    assert isinstance(kept.memory.tracked, UnreadTracked)
    assert kept.memory.tracked.unread() is kept.memory.tracked
    assert kept.memory.tracked is kept.stored[0]


def test_a_chain_that_is_too_large_is_kept_in_part_and_who_is_silent_makes_room(bench: Bench) -> None:
    names = ("shop-1", "shop-2", "shop-3")
    bench.inbox.waiting = [message((1, status()), store=name) for name in names]
    bench.ingest.turn()
    at_hand = AtHand(devices_at_most=2)
    assert _read(bench, at_hand, names, 0.0) == set(names)
    assert _read(bench, at_hand, names, 0.5) == {"shop-3"}
    assert _read(bench, at_hand, ("shop-1", "shop-3"), 1.0) == {"shop-3"}
    assert _read(bench, at_hand, ("shop-1", "shop-3"), 1.6) == {"shop-3"}
    assert _read(bench, at_hand, names, 1.7) == {"shop-2"}


def _read(bench: Bench, at_hand: AtHand, names: tuple[str, ...], later: float) -> set[str]:
    """The stores of `names` that a transaction had to read; it comes `later`, in terms of LEFT_AFTER."""
    with bench.database.writing() as connection, pytest.MonkeyPatch.context() as patch:
        read: list[str] = []
        premises = at_hand_module.read_premises

        def note(here: Connection, stores: list[str]) -> dict[str, Premises]:
            read.extend(stores)
            return premises(here, stores)

        patch.setattr(at_hand_module, "read_premises", note)
        at_hand.check(connection, names)
        at_hand.enter(connection, names, [], NOW + later * LEFT_AFTER)
    return set(read)


def test_a_stamp_that_is_gone_is_like_another_s(bench: Bench, asked: list[str]) -> None:
    bench.send((1, status()), (2, poll(0, -20.0)))
    with bench.database.writing() as connection:
        connection.execute(update(store).values(stamp=None))
    asked.clear()
    bench.send((3, poll(1, -20.0)))
    assert [statement for statement in asked if READS_MEMORY in statement]
