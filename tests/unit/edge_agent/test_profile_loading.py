"""A register map is loaded whole, with the families it extends, or every fault of it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from configs.documents import Fault, Faulty
from edge_agent.core.profile import Poll, Profile, Table
from edge_agent.profiles.load import UnknownProfile, load_profile, profile

BENCH = """\
profile: bench
version: 1
device_class: refrigeration_case
label: {zh: 试验, en: Bench}
vendor: none
models: [bench]
interface: none
evidence: {grade: D, source: a test, captures: []}
reads: {max_words: 2, runs: {H: [[5, 6]]}}
points:
  temp.control: {at: H10, type: i16, scale: 0.1, range: [-60, 60], poll: fast, bad_when: [alarm.any]}
  state.mode: {at: I0x0B, type: u16, words: {0: cooling, 14: defrost}}
  alarm.any: {at: "H12:5", type: flag}
derived:
  defrost.active: {from: state.mode, one_of: [defrost]}
test_vectors:
  - {point: temp.control, words: [65336], value: -20.0}
"""
FAMILY = "abstract: true\n" + BENCH.replace("profile: bench", "profile: family")


def loaded(folder: Path, text: str = BENCH, name: str = "bench") -> Profile:
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load_profile(folder / f"{name}.yaml")


def faults(folder: Path, text: str) -> tuple[Fault, ...]:
    with pytest.raises(Faulty) as faulty:
        loaded(folder, text)
    return faulty.value.faults


def test_it_reads_addresses_and_polls(tmp_path: Path) -> None:
    points = loaded(tmp_path).points
    assert (points["temp.control"].address.table, points["temp.control"].address.number) == (Table.HOLDING, 10)
    assert (points["state.mode"].address.table, points["state.mode"].address.number) == (Table.INPUT, 11)
    assert points["alarm.any"].address.bit == 5
    assert points["temp.control"].poll is Poll.FAST


def test_a_map_without_a_capture_is_unproven(tmp_path: Path) -> None:
    assert not loaded(tmp_path).evidence.proven
    capture = "captures: [{source: a bench, firmware: '1', table: H, words: {10: 5}}]"
    assert loaded(tmp_path, BENCH.replace("captures: []", capture)).evidence.proven


@pytest.mark.parametrize(
    ("right", "wrong", "what"),
    [
        ("profile: bench", "profile: other", "calls itself other"),
        ("refrigeration_case", "fridge", "no device class fridge"),
        ("  temp.control:", "  temp.controll:", "no point temp.controll"),
        ("H10,", "X10,", "at is 'X10'"),
        ("H10, type: i16", "C10, type: i16", "single bit"),
        ('"H12:5"', '"H12:16"', "no such bit"),
        ("H10, type: i16", "H65535, type: f32", "beyond the addresses 0 to 65535"),
        ("H10, type: i16", "H10, sentinels: [0x18000], type: i16", "wider than the type"),
        ("H10, type: i16", "H10, type: i9", "type is 'i9'"),
        ("[-60, 60]", "[60, -60]", "range is empty"),
        ("[alarm.any]", "[state.mode]", "is no flag here"),
        ("[alarm.any]", "[alarm.all]", "rests on alarm.all"),
        (", words: {0: cooling, 14: defrost}", "", "is a word, but is read as a number"),
        ("one_of: [defrost]", "one_of: [melting]", "cannot be derived"),
        ("from: state.mode", "from: state.moood", "cannot be derived"),
        ("[[5, 6]]", "[[6, 5]]", "range 6..5 is empty"),
        ("value: -20.0", "value: 6533.6", "reads as -20.0"),
        ("words: [65336]", "words: [1, 2]", "reads as"),
        ("point: temp.control, words", "point: temp.air_on, words", "reads as"),
        ("grade: D", "grade: E", "grade is 'E'"),
        ("max_words: 2", "max_words: 2000", "max_words is 2000"),
        ("vendor: none", "vendor: none\ncolour: red", "no setting called colour"),
        ("version: 1", 'version: "1"', "version is '1'"),
        ("reads: {max_words: 2,", "reads: {max_words: 1,", ""),
    ],
)
def test_it_says_what_is_wrong(tmp_path: Path, right: str, wrong: str, what: str) -> None:
    assert right in BENCH
    text = BENCH.replace(right, wrong)
    if not what:
        text = text.replace("at: H10, type: i16", "at: H10, type: i32")
        what = "wider than a request may be"
    found = faults(tmp_path, text)
    assert what in "\n".join(fault.what.en for fault in found)
    assert all(fault.what.zh and fault.fix.zh and fault.fix.en for fault in found)


def test_it_names_all_faults_at_once_with_their_lines(tmp_path: Path) -> None:
    found = faults(tmp_path, BENCH.replace("H10,", "X10,").replace("version: 1", "version: 0"))
    assert [fault.line for fault in found] == [2, 11]


def test_a_model_adds_to_its_family_and_overrides_it(tmp_path: Path) -> None:
    (tmp_path / "family.yaml").write_text(FAMILY, encoding="utf-8")
    points = "  temp.control: {at: H99}\n  in.door: {at: H1, type: flag}\n"
    text = f"extends: family\nprofile: bench\nversion: 7\npoints:\n{points}"
    found = loaded(tmp_path, text)
    assert (found.id, found.version, found.device_class) == ("bench", 7, "refrigeration_case")
    assert (found.points["temp.control"].address.number, found.points["temp.control"].scale) == (99, 0.1)
    assert set(found.points) == {"temp.control", "state.mode", "alarm.any", "in.door"}


def test_a_fault_is_shown_in_the_file_that_has_it(tmp_path: Path) -> None:
    (tmp_path / "family.yaml").write_text(FAMILY.replace("scale: 0.1", "scale: tenth"), encoding="utf-8")
    text = "extends: family\nprofile: bench\npoints:\n  temp.control: {at: X99}\n"
    assert [(Path(fault.file).name, fault.line) for fault in faults(tmp_path, text)] == [
        ("bench.yaml", 4),
        ("family.yaml", 12),
    ]


def test_the_base_of_a_family_is_no_device(tmp_path: Path) -> None:
    with pytest.raises(Faulty, match="base of a family"):
        loaded(tmp_path, FAMILY, "family")


def test_an_unknown_base_is_a_fault(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "profile: bench\nextends: nobody\n")
    assert (fault.line, "nobody" in fault.what.en) == (2, True)


def test_a_circle_of_bases_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "family.yaml").write_text("extends: bench\n", encoding="utf-8")
    (fault,) = faults(tmp_path, "extends: family\n")
    assert "circle" in fault.what.en


@pytest.mark.parametrize("text", ["", "[]", "profile", "points: 3", "extends: [bench]", "extends: ../bench"])
def test_any_yaml_is_answered_with_faults(tmp_path: Path, text: str) -> None:
    assert faults(tmp_path, text)


def test_an_unknown_profile_is_told_as_such() -> None:
    with pytest.raises(UnknownProfile):
        profile("nobody")
