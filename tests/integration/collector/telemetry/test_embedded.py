"""The log, the blocks, the roll-ups and how long each is kept, in the collector's own database."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import text

from collector.store.database import Database, alembic_config
from collector.telemetry import sealing, shelf
from collector.telemetry.base import Span
from collector.telemetry.rollup import Bucket
from collector.telemetry.settings import EmbeddedSettings
from collector.telemetry.sqlite import SqliteTelemetry, every_reading
from collector.telemetry.steps import DAY, HOUR
from edge_agent.contract.clock import to_ms
from edge_agent.contract.readings import Quality
from tests.integration.collector.telemetry.conftest import open_keeper
from tests.integration.collector.telemetry.kept import DEVICE, MORNING, NOW, STORE, TEMP, Keeper, every, poll, polls


def count(keeper: Keeper, what: str) -> int:
    with keeper.database.reading() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {what}")).scalar_one())


def kept(keeper: Keeper) -> int:
    assert isinstance(keeper.telemetry, SqliteTelemetry)
    return keeper.telemetry.count()


def buckets(keeper: Keeper, span: timedelta) -> list[Bucket]:
    asked = Span(since=MORNING, until=MORNING + span, most=2_000)
    return keeper.telemetry.chart(STORE, DEVICE, [TEMP], asked, NOW).points[TEMP]


def test_an_hour_is_sealed_when_it_is_over(embedded: Keeper) -> None:
    embedded.record(*every(30, [1.0] * 240))
    embedded.settle(MORNING + timedelta(minutes=64))
    assert (count(embedded, "poll"), count(embedded, "block")) == (240, 0)
    embedded.settle(MORNING + timedelta(minutes=66))
    assert (count(embedded, "poll"), count(embedded, "block")) == (120, 3)
    assert (kept(embedded), len(embedded.numbers())) == (240, 240)


def test_what_comes_late_takes_its_place_in_block_and_roll_ups(embedded: Keeper) -> None:
    embedded.record(*every(60, [1.0, 2.0, 3.0]))
    embedded.settle()
    embedded.record(poll(90, 9.0), poll(30, Quality.NO_ANSWER))
    minutes = [
        Bucket(to_ms(MORNING), 2, Quality.NO_ANSWER, 1.0, 1.0, 1.0),
        Bucket(to_ms(MORNING) + 60_000, 2, Quality.GOOD, 2.0, 9.0, 5.5),
        Bucket(to_ms(MORNING) + 120_000, 1, Quality.GOOD, 3.0, 3.0, 3.0),
    ]
    assert buckets(embedded, DAY) == minutes
    embedded.settle()
    assert buckets(embedded, DAY) == minutes
    assert (count(embedded, "poll"), count(embedded, "block")) == (0, 3)
    assert embedded.numbers() == [1.0, None, 2.0, 9.0, 3.0]


# Each example makes two databases: one that fails is small enough as it is.
@settings(max_examples=20, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_the_order_of_arrival_changes_nothing(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """In any order, some of it twice, sealed at any time: the same readings and roll-ups as all at once."""
    seconds = data.draw(st.lists(st.integers(0, 4 * 3600), min_size=1, max_size=30, unique=True))
    arrivals = [poll(second, float(second % 7)) for second in seconds]
    order = data.draw(st.permutations(arrivals + arrivals[:5]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=4)))
    folder = tmp_path_factory.mktemp("order")
    with closing(open_keeper(folder / "a.sqlite", EmbeddedSettings())) as parts:
        for first, last in zip([0, *cuts], [*cuts, len(order)], strict=True):
            parts.record(*order[first:last])
            parts.settle(MORNING + timedelta(hours=data.draw(st.integers(0, 6))))
        with closing(open_keeper(folder / "b.sqlite", EmbeddedSettings())) as whole:
            whole.record(*arrivals)
            whole.settle(MORNING + timedelta(hours=data.draw(st.integers(0, 6))))
            assert parts.numbers() == whole.numbers()
            for span in (DAY, 365 * DAY):
                for one, other in zip(buckets(parts, span), buckets(whole, span), strict=True):
                    assert one.mean == pytest.approx(other.mean, abs=0.011)
                    assert structs.replace(one, mean=None) == structs.replace(other, mean=None)


def test_a_flag_is_a_number_before_and_after_sealing(embedded: Keeper) -> None:
    embedded.record(poll(0, True), poll(30, False))
    assert embedded.numbers() == [1.0, 0.0]
    embedded.settle()
    embedded.record(poll(60, True))
    assert [type(number) for number in embedded.numbers()] == [float] * 3


def test_another_program_that_seals_the_same_is_noticed(embedded: Keeper) -> None:
    embedded.record(*every(60, [1.0, 2.0]))
    with embedded.database.reading() as connection:
        work = sealing._Slice()
        sealing._fold_hour(connection, 1, to_ms(MORNING) // shelf.HOUR_MS, work)
    embedded.settle()
    with pytest.raises(shelf.Overtaken), embedded.database.writing() as connection:
        sealing._write(connection, work, to_ms(NOW))
    assert kept(embedded) == 2


def test_a_seal_that_fails_leaves_everything_in_the_log(embedded: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded.record(*every(60, [1.0, 2.0]))
    monkeypatch.setattr(shelf, "_ADD", "INSERT INTO nowhere VALUES (?, ?, ?, ?, ?, ?)")
    with pytest.raises(Exception, match="nowhere"):
        embedded.settle()
    assert (count(embedded, "poll"), kept(embedded)) == (2, 2)


def test_an_hour_that_cannot_be_read_holds_up_no_other(embedded: Keeper, caplog: pytest.LogCaptureFixture) -> None:
    embedded.record(*every(60, [1.0] * 3), poll(0, 5.0, device="other"))
    embedded.settle()
    with embedded.database.writing() as connection:
        connection.execute(text("UPDATE block SET body = x'00' WHERE level = 0 AND source = 1"))
    embedded.record(poll(90, 2.0), poll(30, 6.0, device="other"))
    embedded.settle()
    embedded.settle()
    assert embedded.read(device="other") == {TEMP: [(0, 5.0, Quality.GOOD), (30, 6.0, Quality.GOOD)]}
    assert count(embedded, "poll") == 1
    assert [record.message for record in caplog.records] == [
        f"readings cannot be sealed device=1 hour={to_ms(MORNING) // shelf.HOUR_MS}"
    ]


def test_each_level_is_kept_for_its_own_time(embedded: Keeper) -> None:
    embedded.record(*every(60, [1.0] * 60))
    embedded.settle()
    blocks = {}
    for days in (29, 32, 179, 182, 1825, 1830):
        newer = poll(days * 86_400, 1.0, device="other")
        embedded.record(newer)
        embedded.settle(MORNING + days * DAY + 2 * HOUR)
        with embedded.database.reading() as connection:
            query = text("SELECT level FROM block JOIN source ON source.id = block.source WHERE device = :device")
            blocks[days] = connection.execute(query, {"device": DEVICE}).scalars().all()
    assert blocks == {29: [0, 1, 2], 32: [1, 2], 179: [1, 2], 182: [2], 1825: [2], 1830: []}


def test_what_is_too_old_goes_also_while_there_is_always_more_to_seal(
    embedded: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded.record(*every(60, [1.0] * 60), poll(40 * 86_400, 1.0, device="other"))
    embedded.settle(MORNING + 40 * DAY + 2 * HOUR)
    embedded.record(*every(60, [1.0] * 60))
    embedded.settle(MORNING + 2 * HOUR)
    before = count(embedded, "block WHERE level = 0")
    monkeypatch.setattr("collector.telemetry.sqlite.seal_some", lambda *_given, **_named: True)
    assert embedded.telemetry.work(MORNING + 60 * DAY)
    assert count(embedded, "block WHERE level = 0") < before


def test_what_came_too_late_for_its_level_is_kept_for_a_week(embedded: Keeper) -> None:
    """A gateway that believes to be in 1970: stored, and nobody's history is thrown away in the same hour."""
    embedded.record(poll(0, 1.0), poll(-50 * 365 * 86_400, 2.0, seq=1))
    embedded.settle(NOW)
    embedded.settle(NOW + 6 * DAY)
    assert kept(embedded) == 2
    embedded.record(poll(8 * 86_400, 1.0))
    embedded.settle(NOW + 8 * DAY)
    assert kept(embedded) == 2


