"""How a capture finds its place in a profile's text."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from edge_agent.core.profile import Table
from edge_agent.profiles.load import FOLDER, shipped_profiles
from edge_agent.tools.capture import CannotInsert, Captured, with_captures

CAPTURED = Captured(source='Wang "E", demo', firmware="2.87", table=Table.HOLDING, words={n: n for n in range(40)})
MORE = {"source": 'Wang "E", demo', "firmware": "2.87", "table": "H", "words": {n: n for n in range(40)}}

TEXTS = {
    "empty": "profile: a\n# why\nevidence:\n  grade: B  # so\n  captures: []  # none\n\n# points follow\npoints: {}\n",
    "some": "evidence:\n  captures:\n    # seen\n    - source: x\n      words: {1: 2}\n  grade: A\npoints: {}\n",
    "flush": "evidence:\n  captures:\n  - source: x\n    words:\n      1: 2\npoints: {}\n",
    "none": "evidence:\n  grade: A\n\npoints: {}\n",
    "inherited": "extends: a\npoints: {}\n",
    "last": "points: {}\nevidence:\n  captures: []",
    "bare": "extends: a",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_capture_is_added_and_nothing_else_changes(text: str) -> None:
    new = with_captures(text, [CAPTURED])
    old_data, data = yaml.safe_load(text), yaml.safe_load(new)
    old = (old_data.get("evidence") or {}).get("captures") or []
    assert data["evidence"].pop("captures") == [*old, MORE]
    old_data.setdefault("evidence", {}).pop("captures", None)
    assert data == old_data
    kept = [line for line in text.splitlines() if "captures:" not in line]
    assert [line for line in new.splitlines() if line in kept] == kept
    assert max(map(len, new.splitlines())) <= 120


@pytest.mark.parametrize("text", ["evidence: {captures: []}\n", "evidence:\n  captures: [{source: x}]\n"])
def test_what_stands_on_one_line_is_left_to_a_person(text: str) -> None:
    with pytest.raises(CannotInsert):
        with_captures(text, [CAPTURED])


@pytest.mark.parametrize("path", shipped_profiles().values(), ids=shipped_profiles())
def test_every_shipped_profile_can_take_a_capture(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    before = (yaml.safe_load(text).get("evidence") or {}).get("captures") or []
    after = yaml.safe_load(with_captures(text, [CAPTURED, CAPTURED]))["evidence"]["captures"]
    assert after == [*before, MORE, MORE]
    assert FOLDER in path.parents
