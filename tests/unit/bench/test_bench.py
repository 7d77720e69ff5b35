"""The bench tells a poll that was left out, and a peer that is not there."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.bench import peers, rivals
from tests.bench.load import PeerMissing, Scene, _rhythm
from tests.bench.row import table

EVEN = [number + 0.01 * (number % 3) for number in range(10)]


def test_a_steady_rhythm_has_all_its_polls() -> None:
    asked, due, late = _rhythm(EVEN, 1.0)
    assert (asked, due) == (10, 10)
    assert max(late) <= 0.02


def test_a_poll_left_out_is_missed_and_one_made_twice_does_not_stand_in_for_it() -> None:
    asked, due, _ = _rhythm([*EVEN[:4], 3.06, *EVEN[5:]], 1.0)
    assert (asked, due) == (9, 10)


def test_many_requests_are_one_poll() -> None:
    asked, due, late = _rhythm([at + 0.001 * request for at in EVEN for request in range(20)], 1.0)
    assert (asked, due) == (10, 10)
    assert max(late) <= 0.02


def test_a_missing_peer_is_a_failing_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "HOME", tmp_path)
    with pytest.raises(PeerMissing, match="make bench-peers"):
        rivals.node_red(Scene(folder=tmp_path, ports=[1], broker_port=1, password=""))
    peer = peers.Peer(name="nobody", contender=rivals.node_red)
    monkeypatch.setattr(peers, "measure", lambda contender, *_, **__: contender(_scene(tmp_path)))
    row = peers.cpu(peer, 1, 1.0)
    assert not row.ok
    assert math.isinf(row.value)
    assert "MISSED" in table([row])


def _scene(folder: Path) -> Scene:
    return Scene(folder=folder, ports=[1], broker_port=1, password="")
