"""A ruined outbox: a new file goes on at once, and takes over, in any number of lives, what can still be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest

from edge_agent.contract.readings import Ack, Gap, Telemetry
from edge_agent.outbox import rescue
from edge_agent.outbox.file import PAGE_BYTES
from edge_agent.outbox.queue import Outbox, StorageRefused
from tests.sick_disk import SickDisk
from tests.unit.edge_agent.bodies import entries_of, polled, second_try, status

ROWS = 4000
CONFIRMED = 150
ENTRY, INDEX, LEDGER = 2, 3, 4
"""Pages that SQLite begins its tables on."""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.outbox.queue.PART_ROWS", 300)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file of two levels of pages, of which head office has the beginning."""
    file = tmp_path_factory.mktemp("sound") / "outbox.sqlite"
    with closing(Outbox(file)) as outbox:
        for begin in range(0, ROWS, 400):
            outbox.append([polled(number) for number in range(begin, begin + 400)])
        outbox.confirm(Ack(stream=outbox.stream, upto=CONFIRMED))
    return file.read_bytes()


@pytest.fixture
def file(sound: bytes, tmp_path: Path) -> Path:
    file = tmp_path / "outbox.sqlite"
    file.write_bytes(sound)
    return file


def ruin(file: Path, page: int, content: bytes = bytes(PAGE_BYTES), at: int = 0) -> None:
    with file.open("r+b") as damaged:
        damaged.seek((page - 1) * PAGE_BYTES + at)
        damaged.write(content)


def begun(file: Path) -> Outbox:
    """An outbox that has noticed."""
    outbox = Outbox(file)
    with suppress(StorageRefused):
        outbox.pending(0, limit_bytes=2**40, limit_rows=2**40)
    return outbox


def polls_of(outbox: Outbox) -> dict[int, Telemetry]:
    return {entry.seq: entry.body for entry in entries_of(outbox) if isinstance(entry.body, Telemetry)}


def gaps_of(outbox: Outbox) -> list[Gap]:
    return [entry.body for entry in entries_of(outbox) if isinstance(entry.body, Gap)]


def waited_for(upto: int) -> dict[int, Telemetry]:
    return {seq: polled(seq - 1) for seq in range(CONFIRMED + 1, upto + 1)}


