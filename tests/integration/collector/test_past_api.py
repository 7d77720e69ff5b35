"""Earlier alarms and what was lost, as the page asks for them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from sqlalchemy import select

from collector.domain.segments import Segment
from collector.store import streams
from collector.store.database import Database, alembic_config
from collector.store.tables import stream
from edge_agent.contract.codec import encode_batch, encode_body
from edge_agent.contract.readings import Gap
from edge_agent.contract.topics import batch_topic
from tests.integration.collector.bench import (
    STORE,
    STREAM,
    TOO_WARM,
    Bench,
    poll,
    raw_message,
    status,
    warm_freezer,
)
from tests.integration.collector.visitor import Visitor

EPISODES = f"/api/v1/stores/{STORE}/devices/freezer-1/episodes"


def test_it_lists_the_alarms_of_a_device(bench: Bench, technician: Visitor) -> None:
    bench.send((1, status()), *warm_freezer())
    (episode,) = technician.get(EPISODES).json()["episodes"]
    assert (episode["fault"], episode["ticket"], episode["past"]) == (TOO_WARM, 1, False)
    assert (episode["since"], episode["cleared_at"]) == ("2026-07-15T02:00:00Z", None)
    assert set(episode["condition"]) == {"zh", "en"}


def test_it_says_when_an_alarm_was_over(bench: Bench, technician: Visitor) -> None:
    bench.send((1, status()), *warm_freezer())
    bench.send(*[(11 + turn, poll(50 + turn * 5, -20.0)) for turn in range(4)])
    (episode,) = technician.get(EPISODES).json()["episodes"]
    assert episode["cleared_at"] == "2026-07-15T03:00:00Z"


def test_it_knows_no_alarms_of_a_device_that_is_not_there(bench: Bench, technician: Visitor) -> None:
    bench.send((1, status()))
    assert technician.get(f"/api/v1/stores/{STORE}/devices/other/episodes").status_code == 404


def test_a_beginning_that_is_not_known_yet_is_shown_as_such(bench: Bench, technician: Visitor) -> None:
    bench.send((1, status()))
    told = [(seq, encode_body(body)) for seq, body in warm_freezer(first_seq=50)]
    bench.inbox.waiting = [raw_message(encode_batch(STREAM, told, live_from=50), batch_topic(STORE))]
    bench.ingest.turn()
    (ticket,) = technician.get("/api/v1/tickets").json()["tickets"]
    assert ticket["since_at_least"]
    bench.send((59, Gap(from_seq=2, to_seq=49, count=48, reason="full")))
    detail = technician.get(f"/api/v1/tickets/{ticket['id']}").json()
    assert not detail["since_at_least"]
    assert [line["event"] for line in detail["history"]] == ["opened", "since_corrected"]
    assert detail["history"][-1]["since"] == detail["since"]


def test_it_shows_what_a_store_had_to_drop(bench: Bench, technician: Visitor) -> None:
    bench.send((1, status()), (9, Gap(from_seq=2, to_seq=8, count=7, reason="full")))
    bench.send((12, Gap(from_seq=10, to_seq=11, count=2, reason=streams.SUPERSEDED)))
    (store,) = technician.get("/api/v1/stores").json()["stores"]
    assert store["lost"] == 7
    losses = technician.get(f"/api/v1/stores/{STORE}/losses").json()["losses"]
    assert [(one["from_seq"], one["to_seq"], one["count"], one["reason"]) for one in losses] == [
        (10, 11, 2, "superseded"),
        (2, 8, 7, "full"),
    ]


def test_what_an_earlier_version_had_judged_is_not_judged_again(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with closing(Database(path)) as database, database.writing() as connection:
        command.upgrade(alembic_config(connection), "0001")
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("INSERT INTO store (id, name, timezone) VALUES ('shop-1', '{}', 'UTC')")
        old.execute("INSERT INTO stream VALUES ('shop-1', 'a', 5, '[[8, 9]]')")
    with closing(Database(path)) as database:
        database.migrate()
        with database.reading() as connection:
            assert connection.execute(select(stream.c.segments)).scalar_one() == (Segment(1, 9),)
