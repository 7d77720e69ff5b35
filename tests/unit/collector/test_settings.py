"""COLLECTOR.yaml: what is right is read, what is wrong is all found at once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from collector.partitions import Partitions
from collector.settings import Settings, load_settings
from collector.telemetry.settings import EmbeddedSettings, InfluxSettings
from configs.documents import Faulty

SHIPPED = Path(__file__).parents[3] / "configs" / "collector.example.yaml"


def write(folder: Path, text: str) -> Path:
    path = folder / "collector.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def load(folder: Path, text: str) -> Settings:
    return load_settings(write(folder, text))


def faults(folder: Path, text: str) -> list[tuple[int, str]]:
    with pytest.raises(Faulty) as faulty:
        load(folder, text)
    return [(fault.line, f"{fault.what.en} {fault.fix.en}") for fault in faulty.value.faults]


def test_it_reads_the_example_that_ships() -> None:
    settings = load_settings(SHIPPED)
    assert (settings.broker.host, settings.broker.port, settings.broker.tls) == ("127.0.0.1", 1883, False)
    assert settings.web.port == 8080
    assert settings.rules is None


def test_it_places_relative_paths_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    settings = load(
        tmp_path, "database: ./c.sqlite\nbroker: {url: 'mqtts://b', username: u, password_file: ./password}\n"
    )
    assert settings.database == tmp_path / "c.sqlite"
    assert settings.broker.password() == "secret"
    assert (settings.broker.port, settings.broker.tls) == (8883, True)


def test_it_places_the_folders_of_rules_and_overrides_and_misses_what_is_not_there(tmp_path: Path) -> None:
    text = "database: c.sqlite\nbroker: {url: 'mqtt://b'}\nrules: ./rules\noverrides: ./limits\n"
    (tmp_path / "rules").mkdir()
    assert [(line, "limits does not exist" in what) for line, what in faults(tmp_path, text)] == [(4, True)]
    (tmp_path / "limits").mkdir()
    settings = load(tmp_path, text)
    assert (settings.rules, settings.overrides) == (tmp_path / "rules", tmp_path / "limits")


def test_it_needs_no_password_where_the_broker_asks_for_none(tmp_path: Path) -> None:
    settings = load(tmp_path, "database: c.sqlite\nbroker: {url: 'mqtt://b:1884'}\n")
    assert settings.broker.password() is None
    assert settings.broker.port == 1884


def test_it_finds_every_fault_at_once(tmp_path: Path) -> None:
    text = "database: c.sqlite\nbroker:\n  url: http://b\n  client_id: 'a b'\nweb:\n  port: 99999\n  hots: x\n"
    found = faults(tmp_path, text)
    assert [line for line, _ in found] == [3, 4, 6, 7]
    assert "mqtt://HOST" in found[0][1]


def test_it_finds_every_missing_file_at_once(tmp_path: Path) -> None:
    text = "database: no/c.sqlite\nbroker:\n  url: mqtt://b\n  password_file: p\n  ca_file: ca\nrules: r\n"
    assert [line for line, _ in faults(tmp_path, text)] == [1, 4, 5, 6]


@pytest.mark.parametrize("url", ["mqtt://", "mqtt://b:port", "mqtt://b:70000", "mqtt://b/path", "b:1883"])
def test_it_refuses_an_address_that_is_no_broker_s(tmp_path: Path, url: str) -> None:
    assert [line for line, _ in faults(tmp_path, f"database: c\nbroker:\n  url: {url}\n")] == [3]


def test_it_says_what_is_missing(tmp_path: Path) -> None:
    found = faults(tmp_path, "web: {port: 8080}\n")
    assert {what.split(" is missing")[0] for _, what in found} == {"database", "broker"}


def test_a_store_is_offline_after_eight_minutes_or_what_the_file_says(tmp_path: Path) -> None:
    file = "database: c\nbroker:\n  url: mqtt://b\n"
    assert load(tmp_path, file).store_silent_after == timedelta(minutes=8)
    assert load(tmp_path, f"{file}store_silent_after: 1h\n").store_silent_after == timedelta(hours=1)
    assert [line for line, _ in faults(tmp_path, f"{file}store_silent_after: 1m\n")] == [4]


DATABASE = "database: c.sqlite\nbroker: {url: 'mqtt://b'}\n"


@pytest.mark.parametrize("text", ["128-127", "0-256", "all", "7", "-1-3"])
def test_partitions_are_a_range_of_256(tmp_path: Path, text: str) -> None:
    told = "database: ./c.sqlite\nbroker: {url: 'mqtt://h'}\n"
    assert load(tmp_path, told).partitions == Partitions()
    assert load(tmp_path, f"{told}partitions: 0-127\n").partitions == Partitions(last=127)
    [(line, _)] = faults(tmp_path, f"{told}partitions: {text}\n")
    assert line == 3


def test_readings_stay_in_the_database_for_as_long_as_each_level_says(tmp_path: Path) -> None:
    assert load(tmp_path, DATABASE).telemetry == load_settings(SHIPPED).telemetry == EmbeddedSettings()
    telemetry = load(tmp_path, DATABASE + "telemetry: {kind: embedded, raw: 90d}\n").telemetry
    assert isinstance(telemetry, EmbeddedSettings)
    assert [one.days for one in telemetry.keep.values()] == [90, 180, 1826]


def test_readings_may_go_to_a_server_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    text = "telemetry: {kind: influx, url: 'https://i:8086', org: chain, bucket: readings, token_file: ./token}\n"
    telemetry = load(tmp_path, DATABASE + text).telemetry
    assert isinstance(telemetry, InfluxSettings)
    assert (telemetry.token(), telemetry.asks) == ("secret", "flux")


def test_it_finds_every_fault_of_telemetry_at_once(tmp_path: Path) -> None:
    embedded = faults(tmp_path, DATABASE + "telemetry:\n  kind: embedded\n  raw: 3d\n  minutes: 5d\n")
    assert [line for line, _ in embedded] == [5, 6]
    influx = faults(tmp_path, DATABASE + "telemetry:\n  kind: influx\n  url: udp://x\n  asks: sql\n")
    assert [line for line, _ in influx] == [3, 5, 6]
    assert faults(tmp_path, DATABASE + "telemetry: {kind: elsewhere}\n")[0][0] == 3
    gone = "telemetry:\n  kind: influx\n  url: http://i\n  bucket: b\n  token_file: ./none\n"
    assert faults(tmp_path, DATABASE + gone)[0][0] == 7
