"""The shipped programs as child processes that never outlive the one that started them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from simulators import tether
from simulators.broker import Broker

_STOPS_WITHIN = 10.0  # s


class Child(Protocol):
    """A program of the demo that can be started again after it has ended in any way."""

    @property
    def name(self) -> str: ...
    def start(self) -> None: ...
    def ended(self) -> bool:
        """True when it was started and no longer runs."""
        ...

    def stop(self) -> None:
        """Ends it in an orderly way (SIGTERM); one that has ended already is fine."""
        ...

    def kill(self) -> None:
        """SIGKILL: as a power cut would."""
        ...

    def last_words(self) -> str:
        """The end of its log."""
        ...


def tethered() -> tuple[str, ...]:
    """The command that runs another one, which then dies with this process."""
    return (sys.executable, str(Path(tether.__file__)), str(os.getpid()))


class Program:
    """`python -m …` in its own process group, its output in a log file."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self._command = [*tethered(), sys.executable, "-m", *arguments]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
            )

    def ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        return tail(self._log)


class BrokerProgram:
    """The broker of the demo, always on the same port and folder."""

    name = "broker"

    def __init__(self, folder: Path, port: int, username: str, password: str) -> None:
        self._folder = folder
        self._port = port
        self._username = username
        self._password = password
        self._broker: Broker | None = None

    def start(self) -> None:
        """Returns when it answers. Raises BrokerFailed."""
        self._broker = Broker.start(self._folder, self._port, self._username, self._password, under=tethered())

    def ended(self) -> bool:
        return self._broker is not None and self._broker.ended

    def stop(self) -> None:
        if self._broker is not None:
            self._broker.stop()

    def kill(self) -> None:
        if self._broker is not None:
            self._broker.kill()

    def last_words(self) -> str:
        return tail(self._folder / "broker.log")


def tail(log: Path, lines: int = 20) -> str:
    if not log.exists():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
