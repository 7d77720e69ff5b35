"""Fixtures of the collector's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.api.office import Office
from tests.integration.collector.bench import Bench
from tests.integration.collector.visitor import Visitor, WallClock, hire, log_in, open_office, visiting


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "collector.sqlite")
    yield bench
    bench.database.close()


@pytest.fixture
def impatient_bench(tmp_path: Path) -> Iterator[Bench]:
    """Waits for no lock."""
    bench = Bench(tmp_path / "collector.sqlite", busy_timeout=0.01)
    yield bench
    bench.database.close()


@pytest.fixture
def wall() -> WallClock:
    return WallClock()


@pytest.fixture
def office(bench: Bench, wall: WallClock) -> Office:
    hire(bench, "li")
    return open_office(bench, wall)


@pytest.fixture
def stranger(office: Office) -> Iterator[Visitor]:
    """A visitor who has not logged in."""
    with visiting(office) as client:
        yield client


@pytest.fixture
def technician(stranger: Visitor) -> Visitor:
    log_in(stranger)
    return stranger
