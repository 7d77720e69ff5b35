"""What could not be read: shown to whoever may see it, counted when it comes again, taken in once it can be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from collector import quarantine_command, unpack
from collector.__main__ import main
from collector.record import Recorder
from collector.retry import Retried, take_in_again
from collector.store import inventory, quarantine
from collector.store.quarantine import Quarantined
from collector.store.tables import gap, unjudged
from edge_agent.contract.codec import encode_batch, encode_body
from edge_agent.contract.readings import Entry, Gap
from edge_agent.contract.topics import batch_topic
from tests.integration.collector.bench import BOOK, NOW, STORE, STREAM, Bench, poll, raw_message, status
from tests.integration.collector.visitor import Visitor, hire, log_in

TOPIC = batch_topic(STORE)
LATER = b'{"kind":"hologram"}'
"""An entry of a version to come; today's bodies stand in for what it will be able to read."""
TODAY = encode_body(poll(5, -21.5))
STATUS = encode_body(status())


def send_raw(bench: Bench, payload: bytes, topic: str = TOPIC) -> None:
    bench.inbox.waiting.append(raw_message(payload, topic))
    bench.ingest.turn()


def held(bench: Bench) -> list[Quarantined]:
    with bench.database.reading() as connection:
        return list(quarantine.quarantined(connection, 50, 20))


def frame(*entries: tuple[int, bytes]) -> bytes:
    return encode_batch(STREAM, list(entries))


def retry(bench: Bench) -> Retried:
    (one,) = held(bench)
    with bench.database.writing() as connection:
        payload = quarantine.payload_of(connection, one.id) or b""
        recorder = Recorder(BOOK, bench.telemetry)
        return take_in_again(connection, one, payload, recorder, bench.telemetry, NOW)


def refuse_number_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Today's version: it cannot read entry 2."""
    check = unpack._check

    def picky(entry: Entry) -> None:
        if entry.seq == 2:
            raise unpack.Poison("entry 2 is of a later version")
        check(entry)

    monkeypatch.setattr(unpack, "_check", picky)


def test_it_keeps_the_bytes_the_reason_and_what_was_lost(bench: Bench) -> None:
    payload = frame((1, encode_body(status())), (2, LATER), (3, TODAY))
    send_raw(bench, payload)
    (one,) = held(bench)
    assert (one.topic, one.size, one.times, one.refused) == (TOPIC, len(payload), 1, (2,))
    assert one.beginning == payload[:20]
    assert "hologram" in one.reason


def test_a_message_that_comes_again_is_counted_and_not_kept_twice(bench: Bench) -> None:
    for _ in range(3):
        send_raw(bench, frame((2, LATER)))
    (one,) = held(bench)
    assert (one.times, one.refused) == (3, (2,))


def test_it_holds_no_more_bytes_than_it_may(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "BYTES_AT_MOST", 250)
    for number in range(4):
        send_raw(bench, b"%d" % number * 100)
    assert [one.beginning[:1] for one in held(bench)] == [b"3", b"2"]


def test_a_version_that_can_read_it_takes_it_in_exactly_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    payload = frame((1, encode_body(status())), (2, TODAY), (3, encode_body(poll(6, -20.0))))
    with monkeypatch.context() as today:
        refuse_number_two(today)
        send_raw(bench, payload)
    assert bench.stored_seqs() == [3]
    assert retry(bench) == Retried(taken=1, left=0, reason="")
    assert held(bench) == []
    send_raw(bench, payload)
    assert bench.stored_seqs() == [2, 3]
    with bench.database.reading() as connection:
        assert connection.execute(select(unjudged.c.seq, unjudged.c.reason)).all() == [(2, "quarantined")]


