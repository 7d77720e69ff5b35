"""One ordeal in a process of its own: whatever becomes of it, there is a toll, and nothing of it goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

import msgspec
import psutil

from tests.torture.stage import ROOT
from tests.torture.toll import Toll

LEAVES_WITHIN_S = 30.0
LAST_WORDS = 300


def run_trial(name: str, rounds: int, seed: str, within_s: float) -> Toll:
    """A toll that is broken where it failed or did not end in time; its figures are its last words then."""
    return suffer([sys.executable, "-m", "tests.torture.ordeals", name, str(rounds), seed], name, rounds, within_s)


def suffer(command: Sequence[str], name: str, rounds: int, within_s: float) -> Toll:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, tempfile.TemporaryFile() as words:
        environment = os.environ | {"TMPDIR": folder}
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=words, start_new_session=True
        )
        try:
            said, _ = process.communicate(timeout=within_s)
            return msgspec.json.decode(said.splitlines()[-1], type=Toll)
        except subprocess.TimeoutExpired:
            return _failed(name, rounds, f"given up after {within_s / 60:.0f} min", words)
        except (IndexError, msgspec.DecodeError):
            return _failed(name, rounds, f"ended with {process.returncode}", words)
        finally:
            _end(process)


def _failed(name: str, rounds: int, what: str, words: IO[bytes]) -> Toll:
    words.seek(0)
    last = " ".join(words.read().decode(errors="replace").split())[-LAST_WORDS:].replace("|", "/")
    return Toll(promise=name, rounds=rounds, broken=1, figures=f"{what}: {last}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """It may unmount and remove what it made; then it ends, with all that it started: they share its session."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=LEAVES_WITHIN_S)
    for pid in psutil.pids():
        with suppress(ProcessLookupError):
            if os.getsid(pid) == process.pid:
                os.kill(pid, signal.SIGKILL)
    process.communicate()
