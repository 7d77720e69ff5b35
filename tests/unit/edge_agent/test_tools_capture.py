"""How a capture finds its place in a profile's text."""

from __future__ import annotations

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
    "one line": "profile: a\nevidence: {grade: B, source: a manual; p. 3, captures: []}  # so\npoints: {}\n",
    "one line without": "evidence: {grade: B}\npoints: {}\n",
    "one line, hard": "evidence: {source: \"a, {b} 'c\", grade: 'it''s, B', by: the maker's own, captures: [ ]}\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_capture_is_added_and_nothing_else_changes(text: str) -> None:
    new = with_captures(text, [CAPTURED])
    old_data, data = yaml.safe_load(text), yaml.safe_load(new)
    old = (old_data.get("evidence") or {}).get("captures") or []
    assert data["evidence"].pop("captures") == [*old, MORE]
    old_data.setdefault("evidence", {}).pop("captures", None)
    assert data == old_data
    kept = [line for line in text.splitlines() if "captures:" not in line and "{grade" not in line]
    assert [line for line in new.splitlines() if line in kept] == kept
    assert max(map(len, new.splitlines())) <= 120


@pytest.mark.parametrize(
    "text",
    [
        "evidence: {captures: [{source: x}]}\n",
        "evidence:\n  captures: [{source: x}]\n",
        "evidence: {grade: B,\n  captures: []}\n",
    ],
)
def test_what_stands_on_one_line_is_left_to_a_person(text: str) -> None:
    with pytest.raises(CannotInsert):
        with_captures(text, [CAPTURED])


VARIANTS = {
    "first": "variants:\n  # why\n  tall:\n    shift: {H: 1}\n\n  # the other\n  short:\n    shift: {H: 2}\n",
    "last": "variants:\n  short:\n    shift: {H: 2}\n  tall:\n    points:\n      a: {at: H1}\n",
    "inner": "variants:\n  tall:\n    evidence: {grade: B, source: b}\n    label: x\npoints: {}\n",
    "own": "evidence:\n  captures: []\nvariants:\n  tall:\n    evidence:\n      captures:\n        - {source: x}\n",
}


@pytest.mark.parametrize("text", VARIANTS.values(), ids=VARIANTS)
def test_a_capture_of_a_variant_is_added_to_that_variant_alone(text: str) -> None:
    new = with_captures(text, [CAPTURED], "tall")
    old_data, data = yaml.safe_load(text), yaml.safe_load(new)
    before = old_data["variants"]["tall"].setdefault("evidence", {}).pop("captures", [])
    assert data["variants"]["tall"]["evidence"].pop("captures") == [*before, MORE]
    assert data == old_data
    assert [line for line in text.splitlines() if "#" in line] == [line for line in new.splitlines() if "#" in line]
    assert max(map(len, new.splitlines())) <= 120


@pytest.mark.parametrize("text", ["points: {}\n", "variants:\n  tall: {shift: {H: 1}}\n", "variants: {tall: {}}\n"])
def test_a_variant_that_has_no_lines_of_its_own_is_left_to_a_person(text: str) -> None:
    with pytest.raises(CannotInsert):
        with_captures(text, [CAPTURED], "tall")


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_shipped_profile_and_variant_can_take_a_capture(name: str) -> None:
    path, variant = shipped_profiles()[name], name.partition(".")[2]
    text = path.read_text(encoding="utf-8")

    def own(given: str) -> list[object]:
        data = yaml.safe_load(given)
        evidence = (data["variants"][variant] if variant else data).get("evidence") or {}
        return evidence.get("captures") or []

    assert own(with_captures(text, [CAPTURED, CAPTURED], variant)) == [*own(text), MORE, MORE]
    assert FOLDER in path.parents