def test_an_entry_that_came_in_several_messages_is_taken_in_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that was not answered sends it again, among others."""
    with monkeypatch.context() as today:
        refuse_number_two(today)
        bench.inbox.waiting = [
            raw_message(frame(*entries), TOPIC) for entries in ([(2, TODAY)], [(1, STATUS), (2, TODAY)])
        ]
        bench.ingest.turn()
        send_raw(bench, frame((2, TODAY), (3, encode_body(poll(7, -20.0)))))
    assert [one.refused for one in held(bench)] == [(), (), (2,)]
    with bench.database.writing() as connection:
        recorder = Recorder(BOOK, bench.telemetry)
        for one in quarantine.quarantined(connection, 9, 0):
            payload = quarantine.payload_of(connection, one.id) or b""
            take_in_again(connection, one, payload, recorder, bench.telemetry, NOW)
    assert bench.stored_seqs() == [2, 3]
    assert held(bench) == []


def test_an_entry_that_still_cannot_be_read_is_left_in_one_message_only(bench: Bench) -> None:
    send_raw(bench, frame((2, LATER)))
    send_raw(bench, frame((1, STATUS), (2, LATER)))
    for _ in range(2):
        for one in held(bench):
            with bench.database.writing() as connection:
                payload = quarantine.payload_of(connection, one.id) or b""
                take_in_again(connection, one, payload, Recorder(BOOK, bench.telemetry), bench.telemetry, NOW)
    assert [one.refused for one in held(bench)] == [(2,)]


def test_what_was_stored_before_a_message_failed_is_not_stored_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_raw(bench, frame((1, STATUS), (2, TODAY)))
    with monkeypatch.context() as bug:
        note_sightings, calls = inventory.note_sightings, [0]

        def fail_once(*given: object) -> None:
            calls[0] += 1
            if calls[0] == 1:
                raise RuntimeError("a bug")
            note_sightings(*given)  # type: ignore[arg-type]

        bug.setattr(inventory, "note_sightings", fail_once)
        send_raw(bench, frame((2, TODAY), (3, encode_body(poll(7, -20.0)))))
    assert [one.refused for one in held(bench)] == [(3,)]
    assert retry(bench).taken == 1
    assert bench.stored_seqs() == [2, 3]


def test_a_gap_is_taken_in_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as today:
        refuse_number_two(today)
        send_raw(bench, frame((1, TODAY), (2, encode_body(Gap(from_seq=2, to_seq=2, count=1, reason="full")))))
    retry(bench)
    with bench.database.reading() as connection:
        assert connection.execute(select(gap.c.seq)).scalars().all() == [2]


def test_what_still_cannot_be_read_stays(bench: Bench) -> None:
    send_raw(bench, frame((1, TODAY), (2, LATER)))
    retried = retry(bench)
    assert (retried.taken, retried.left) == (0, 1)
    assert [one.refused for one in held(bench)] == [(2,)]


def test_a_message_of_which_nothing_was_taken_comes_in_as_if_it_were_new(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = frame((1, encode_body(status())), (2, TODAY))
    with monkeypatch.context() as today:
        today.setattr(unpack, "_check_stream", _refuse)
        send_raw(bench, payload)
    assert bench.stored_seqs() == []
    assert retry(bench).taken == 2
    send_raw(bench, payload)
    assert bench.stored_seqs() == [2]


def _refuse(_stream: str) -> None:
    raise unpack.Poison("a name of a later version")


def test_it_does_not_hold_up_what_comes_behind_it(bench: Bench) -> None:
    bench.inbox.waiting = [raw_message(b"\xff" * 50, TOPIC), raw_message(frame((1, TODAY)), TOPIC)]
    bench.ingest.turn()
    assert bench.stored_seqs() == [1]
    assert len(bench.inbox.settled) == 2


def test_a_dispatcher_sees_it(bench: Bench, stranger: Visitor) -> None:
    hire(bench, "wang", "dispatcher")
    log_in(stranger, "wang")
    send_raw(bench, b"\xff\x00 not json", "elsewhere")
    send_raw(bench, frame((2, LATER)))
    told = stranger.get("/api/v1/quarantine?limit=1").json()
    assert told["total"] == 2
    (newest,) = told["messages"]
    assert (newest["store"], newest["lost_entries"], newest["times"]) == (STORE, 1, 1)
    oldest = stranger.get("/api/v1/quarantine").json()["messages"][-1]
    assert (oldest["store"], oldest["beginning"]) == (None, "\\xff\x00 not json")


def test_a_technician_and_a_stranger_do_not(bench: Bench, technician: Visitor) -> None:
    assert technician.get("/api/v1/quarantine").status_code == 403
    technician.cookies.clear()
    assert technician.get("/api/v1/quarantine").status_code == 401


@pytest.fixture
def settings(bench: Bench) -> str:
    path = bench.path.parent / "collector.yaml"
    path.write_text(f"database: {bench.path}\nbroker: {{url: 'mqtt://127.0.0.1'}}\n")
    return str(path)


def test_the_command_lists_shows_and_tries_again(
    bench: Bench, settings: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    with monkeypatch.context() as today:
        refuse_number_two(today)
        send_raw(bench, frame((1, encode_body(status())), (2, TODAY)))
    assert main(["quarantine", settings, "list", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["lost_entries"], row["topic"]) == (1, TOPIC)
    assert main(["quarantine", settings, "show", str(row["id"])]) == 0
    assert '"freezer-1"' in capsys.readouterr().out
    assert main(["quarantine", settings, "retry"]) == 0
    assert "took in 1 entries" in capsys.readouterr().out
    assert main(["quarantine", settings, "list"]) == 0
    assert "nothing is in quarantine" in capsys.readouterr().out
    assert bench.stored_seqs() == [2]


def test_the_command_says_what_it_could_not_do(
    bench: Bench, settings: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    send_raw(bench, frame((2, LATER)))
    (one,) = held(bench)
    assert main(["quarantine", settings, "retry", str(one.id)]) == 1
    assert "still unreadable" in capsys.readouterr().out
    assert main(["quarantine", settings, "show", "999"]) == 1
    assert main(["quarantine", settings, "list"]) == 0
    assert TOPIC in capsys.readouterr().out
    assert quarantine_command.FIRST_BYTES < 1_000


def test_the_database_is_needed(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("database: no/c.sqlite\nbroker: {url: 'mqtt://b'}\n")
    assert main(["quarantine", str(tmp_path / "c.yaml"), "list"]) == 1


def test_a_flood_of_rubbish_costs_little_and_fills_no_log(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    dropped: list[int] = []
    with pytest.MonkeyPatch.context() as spied:
        spied.setattr("collector.ingest.drop_beyond", lambda connection: dropped.append(id(connection)))
        bench.inbox.waiting = [raw_message(b"%d" % number, TOPIC) for number in range(300)]
        for seconds in (0.0, 59.0, 61.0):
            bench.hand.seconds = seconds
            bench.ingest.turn()
        bench.inbox.waiting = [raw_message(b"the last", TOPIC)]
        bench.ingest.turn()
    assert len(dropped) == 3
    lines = [line for line in caplog.messages if "quarantined" in line]
    assert [line.split(",")[0] for line in lines] == ["messages quarantined=1", "messages quarantined=300"]
    assert b"collector_quarantined_total 301.0" in bench.meters.expose({})
