"""`collector explain`: why an alarm is up or not, from what is remembered now and from stored telemetry."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from collector.__main__ import main
from collector.domain.line_faults import GATEWAY
from collector.domain.suppression import Kind, Suppression
from collector.explain import About, CannotExplain, Explained, explain_now, explain_then
from collector.explain_text import lines
from collector.store import suppressions
from collector.store.database import Database, TryLater
from collector.store.lines import list_own
from edge_agent.contract.readings import Quality
from edge_agent.contract.text import Language, same
from rules.alarm import State
from tests.integration.collector.bench import BOOK, MORNING, STORE, TOO_WARM, Bench, poll, status, warm_freezer

FREEZER = "freezer-1"
ABOUT = About(TOO_WARM, FREEZER)
MINUTE = timedelta(minutes=1)


def now(bench: Bench, about: About = ABOUT) -> Explained:
    return explain_now(bench.database, BOOK, about)


def then(bench: Bench, minute: float, about: About = ABOUT) -> Explained:
    return explain_then(bench.database, bench.telemetry, BOOK, about, MORNING + minute * MINUTE)


def told(explained: Explained, language: Language = "en") -> list[str]:
    return list(lines(explained, language))


def test_an_alarm_that_is_up_is_explained_with_its_ticket(bench: Bench) -> None:
    bench.send((1, status()), *warm_freezer())
    said = told(now(bench))
    assert said[:5] == [
        f"{TOO_WARM} Air temperature too high",
        f"{STORE} / {FREEZER} Freezer 1",
        "As it was judged last, at 2026-07-15 10:40",
        "active: the condition began at 2026-07-15 10:00",
        "Ticket T000001 (new)",
    ]
    assert said[5:9] == [
        "when: true",
        "  temp.control > limit: true",
        "      temp.control = -5.0 °C (2026-07-15 10:40)",
        "      limit = -12 °C",
    ]
    assert "for: 30m, true for 40 min" in said
    assert "limit = -12 °C (the duty)" in said


def test_it_speaks_chinese(bench: Bench) -> None:
    bench.send((1, status()), *warm_freezer())
    said = told(now(bench), "zh")
    assert said[2:7] == [
        "截至最近一次判断 2026-07-15 10:40",
        "报警中:条件自 2026-07-15 10:00 成立",
        "工单 T000001(待接单)",
        "故障条件 when: 是",
        "  temp.control > limit: 是",
    ]


def test_an_alarm_that_waits_says_when_it_rises(bench: Bench) -> None:
    bench.send((1, status()), *warm_freezer()[:3])
    explained = now(bench)
    assert explained.explanation.state is State.PENDING
    line = "pending: the condition began at 2026-07-15 10:00, it rises at 2026-07-15 10:30"
    assert line in told(explained)


def test_what_is_unknown_says_why(bench: Bench) -> None:
    bench.send((1, status()), (2, poll(0, Quality.PROBE_FAULT)))
    said = told(now(bench))
    assert "no alarm: the condition is unknown" in said
    assert "      temp.control = unknown (2026-07-15 10:00, probe_fault)" in said


def test_another_time_is_explained_from_what_is_stored(bench: Bench) -> None:
    bench.send((1, status()), *warm_freezer(), *((11 + n, poll(45 + 5 * n, -20.0)) for n in range(4)))
    before, up, over = then(bench, 20), then(bench, 35), then(bench, 60)
    assert [one.explanation.state for one in (before, up, over)] == [State.PENDING, State.ACTIVE, State.CLEAR]
    assert [one.ticket is not None for one in (before, up, over)] == [False, True, False]
    assert "On record: raised at 2026-07-15 10:30, cleared 2026-07-15 10:55" in told(up)
    assert "On record: no alarm at that time" in told(before)
    begin = "By the rules of today on what was stored from 2026-07-15 10:00 to 2026-07-15 10:20"
    assert any(line.startswith(begin) for line in told(before))


def test_an_alarm_that_went_on_from_that_time_is_not_said_to_have_cleared(bench: Bench) -> None:
    bench.send((1, status()), *warm_freezer())
    assert "On record: raised at 2026-07-15 10:30, it has not cleared since" in told(then(bench, 35))
    assert "当时的记录:2026-07-15 10:30 报警,尚未解除" in told(then(bench, 35), "zh")


def test_flags_are_read_back_as_flags(bench: Bench) -> None:
    bench.send((1, status()), (2, poll(0, True, point="defrost.active")), (3, poll(1, -5.0)))
    values = [value for one in then(bench, 2).explanation.conditions for part in one.parts for value in part.values]
    assert {value.value for value in values if value.text == "defrost.active"} == {True}


def test_what_is_unknown_says_why_in_chinese(bench: Bench) -> None:
    bench.send((1, status()), (2, poll(0, Quality.PROBE_FAULT)))
    assert "      temp.control = 未知 (2026-07-15 10:00, 探头故障 probe_fault)" in told(now(bench), "zh")


def test_an_alarm_that_nobody_was_told_of_says_why(bench: Bench) -> None:
    shelf = Suppression(
        kind=Kind.OUT_OF_SERVICE,
        reason="mended",
        actor="li",
        begins_at=MORNING,
        until=MORNING + timedelta(days=1),
        store=STORE,
        device=FREEZER,
    )
    bench.send((1, status()))
    with bench.database.writing() as connection:
        suppressions.begin(connection, shelf)
    bench.send(*warm_freezer())
    assert "Nobody was told: out of service" in told(now(bench))
    assert "未通知任何人:设备停用中" in told(now(bench), "zh")


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        (
            About("refrigeration.air_temperature_hgh", FREEZER),
            f"there is no rule refrigeration.air_temperature_hgh; there is: {TOO_WARM}",
        ),
        (About(TOO_WARM, "freezer-9"), "there is no device freezer-9"),
        (About(TOO_WARM, "freezer-9", STORE), f"there is no device of {STORE} freezer-9; there is: {FREEZER}"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(bench: Bench, about: About, sentence: str) -> None:
    bench.send((1, status()))
    with pytest.raises(CannotExplain) as error:
        now(bench, about)
    assert error.value.sentence.en == sentence


def test_a_device_of_several_stores_needs_its_store(bench: Bench) -> None:
    for store in (STORE, "shop-2"):
        bench.send((1, status()), *warm_freezer(), store=store)
    with pytest.raises(CannotExplain, match=f"several stores have a {FREEZER}"):
        now(bench)
    assert now(bench, About(TOO_WARM, FREEZER, "shop-2")).store.id == "shop-2"


def test_a_device_that_was_never_heard_is_told(bench: Bench) -> None:
    bench.send((1, status()))
    assert told(now(bench))[2:] == ["Nothing was judged of this device"]


def test_a_device_of_head_office_itself_is_told_that_no_rule_is_meant_for_it(bench: Bench) -> None:
    bench.send((1, status()))
    with bench.database.writing() as connection:
        list_own(connection, STORE, GATEWAY, same(STORE))
    about = About(TOO_WARM, GATEWAY.id)
    for explained in (now(bench, about), then(bench, 20, about)):
        assert told(explained)[2:] == ["The rule is not meant for such a device (gateway gateway)"]


@pytest.fixture
def settings(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LC_ALL", "C")
    bench.send((1, status()), *warm_freezer())
    path = tmp_path / "collector.yaml"
    path.write_text(f"database: {bench.path.name}\nbroker: {{url: 'mqtt://b'}}\n")
    return str(path)


def test_the_program_explains(settings: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", settings, TOO_WARM, "--device", FREEZER]) == 0
    assert "Ticket T000001 (new)" in capsys.readouterr().out
    assert main(["explain", settings, TOO_WARM, "--device", FREEZER, "--at", "2026-07-15T10:20+08:00", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["store"], said["explanation"]["state"], said["ticket"]) == (STORE, "pending", None)


def test_the_program_refuses_what_it_does_not_know(settings: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", settings, "no.rule", "--device", FREEZER]) == 1
    assert "there is no rule no.rule" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["explain", settings, TOO_WARM, "--device", FREEZER, "--at", "2026-07-15T10:20"])


WHY = [TOO_WARM, "--device", FREEZER]


@pytest.mark.parametrize("command", [["explain", *WHY], ["export", "out"]], ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("version", "said"), [("0001", "run collector migrate first"), ("9999", "a later version wrote the database")]
)
def test_a_database_of_another_version_is_left_as_it_is(
    settings: str, bench: Bench, capsys: pytest.CaptureFixture[str], command: list[str], version: str, said: str
) -> None:
    with bench.database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{version}'")
    asked = [str(Path(settings).parent / word) if word == "out" else word for word in command[1:]]
    assert main([command[0], settings, *asked]) == 1
    assert said in capsys.readouterr().err
    with bench.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == version


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", settings_in(tmp_path), *WHY]) == 1
    assert "c.sqlite" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["collector.yaml"]


def test_what_only_looks_writes_nothing_and_leaves_nothing_behind(bench: Bench, settings: str) -> None:
    bench.database.close()
    before = bench.path.read_bytes()
    assert main(["explain", settings, *WHY]) == 0
    assert bench.path.read_bytes() == before
    assert sorted(path.name for path in bench.path.parent.iterdir()) == ["collector.sqlite", "collector.yaml"]
    with closing(Database(bench.path, looks_only=True)) as database, pytest.raises(TryLater, match="readonly"):
        database.try_write()


def test_a_file_that_is_no_database_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.sqlite").write_text("no database" * 100, encoding="utf-8")
    assert main(["explain", settings_in(tmp_path), *WHY]) == 1
    assert "the data cannot be had just now" in capsys.readouterr().err


def test_a_database_of_somebody_else_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(tmp_path / "c.sqlite")) as connection:
        connection.execute("CREATE TABLE t (x)")
    assert main(["explain", settings_in(tmp_path), *WHY]) == 1
    assert "run collector migrate first" in capsys.readouterr().err


def settings_in(folder: Path) -> str:
    path = folder / "collector.yaml"
    path.write_text("database: c.sqlite\nbroker: {url: 'mqtt://b'}\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("command", [["explain", *WHY, "--at"], ["export", "out", "--since"]], ids=lambda one: one[0])
def test_a_telemetry_server_that_is_away_is_said(
    settings: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str], unused_tcp_port: int
) -> None:
    with Path(settings).open("a", encoding="utf-8") as file:
        file.write(
            f"telemetry: {{kind: influx, url: 'http://127.0.0.1:{unused_tcp_port}', bucket: b, asks: metrics}}\n"
        )
    asked = [str(tmp_path / word) if word == "out" else word for word in command[1:]]
    assert main([command[0], settings, *asked, "2026-07-15T10:20+08:00"]) == 1
    assert "try later" in capsys.readouterr().err


@pytest.mark.parametrize("at", ["0001", "0001-01-01T00:00+08:00", "9999-12-31T23:59-08:00", "noon", "2026-07-15"])
def test_an_instant_that_cannot_be_is_wrong_usage(settings: str, capsys: pytest.CaptureFixture[str], at: str) -> None:
    with pytest.raises(SystemExit) as left:
        main(["explain", settings, *WHY, "--at", at])
    assert left.value.code == 2
    assert " / " in capsys.readouterr().err.splitlines()[-1]
