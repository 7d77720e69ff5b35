"""A process of the bench that counts: it is told words on stdin, and answers each question with a line of JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

from simulators.programs import tethered


class Child:
    """The process, from outside: `python -m MODULE`. `begin` forgets what was counted, end of file ends it."""

    def __init__(self, module: str, *arguments: str) -> None:
        command = [*tethered(), sys.executable, "-m", module, *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def begin(self) -> None:
        self.tell("begin")

    def tell(self, word: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def heard(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._process:
            assert self._process.stdin
            self._process.stdin.close()


def say(answer: object) -> None:
    """What the child itself calls."""
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()
