"""The bench's broker is up when it says so, and says why when it is not."""

from __future__ import annotations

import socket
from pathlib import Path

import psutil
import pytest

from simulators import broker
from simulators.broker import Broker, BrokerFailed, free_port


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_it_answers_from_the_moment_it_is_started_until_it_is_stopped(tmp_path: Path) -> None:
    port = free_port()
    with Broker.start(tmp_path, port, "store", 'pass"word\\') as running:
        assert running.url == f"mqtt://127.0.0.1:{port}"
        assert answers(port)
    assert not answers(port)
    assert not psutil.pid_exists(running.pid)


def test_it_starts_again_where_it_was_killed(tmp_path: Path) -> None:
    port = free_port()
    for _ in range(2):
        Broker.start(tmp_path, port, "store", "secret").kill()
    assert not answers(port)


def test_nobody_else_reads_the_password(tmp_path: Path) -> None:
    with Broker.start(tmp_path, free_port(), "store", "secret"):
        assert (tmp_path / "broker.conf").stat().st_mode & 0o077 == 0


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BrokerFailed, match=f"port {port}"):
            Broker.start(tmp_path, port, "store", "secret")


def test_its_last_words_are_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "_CONFIGURATION", "nonsense {{")
    with pytest.raises(BrokerFailed, match="Parse error"):
        Broker.start(tmp_path, free_port(), "store", "secret")
