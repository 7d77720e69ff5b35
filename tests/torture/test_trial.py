"""An ordeal that fails, hangs or says nothing is a broken promise, and stops no other."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import psutil

from tests.torture.ordeals import ALL_WITHIN_MINUTES, TRIALS
from tests.torture.toll import Toll
from tests.torture.trial import suffer

HANGS = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], process_group=0)
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(60)
"""


def test_all_ordeals_end_in_time_whatever_happens() -> None:
    assert sum(trial.minutes for trial in TRIALS.values()) < ALL_WITHIN_MINUTES


def test_it_tells_what_an_ordeal_found() -> None:
    found = Toll(promise="p", rounds=2, lost=1)
    code = f"import sys; print('other words'); print({msgspec.json.encode(found).decode()!r}); sys.exit(0)"
    assert suffer([sys.executable, "-c", code], "name", 2, 30) == found


def test_an_ordeal_that_fails_is_broken_and_says_why() -> None:
    toll = suffer([sys.executable, "-c", "raise OSError('no | disk')"], "name", 2, 30)
    assert not toll.ok
    assert toll.figures.endswith("OSError: no / disk")


def test_an_ordeal_that_hangs_ends_with_all_that_it_started(tmp_path: Path) -> None:
    note = tmp_path / "child"
    toll = suffer([sys.executable, "-c", HANGS, str(note)], "name", 2, 2.0)
    assert "given up" in toll.figures
    assert not _runs(int(note.read_text()))


def _runs(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
