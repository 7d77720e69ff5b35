"""systemd hears that the agent lives only while every loop lives."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from edge_agent.watchdog import Heartbeats, Notifier


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    """systemd's end, bound to a file or to an abstract name."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as bound:
        bound.bind(str(tmp_path / "notify") if request.param == "path" else "")
        bound.settimeout(2)
        yield bound


def address(manager: socket.socket) -> str:
    name = manager.getsockname()
    return name if isinstance(name, str) else "@" + name[1:].decode()


def test_it_tells_systemd_each_change(manager: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": address(manager)})
    notifier.ready()
    notifier.status("2 of 2 buses up")
    notifier.alive()
    notifier.stopping()
    words = [manager.recv(100).decode() for _ in range(4)]
    assert words == ["READY=1", "STATUS=2 of 2 buses up", "WATCHDOG=1", "STOPPING=1"]


def test_it_tells_systemd_which_reload_it_means(manager: socket.socket) -> None:
    Notifier({"NOTIFY_SOCKET": address(manager)}).reloading(12.5)
    assert manager.recv(100) == b"RELOADING=1\nMONOTONIC_USEC=12500000"


def test_it_is_silent_without_systemd() -> None:
    notifier = Notifier({})
    notifier.ready()
    assert notifier.watchdog is None


def test_it_lives_on_when_systemd_does_not_listen(tmp_path: Path) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready()


@pytest.mark.parametrize(
    ("given", "expected"),
    [("30000000", timedelta(seconds=30)), ("", None), ("0", None), ("soon", None), ("-1", None)],
)
def test_it_reads_how_patient_systemd_is(given: str, expected: timedelta | None) -> None:
    assert Notifier({"WATCHDOG_USEC": given}).watchdog == expected


@pytest.fixture
def beats() -> Heartbeats:
    heartbeats = Heartbeats()
    heartbeats.expect("line-a", 10.0, now=0.0)
    heartbeats.expect("publisher", 60.0, now=0.0)
    return heartbeats


def test_each_loop_has_its_own_bound(beats: Heartbeats) -> None:
    assert beats.all_alive(10.0)
    assert not beats.all_alive(10.1)
    beats.beat("line-a", 10.2)
    assert beats.all_alive(20.0)


def test_one_dead_loop_is_enough(beats: Heartbeats) -> None:
    for second in range(70):
        beats.beat("line-a", float(second))
    assert not beats.all_alive(70.0)


def test_it_names_the_dead_loop_once(beats: Heartbeats, caplog: pytest.LogCaptureFixture) -> None:
    for second in (11.0, 12.0, 13.0):
        beats.all_alive(second)
    beats.beat("line-a", 14.0)
    beats.all_alive(14.0)
    assert [(record.levelname, "loop=line-a" in record.message) for record in caplog.records] == [
        ("ERROR", True),
        ("WARNING", True),
    ]


def test_a_loop_that_ended_as_it_should_is_missed_by_nobody(
    beats: Heartbeats, caplog: pytest.LogCaptureFixture
) -> None:
    assert not beats.all_alive(11.0)
    beats.forget("line-a")
    beats.beat("line-a", 12.0)
    assert beats.all_alive(60.0)
    assert "beats again" not in caplog.text
