"""`collector export`: what is stored comes out as the files that rules are tried on, and leads to the same tickets."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from collector.__main__ import main
from collector.domain.line_faults import LINE, OFFICE, OFFICE_NAME
from collector.export import NothingStored, export
from collector.store.database import TryLater
from collector.store.lines import list_own
from configs.documents import Faulty
from edge_agent.contract.readings import Quality
from rules.scoring.data import INVENTORY, TELEMETRY, read_inventory, read_telemetry
from rules.scoring.replay import replay
from tests.integration.collector.bench import BOOK, MORNING, STORE, TOO_WARM, Bench, poll, status, warm_freezer

DAY = timedelta(days=1)


def exported(bench: Bench, folder: Path, *stores: str, until: timedelta = DAY) -> int:
    return export(bench.database, bench.telemetry, folder, set(stores), MORNING, MORNING + until)


def test_what_comes_out_is_what_came_in(bench: Bench, tmp_path: Path) -> None:
    sent = [poll(0, -20.0), poll(1, True, point="defrost.active"), poll(2, Quality.PROBE_FAULT)]
    bench.send((1, status()), *enumerate(sent, 2))
    assert exported(bench, tmp_path) == 3
    told = [one.telemetry for one in read_telemetry(tmp_path)]
    assert [(one.at, one.readings) for one in told] == [(one.at, one.readings) for one in sent]


def test_a_replay_of_it_opens_the_ticket_that_was_opened(bench: Bench, tmp_path: Path) -> None:
    bench.send((1, status()), *warm_freezer())
    exported(bench, tmp_path)
    inventory = read_inventory(tmp_path)[STORE]
    assert inventory.timezone == "Asia/Shanghai"
    again = replay(BOOK, inventory, [one.telemetry for one in read_telemetry(tmp_path)])
    assert [(one.device, one.rule) for one in again.tickets] == [("freezer-1", TOO_WARM)]


def test_only_what_was_asked_for_comes_out(bench: Bench, tmp_path: Path) -> None:
    for store in (STORE, "shop-2"):
        bench.send((1, status()), *warm_freezer(), store=store)
    assert exported(bench, tmp_path, "shop-2", until=timedelta(minutes=15)) == 3
    assert {one.store for one in read_telemetry(tmp_path)} == set(read_inventory(tmp_path)) == {"shop-2"}


def test_head_office_itself_is_no_store_to_export(bench: Bench, tmp_path: Path) -> None:
    bench.send((1, status()), *warm_freezer())
    with bench.database.writing() as connection:
        list_own(connection, OFFICE, LINE, OFFICE_NAME)
    exported(bench, tmp_path)
    assert set(read_inventory(tmp_path)) == {STORE}


@pytest.mark.parametrize("name", [TELEMETRY, f"{TELEMETRY}.gz", INVENTORY, "labels.csv"])
def test_a_folder_that_holds_recorded_data_is_left_as_it_is(bench: Bench, tmp_path: Path, name: str) -> None:
    bench.send((1, status()), *warm_freezer())
    there = tmp_path / "out" / name
    there.parent.mkdir()
    there.write_text("mine", encoding="utf-8")
    with pytest.raises(Faulty, match="holds recorded data already"):
        exported(bench, there.parent)
    assert (there.read_text(encoding="utf-8"), list(there.parent.iterdir())) == ("mine", [there])


def test_an_export_that_breaks_off_leaves_nothing_that_looks_like_one(bench: Bench, tmp_path: Path) -> None:
    bench.send((1, status()), *warm_freezer())
    bench.telemetry = Breaking()  # type: ignore[assignment]  # only asked to read
    with pytest.raises(TryLater):
        exported(bench, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


class Breaking:
    """A telemetry server that goes away."""

    def read(self, *_asked: object) -> None:
        raise TryLater("the telemetry server cannot be asked")


def test_a_time_of_which_nothing_is_stored_is_said(bench: Bench, tmp_path: Path) -> None:
    bench.send((1, status()), *warm_freezer())
    with pytest.raises(NothingStored) as error:
        export(bench.database, bench.telemetry, tmp_path / "out", set(), MORNING - DAY, MORNING)
    assert "2026-07-14T02:00+00:00" in error.value.sentence.en
    assert list((tmp_path / "out").iterdir()) == []


@pytest.fixture
def settings(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LC_ALL", "C")
    bench.send((1, status()), *warm_freezer())
    path = tmp_path / "collector.yaml"
    path.write_text(f"database: {bench.path.name}\nbroker: {{url: 'mqtt://b'}}\n")
    return path


def test_a_store_that_nobody_knows_is_named_before_anything_is_written(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--store", "shop-11", "--store", STORE, "--store", OFFICE]
    assert main(["export", str(settings), str(tmp_path / "out"), *asked]) == 1
    assert capsys.readouterr().err == f"there is no store {OFFICE}, shop-11\n"
    assert not (tmp_path / "out").exists()


def test_the_program_exports(settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    since = ["--since", MORNING.isoformat(), "--until", (MORNING + DAY).isoformat()]
    assert main(["export", str(settings), str(tmp_path / "out"), *since]) == 0
    assert capsys.readouterr().out == "9 readings written\n"
    assert main(["export", str(settings), str(settings), *since]) == 1


def test_the_program_says_that_nothing_was_found(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    until = ["--since", (MORNING - DAY).isoformat(), "--until", MORNING.isoformat()]
    assert main(["export", str(settings), str(tmp_path / "out"), *until]) == 1
    assert "nothing is stored" in capsys.readouterr().err


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "collector.yaml"
    path.write_text("database: c.sqlite\nbroker: {url: 'mqtt://b'}\n", encoding="utf-8")
    assert main(["export", str(path), str(tmp_path / "out")]) == 1
    assert "c.sqlite" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [path]
