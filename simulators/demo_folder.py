"""The files that a demo lives on: site and collector settings on free ports, with passwords made up for it alone."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import configs
from simulators.broker import free_port

SITE = Path(configs.__file__).parent / "sites" / "demo-store.yaml"
WEB_PORT = 8080
HIGHEST_PORT = 65535
_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFolder:
    """`password` is the broker's."""

    path: Path
    store: str
    broker_port: int
    web_port: int
    password: str

    @property
    def site(self) -> Path:
        return self.path / "site.yaml"

    @property
    def collector(self) -> Path:
        return self.path / "collector.yaml"

    @property
    def database(self) -> Path:
        return self.path / "collector.sqlite"

    @property
    def outbox(self) -> Path:
        return self.path / "state" / "outbox.sqlite"

    @property
    def user_password(self) -> Path:
        """The file of the password for the page."""
        return self.path / "user.password"

    @property
    def address(self) -> str:
        return f"http://{_HOST}:{self.web_port}"

    def log(self, program: str) -> Path:
        return self.path / f"{program}.log"


def prepare(path: Path, gateway_ports: dict[str, int], web_port: int, template: Path = SITE) -> DemoFolder:
    """Writes the settings of a new demo. `gateway_ports` are those that the simulated gateways listen on, by bus."""
    path.mkdir(parents=True, exist_ok=True)
    site: dict[str, Any] = yaml.safe_load(template.read_text(encoding="utf-8"))
    folder = DemoFolder(
        path=path,
        store=site["store"],
        broker_port=free_port(),
        web_port=web_port,
        password=secrets.token_urlsafe(18),
    )
    broker = {
        "url": f"mqtt://{_HOST}:{folder.broker_port}",
        "username": folder.store,
        "password_file": "./broker.password",
    }
    for bus, port in gateway_ports.items():
        site["buses"][bus] |= {"host": _HOST, "port": port}
    _write(path / "broker.password", folder.password)
    _write(folder.user_password, secrets.token_urlsafe(12))
    alone = broker | {"redial_within": "1s"}
    _write(folder.site, yaml.safe_dump(site | {"state": "./state", "broker": alone}, allow_unicode=True))
    settings = {"database": "./collector.sqlite", "broker": broker, "web": {"host": _HOST, "port": web_port}}
    _write(folder.collector, yaml.safe_dump(settings, allow_unicode=True))
    return folder


class PortClaim:
    """A port that no other demo of this machine takes, from before a program of ours listens there until `close`."""

    def __init__(self, port: int) -> None:
        """Raises OSError where another demo has it."""
        self.port = port
        self._held = socket.socket(socket.AF_UNIX)
        try:
            self._held.bind(f"\0storewarden-demo-{port}")  # without a file: it ends with this process in any case
        except OSError:
            self._held.close()
            raise

    def close(self) -> None:
        self._held.close()


def claim_port(wanted: int) -> PortClaim:
    """`wanted`, or the first free port above it."""
    for port in range(wanted, min(wanted + 100, HIGHEST_PORT + 1)):
        with suppress(OSError):
            claim = PortClaim(port)
            if _is_free(port):
                return claim
            claim.close()
    return PortClaim(free_port())


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
        return True


def _write(path: Path, text: str) -> None:
    """Only its owner may read it: some of these files hold a password."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