def test_readings_of_the_future_are_sealed_and_retired_too(embedded: Keeper) -> None:
    embedded.record(*every(60, [1.0] * 60, first=90 * 365 * 86_400), poll(0, 1.0))
    embedded.settle(NOW)
    assert count(embedded, "poll") == 0
    embedded.record(poll(31 * 86_400, 1.0))
    embedded.settle(NOW + 32 * DAY)
    with embedded.database.reading() as connection:
        assert {one.at_ms for one in every_reading(connection)} == {to_ms(MORNING + 31 * DAY)}


def test_a_clock_of_head_office_that_is_years_wrong_empties_nothing(embedded: Keeper) -> None:
    embedded.record(*every(60, [1.0] * 60))
    embedded.settle(NOW)
    embedded.settle(NOW + 40 * 365 * DAY)
    assert kept(embedded) == 60


def test_late_readings_of_a_retired_hour_are_added_to_its_roll_ups(embedded: Keeper) -> None:
    embedded.record(*every(60, [1.0, 2.0, 3.0]))
    embedded.settle()
    embedded.record(poll(40 * 86_400, 1.0))
    embedded.settle(NOW + 40 * DAY)
    embedded.record(poll(30, 9.0))
    minute = Bucket(to_ms(MORNING), 2, Quality.GOOD, 1.0, 9.0, 5.0)
    assert buckets(embedded, DAY)[0] == minute
    embedded.settle(NOW + 40 * DAY)
    assert buckets(embedded, DAY)[0] == minute
    embedded.record(poll(40, 2.0))
    embedded.settle(NOW + 40 * DAY)
    assert [bucket.count for bucket in buckets(embedded, DAY)] == [3, 1, 1]


