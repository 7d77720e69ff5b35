"""The files of a demo are good ones, and their passwords are nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_socket

from edge_agent.settings import TcpBus, load_site
from simulators.demo_folder import DemoFolder, prepare


@pytest.fixture
def folder(tmp_path: Path) -> DemoFolder:
    pytest_socket.enable_socket()  # a free port is found by asking for one
    return prepare(tmp_path / "demo", {"gateway-b": 40123}, 8080)


def test_the_agent_accepts_the_site_file(folder: DemoFolder) -> None:
    site = load_site(folder.site)
    gateway = site.buses["gateway-b"]
    assert isinstance(gateway, TcpBus)
    assert (gateway.port, site.broker.port, site.id) == (40123, folder.broker_port, folder.store)
    assert site.state / "outbox.sqlite" == folder.outbox


def test_the_password_is_long_and_only_its_owner_may_read_it(folder: DemoFolder) -> None:
    password = folder.path / "broker.password"
    assert password.read_text() == folder.password
    assert len(folder.password) >= 20
    assert password.stat().st_mode & 0o077 == 0


def test_two_demos_have_different_passwords(folder: DemoFolder, tmp_path: Path) -> None:
    assert prepare(tmp_path / "other", {}, 8080).password != folder.password