def spoil_account(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("UPDATE ledger SET last_seq = last_seq - 1")


def test_what_is_new_is_stored_before_anything_is_taken_over(file: Path) -> None:
    ruin(file, 40)
    with closing(begun(file)) as outbox:
        assert outbox.append([polled(ROWS)]) == ROWS + 1
        assert outbox.rescuing
        assert outbox.health().entries == ROWS - CONFIRMED + 1


def test_nothing_is_given_out_before_all_is_taken_over(file: Path) -> None:
    """A hole that is about to be filled must not be told as lost, nor be passed by what is sent."""
    ruin(file, 40)
    with closing(begun(file)) as outbox:
        outbox.append([status()])
        outbox.confirm(Ack(stream=outbox.stream, upto=CONFIRMED))
        for ask in (lambda: outbox.pending(0), outbox.newest_status, lambda: outbox.first_where(lambda _: True)):
            with pytest.raises(StorageRefused):
                ask()
        assert [gap.reason for gap in gaps_of(outbox)] == ["file_ruined", "file_ruined", "file_ruined"]
        assert outbox.newest_status() is not None


@pytest.mark.parametrize("page", [1, LEDGER, INDEX])
def test_a_page_that_holds_no_entries_costs_none(file: Path, page: int) -> None:
    ruin(file, page)
    if page == INDEX:
        Outbox(file).close()
    with closing(begun(file)) as outbox:
        assert polls_of(outbox) == waited_for(ROWS)
        assert sum(gap.count for gap in gaps_of(outbox)) == 0


def test_a_destroyed_first_page_costs_neither_stream_nor_number(file: Path) -> None:
    with closing(Outbox(file)) as outbox:
        stream = outbox.stream
    ruin(file, 1)
    with closing(begun(file)) as outbox:
        assert (outbox.stream, outbox.append([polled(ROWS)])) == (stream, ROWS + 1)


def test_the_root_of_all_entries_costs_all_of_them_and_they_are_counted(file: Path) -> None:
    ruin(file, ENTRY)
    with closing(begun(file)) as outbox:
        assert polls_of(outbox) == {}
        assert sum(gap.count for gap in gaps_of(outbox)) == ROWS - CONFIRMED == outbox.counters().corrupt_total
        assert outbox.counters().waiting == 2


@pytest.mark.parametrize("seed", range(80))
def test_whatever_is_lost_of_a_few_pages_is_counted_and_has_its_place(file: Path, seed: int) -> None:
    dice = Random(seed)
    pages = file.stat().st_size // PAGE_BYTES
    for _ in range(dice.choice([1, 1, 2, 5])):
        at = dice.randrange(PAGE_BYTES - 8)
        content = dice.choice([bytes(8), dice.randbytes(1), dice.randbytes(8)])
        ruin(file, dice.choice([ENTRY, dice.randint(LEDGER + 1, pages)]), content, at)
    with closing(begun(file)) as outbox:
        left = second_try(lambda: polls_of(outbox))
        gaps = gaps_of(outbox)
        assert all(body == polled(seq - 1) for seq, body in left.items())
        assert sum(gap.count for gap in gaps) >= ROWS - CONFIRMED - len(left)
        assert not any(gap.from_seq <= seq <= gap.to_seq for gap in gaps for seq in left)
        assert outbox.append([polled(9)]) > ROWS


@pytest.mark.parametrize("at_a_time", [1, 2, 5])
def test_it_goes_on_where_it_was_killed(file: Path, at_a_time: int) -> None:
    ruin(file, 40)
    begun(file).close()
    lives = 0
    live = ROWS
    rescuing = True
    while rescuing:
        lives += 1
        with closing(Outbox(file)) as outbox:
            live = outbox.append([polled(live)])
            for _ in range(at_a_time):
                outbox.rescue_on()
            rescuing = outbox.rescuing
    with closing(Outbox(file)) as outbox:
        lost = [gap for gap in gaps_of(outbox) if gap.from_seq]
        left = polls_of(outbox)
        assert len(left) == len(waited_for(ROWS)) + lives - sum(gap.count for gap in gaps_of(outbox))
        assert [seq for seq in left if seq <= ROWS] == [
            seq for seq in waited_for(ROWS) if not any(gap.from_seq <= seq <= gap.to_seq for gap in lost)
        ]
    assert lives > 2
    assert not rescue.ruin_of(file).exists()


@pytest.mark.parametrize("seed", range(12))
def test_power_cuts_in_the_middle_lose_nothing_and_repeat_nothing(file: Path, seed: int) -> None:
    dice, said = Random(seed), ROWS
    ruin(file, 40)
    begun(file).close()
    with SickDisk(dice) as disk:
        for _ in range(6):
            disk.operations, disk.cut_at = 0, dice.randrange(3, 900)
            with suppress(StorageRefused), closing(Outbox(file)) as outbox:
                while outbox.rescuing:
                    said = outbox.append([polled(outbox.counters().last_seq)])
                    outbox.rescue_on()
            disk.restore_power(dice.choice([0.0, 0.5, 1.0]))
    with closing(Outbox(file)) as outbox:
        numbers = [entry.seq for entry in entries_of(outbox)]
        lost = {seq for gap in gaps_of(outbox) for seq in range(gap.from_seq, gap.to_seq + 1) if gap.to_seq}
        assert numbers == sorted(set(numbers))
        assert set(range(1, said + 1)) - set(numbers) == lost
        assert CONFIRMED < len(lost) < CONFIRMED + 12


@pytest.mark.parametrize("cut", range(1, 7))
def test_it_may_be_killed_between_any_two_files_that_it_moves(
    file: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    ruin(file, 40)
    moves = 0
    for name in ("rename", "unlink"):
        whole: Callable[..., object] = getattr(Path, name)

        def move(path: Path, *given: object, whole: Callable[..., object] = whole, **named: object) -> object:
            nonlocal moves
            moves += path.exists()
            if moves == cut:
                raise KeyboardInterrupt
            return whole(path, *given, **named)

        monkeypatch.setattr(Path, name, move)
    with suppress(KeyboardInterrupt), closing(begun(file)) as outbox:
        entries_of(outbox)
    monkeypatch.undo()
    with closing(begun(file)) as outbox:
        assert 3840 < len(polls_of(outbox)) <= 3850
        assert outbox.append([polled(1)]) > ROWS


def test_a_ruin_that_is_gone_is_counted_as_lost(file: Path) -> None:
    ruin(file, 40)
    begun(file).close()
    rescue.ruin_of(file).unlink()
    with closing(Outbox(file)) as outbox:
        assert polls_of(outbox) == {}
        assert sum(gap.count for gap in gaps_of(outbox)) == ROWS - CONFIRMED


def test_a_file_that_is_ruined_while_it_takes_over_counts_what_both_lost(file: Path) -> None:
    ruin(file, 40)
    with closing(begun(file)) as outbox:
        for _ in range(5):
            outbox.rescue_on()
    ruin(file, 60)
    with closing(Outbox(file)) as outbox:
        while outbox.rescuing:
            with suppress(StorageRefused):
                outbox.rescue_on()
        left = set()
        for _ in range(2):
            with suppress(StorageRefused):
                left = set(polls_of(outbox))
        assert sum(gap.count for gap in gaps_of(outbox)) >= len(waited_for(ROWS).keys() - left) > 0


def test_an_account_and_its_last_pages_ruined_leave_room_for_every_number_ever_given(file: Path) -> None:
    spoil_account(file)
    content = bytearray(file.read_bytes())
    end = content.rfind(b'"mono":%d.0' % (ROWS - 1)) // PAGE_BYTES
    ruin(file, end + 1)
    with closing(begun(file)) as outbox:
        assert outbox.append([polled(7)]) > rescue.LEAP
        left = polls_of(outbox)
        assert len(left) > ROWS - CONFIRMED - 12
        assert any(gap.to_seq == rescue.LEAP and gap.from_seq <= ROWS for gap in gaps_of(outbox))