def test_the_file_grows_no_more_when_as_much_leaves_as_comes(tmp_path: Path) -> None:
    week = EmbeddedSettings(raw=8 * DAY, minute=8 * DAY, hour=8 * DAY)
    sizes = []
    with closing(open_keeper(tmp_path / "c.sqlite", week)) as keeper:
        for day in range(40):
            begin = day * 86_400
            keeper.record(*[poll(begin + 600 * row, float(row * row % 97)) for row in range(144)])
            keeper.settle(MORNING + (day + 1) * DAY + HOUR)
            with keeper.database.writing() as connection:
                sizes.append(int(connection.execute(text("PRAGMA page_count")).scalar_one()))
    assert sizes[-1] <= sizes[20]


def test_a_piece_of_work_is_bounded(embedded: Keeper) -> None:
    arrivals = [poll(60 * row, 1.0, device=f"d-{device}", seq=row + 1) for device in range(60) for row in range(60)]
    embedded.record(*arrivals)
    before, pieces = count(embedded, "poll"), 0
    while embedded.telemetry.work(NOW):
        pieces += 1
        after = count(embedded, "poll")
        assert before - after <= sealing.POLLS_AT_ONCE + 60
        before = after
    assert pieces >= 4


def test_readings_of_before_blocks_move_into_the_log(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with closing(Database(path)) as database:
        with database.writing() as connection:
            command.upgrade(alembic_config(connection), "0003")
        with closing(sqlite3.connect(path)) as old, old:
            old.execute(
                "INSERT INTO series VALUES (1, ?, ?, ?), (2, ?, ?, 'mode')", (STORE, DEVICE, TEMP, STORE, DEVICE)
            )
            rows = [
                (1, to_ms(MORNING), 1, -20.5, None, 0),
                (1, to_ms(MORNING) + 30_000, 2, None, None, 4),
                (2, to_ms(MORNING), 1, None, "cooling", 0),
            ]
            old.executemany("INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?)", rows)
        database.migrate()
    with closing(open_keeper(path, EmbeddedSettings())) as keeper:
        for _ in ("in the log", "sealed"):
            assert keeper.read(TEMP, "mode") == {
                TEMP: [(0, -20.5, Quality.GOOD), (30, None, Quality.PROBE_FAULT)],
                "mode": [(0, "cooling", Quality.GOOD)],
            }
            keeper.settle()
        assert kept(keeper) == 3


def test_queries_use_their_indexes(embedded: Keeper) -> None:
    asked: dict[str, Any] = {
        sealing._OVER: (1,),
        sealing._AHEAD: (1,),
        shelf._POLLS: (1, 2, 3),
        shelf._FORGET: (1, 2, 3),
        shelf._SEALED: (0, 1, 2, 3),
        shelf._BLOCK: (0, 1, 2),
        shelf._LOGGED: {"since": 1, "until": 2, "source": 3},
        sealing._RETIRED: {"level": 0, "old": 1, "late": 1, "future": 1, "kept": 1, "most": 1},
        "SELECT sum(readings) FROM block WHERE level = ?": (0,),
    }
    with embedded.database.reading() as connection:
        for query, values in asked.items():
            plan = [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)]
            slow = [step for step in plan if "TEMP B-TREE" in step]
            slow += [step for step in plan if step.startswith(("SCAN poll", "SCAN block")) and "INDEX" not in step]
            assert not slow, json.dumps([query, plan], indent=1)


def test_it_learns_again_what_a_transaction_that_failed_had_learnt(embedded: Keeper) -> None:
    with suppress(ZeroDivisionError), embedded.database.writing() as connection:
        embedded.telemetry.record(connection, [poll(0, 1.0, device="ghost", point="ghostly")])
        raise ZeroDivisionError
    embedded.record(poll(0, 2.0, device="real", point="really"))
    embedded.record(poll(0, 3.0, device="ghost", point="ghostly"))
    assert embedded.read("really", device="real") == {"really": [(0, 2.0, Quality.GOOD)]}
    assert embedded.read("ghostly", device="ghost") == {"ghostly": [(0, 3.0, Quality.GOOD)]}


def test_a_poll_says_all_its_points_once(embedded: Keeper) -> None:
    embedded.record(polls(0, {"a": 1.0, "b": Quality.REFUSED, "c": "word"}), polls(30, {"b": 2.0}))
    embedded.settle()
    with embedded.database.reading() as connection:
        found = [(one.point, one.seq, one.value, one.quality) for one in every_reading(connection)]
    assert found == [
        ("a", 1, 1.0, Quality.GOOD),
        ("b", 1, None, Quality.REFUSED),
        ("c", 1, "word", Quality.GOOD),
        ("b", 31, 2.0, Quality.GOOD),
    ]
