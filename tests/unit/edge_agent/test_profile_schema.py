"""What a profile file can say beyond plain points, and how it is told that it says it wrongly."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from configs.documents import Fault, Faulty
from edge_agent.contract.readings import Quality, Value
from edge_agent.core.commissioning import Commissioning
from edge_agent.core.profile import Address, Counter, Profile, SerialFormat, Table, TextType
from edge_agent.core.writing import Safety, WriteKind, is_forbidden, writable
from edge_agent.profiles.load import load_profile

BENCH = """\
profile: bench
version: 1
device_class: energy_meter
label: {zh: 试验, en: Bench}
vendor: none
models: [bench]
interface: none
evidence: {grade: D, source: a test, captures: []}
serial: {baud: 9600, parity: E, stop_bits: 1, units: [1, 9], set_by: menu,
  alternates: [{baud: 2400, parity: N, stop_bits: 1}]}
timing: {gap: 25ms, write_hold_off: 35s, close_after_cycle: true, connections: 2}
reads: {max_words: 8, max_hole: 1, no_start: {H: [[3, 4]]}, zero_fill: true, functions: {H: [3, 4]},
  runs: {H: [[5, 9]]}}
settings:
  wired_ratio: {label: {zh: 变比, en: Ratio}, default: 1, range: [1, 100], required: true}
instances: {range: [1, 4], stride: 20}
points:
  ct_ratio: {at: H6, type: u16, range: [1, 1000], poll: slow}
  p.total: {at: H10, type: i32, scale: {times: 0.1, from: [ct_ratio]}, bad_when: [alarm.any, ct_ratio > 900]}
  p.l1: {at: H12, type: f32, order: low_first, bytes: low_first, scale: {times: 10, setting: wired_ratio}}
  e.import: {at: H14, type: u64, sentinels: [0xFFFFFFFFFFFFFFFF], counter: {rolls_over_at: 1000000, resets: true}}
  alarm.any: {at: "H18:5", type: flag, inverted: true, poll: fast}
  frequency: {at: "H19:8-11", type: u16, no_answer_when: [not alarm.any], when: alarm.any, stride: 3}
derived:
  s.total: {sum: [p.total, p.l1]}
fingerprints:
  - {read: {at: H30, type: text, length: 6}, regex: "EM[0-9]+", decisive: true}
  - {point: frequency, range: [45, 65]}
writes:
  ct_ratio: {function: 16, safety: critical, limits: {low: 1, high: 100, step: 1}, read_back: {point: ct_ratio},
    at_most_every: 1h, unless: [alarm.any]}
  pt_ratio: {function: 6, kind: masked, at: H40, stride: 2, mask: {bits: 0x0F, fixed: 0x60, fixed_mask: 0xF0},
    codes: {"on": 1}}
never_write: {H: [[100, 110]]}
setup: [{at: H104, value: 0, reason: degrees}]
alarms: [{when: alarm.any, severity: high, label: {zh: 报警, en: Alarm}, latched: true}]
broadcast: true
test_vectors:
  - {point: p.total, words: [0, 50], value: 200.0, factor: 40}
variants:
  tall:
    label: {zh: 高, en: Tall}
    points: {frequency: {at: "H99:8-11"}}
    shift: {H: 1000}
"""


def loaded(folder: Path, text: str = BENCH, variant: str = "", **settings: float) -> Profile:
    (folder / "bench.yaml").write_text(text, encoding="utf-8")
    return load_profile(folder / "bench.yaml", variant, settings)


def faults(folder: Path, text: str) -> tuple[Fault, ...]:
    with pytest.raises(Faulty) as faulty:
        loaded(folder, text)
    return faulty.value.faults


def test_it_reads_how_the_line_is_to_be_used(tmp_path: Path) -> None:
    bench = loaded(tmp_path)
    assert bench.alternates == (SerialFormat(baud=2400, parity="N", stop_bits=1),)
    assert (bench.serial_set_by, bench.write_hold_off, bench.close_after_cycle, bench.connections) == (
        *("menu", timedelta(seconds=35), True),
        2,
    )
    limits = bench.limits
    assert (limits.max_hole, limits.zero_fill, limits.no_start) == (1, True, {Table.HOLDING: ((3, 4),)})
    assert limits.functions == {Table.HOLDING: (3, 4)}


def test_it_reads_points(tmp_path: Path) -> None:
    points = loaded(tmp_path).points
    assert (points["p.total"].scale, points["p.total"].scale_from) == (0.1, ("ct_ratio",))
    assert points["p.total"].bad_when == ("alarm.any",)
    assert [doubt.quality for doubt in points["p.total"].doubts] == [Quality.PROBE_FAULT]
    assert [doubt.quality for doubt in points["frequency"].doubts] == [Quality.NO_ANSWER]
    assert (points["frequency"].address.bit, points["frequency"].address.last_bit) == (8, 11)
    assert (points["frequency"].when, points["alarm.any"].inverted) == ("alarm.any", True)
    assert points["e.import"].counter == Counter(rolls_over_at=1e6, resets=True)
    assert (points["p.l1"].low_word_first, points["p.l1"].low_byte_first) == (True, True)


def test_a_setting_of_the_site_scales(tmp_path: Path) -> None:
    assert loaded(tmp_path).points["p.l1"].scale == 10.0
    assert loaded(tmp_path, wired_ratio=40.0).points["p.l1"].scale == 400.0


def test_an_instance_lies_strides_away(tmp_path: Path) -> None:
    third = loaded(tmp_path).of_instance(3)
    assert (third.points["p.total"].address.number, third.points["frequency"].address.number) == (50, 25)
    assert third.writes["pt_ratio"].address == Address(table=Table.HOLDING, number=44)


def test_it_reads_fingerprints(tmp_path: Path) -> None:
    signature, plausible = loaded(tmp_path).fingerprints
    assert signature.point.type == TextType(6)
    assert [signature.fits(value) for value in ("EM340", "EM", None, 3.0)] == [True, False, False, False]
    assert [plausible.fits(value) for value in (50.0, 70.0, "50")] == [True, False, False]
    assert (signature.decisive, plausible.decisive) == (True, False)


def test_it_reads_writes_and_opens_none_of_an_unproven_map(tmp_path: Path) -> None:
    bench = loaded(tmp_path)
    ratio, masked = bench.writes["ct_ratio"], bench.writes["pt_ratio"]
    assert (ratio.kind, ratio.safety, ratio.limits.high, ratio.function) == (
        *(WriteKind.LEVEL, Safety.CRITICAL, 100.0),
        16,
    )
    assert masked.mask is not None
    assert (masked.mask.bits, masked.mask.fixed) == (0x0F, 0x60)
    done = Commissioning(by="Li", at=date(2026, 11, 20), profile_version=bench.version, shown=())
    assert (writable(bench), set(writable(bench, done))) == ({}, {"ct_ratio", "pt_ratio"})
    assert set(writable(bench, done, ["EM340", 50.0])) == {"ct_ratio", "pt_ratio"}
    others: tuple[list[Value | None], ...] = (["XY340", 50.0], ["EM340", None], ["EM340"])
    for strangers in others:
        assert writable(bench, done, strangers) == {}
    assert is_forbidden(bench, Table.HOLDING, 105)
    assert not is_forbidden(bench, Table.HOLDING, 111)
    assert [is_forbidden(bench, Table.HOLDING, 99, count) for count in (1, 2)] == [False, True]
    assert not is_forbidden(bench, Table.COIL, 105)


def test_a_variant_lies_over_its_file(tmp_path: Path) -> None:
    tall = loaded(tmp_path, variant="tall")
    assert (tall.id, tall.label.en) == ("bench.tall", "Tall")
    assert tall.points["frequency"].address.number == 1099
    assert tall.points["ct_ratio"].address.number == 1006
    assert (tall.setup[0].address.number, tall.never_write[0].first) == (1104, 1100)
    assert tall.limits.runs == {Table.HOLDING: ((1005, 1009),)}


def test_a_variant_does_not_inherit_what_another_unit_answered(tmp_path: Path) -> None:
    capture = "captures: [{source: a bench, firmware: '1', table: H, words: {6: 5}}]"
    text = BENCH.replace("captures: []", capture)
    assert loaded(tmp_path, text).evidence.proven
    assert not loaded(tmp_path, text, "tall").evidence.proven


def test_a_family_does_not_prove_its_members(tmp_path: Path) -> None:
    capture = "captures: [{source: a bench, firmware: '1', table: H, words: {6: 5}}]"
    (tmp_path / "family.yaml").write_text(BENCH.replace("captures: []", capture), encoding="utf-8")
    assert not loaded(tmp_path, "extends: family\nprofile: bench\n").evidence.proven


def test_a_variant_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Faulty, match="no variant short"):
        loaded(tmp_path, variant="short")


def test_a_fault_of_a_variant_is_shown_on_its_line(tmp_path: Path) -> None:
    (tmp_path / "bench.yaml").write_text(BENCH.replace('"H99:8-11"', "X99"), encoding="utf-8")
    with pytest.raises(Faulty) as faulty:
        load_profile(tmp_path / "bench.yaml", "tall")
    line = next(number for number, text in enumerate(BENCH.splitlines(), 1) if "H99:8-11" in text)
    assert [fault.line for fault in faulty.value.faults] == [line]


@pytest.mark.parametrize(
    ("right", "wrong", "what"),
    [
        ("from: [ct_ratio]", "from: [ct_ratoi]", "takes its scale from ct_ratoi"),
        ("from: [ct_ratio]", "from: [alarm.any]", "takes its scale from alarm.any"),
        ("setting: wired_ratio", "setting: ratio", "no setting ratio"),
        ("default: 1, range", "default: 0, range", "default of wired_ratio is outside"),
        ("ct_ratio > 900", "ct_ratio > many", "ct_ratio > many"),
        ("ct_ratio > 900", "ct_ratio == many", "rests on ct_ratio"),
        ("when: alarm.any, stride", "when: ct_ratio, stride", "rests on ct_ratio"),
        ('"H19:8-11"', '"H19:11-8"', "several bits are a u16"),
        ('"H19:8-11", type: u16', '"H19:8-11", type: i16', "several bits are a u16"),
        ('"H19:8-11"', '"H19:8-17"', "no such bit"),
        ("type: u16, range", "type: u16, length: 2, range", "a text has a length"),
        ("type: u16, range", "type: u16, inverted: true, range", "only a flag can be inverted"),
        ("type: u64,", "type: u64, words: {1: one},", "only integers can have words"),
        ("[p.total, p.l1]", "[p.total, p.l9]", "cannot be derived"),
        ("{sum: [p.total, p.l1]}", "{sum: [p.total], any: [alarm.any]}", "s.total"),
        ('regex: "EM[0-9]+"', 'regex: "EM[0-9"', "does not say what is read"),
        ("{point: frequency,", "{point: v.l1,", "no point v.l1"),
        ("{point: frequency,", "{", "does not say what is read"),
        ("function: 16, safety", "function: 5, safety", "cannot be written there"),
        ("at: H40, stride", "stride", "cannot be written there"),
        ("at: H40, stride", "at: H105, stride", "never_write forbids"),
        ("[[100, 110]]", "[[110, 100]]", "range 110..100 is empty"),
        ("[[5, 9]]", "[[9, 5]]", "range 9..5 is empty"),
        ("[[3, 4]]", "[[4, 3]]", "range 4..3 is empty"),
        ("kind: masked", "kind: level", "not said what pt_ratio writes"),
        ("p.total: {at: H10", "p.total: {at: H65535", "p.total: it lies beyond"),
        ("p.total: {at: H10", "p.total: {at: H65500", "p.total: it lies beyond"),
        ("stride: 20", "stride: -4", "ct_ratio: it lies beyond"),
        ("settings:\n", "shift: {H: -7}\nsettings:\n", "ct_ratio: it lies beyond"),
        ("at: H40, stride", "at: H65535, stride", "pt_ratio: it lies beyond"),
        ("at: H104, value", "at: H70000, value", "setup: it lies beyond"),
        ("{at: H30, type", "{at: H65531, type", "read: it lies beyond"),
        ("{at: H30, type: text, length: 6}", '{at: "H30:3", type: u16}', "read: a single bit"),
        ("kind: masked, at: H40, stride: 2, mask", "kind: coded, at: H40, stride: 2, codes: {}, mask", ""),
        ("read_back: {point: ct_ratio}", "read_back: {point: ct_ration}", "read back from a point"),
        ("high: 100, step", "high_from: alarm.any, step", "bounded by alarm.any"),
        ("unless: [alarm.any]", "unless: [alarm.all]", "rests on alarm.all"),
        ("{when: alarm.any, severity", "{when: alarm.all, severity", "rests on alarm.all"),
        ("instances: {range: [1, 4]", "instances: {range: [4, 1]", "range of instances is empty"),
        ("factor: 40", "factor: 10", "reads as 50.0"),
    ],
)
def test_it_says_what_is_wrong(tmp_path: Path, right: str, wrong: str, what: str) -> None:
    assert right in BENCH
    found = faults(tmp_path, BENCH.replace(right, wrong, 1))
    assert what in "\n".join(fault.what.en for fault in found)
    assert all(fault.what.zh and fault.fix.zh and fault.fix.en for fault in found)


@pytest.mark.parametrize("variants", ["variants: 3\n", "variants: {tall: 3}\n"])
def test_variants_that_are_none_are_a_fault(tmp_path: Path, variants: str) -> None:
    text = BENCH[: BENCH.index("variants:")] + variants
    assert "variants" in faults(tmp_path, text)[0].what.en


def test_a_store_extends_what_is_shipped(tmp_path: Path) -> None:
    text = "extends: xy_md02\nprofile: bench\nevidence: {grade: B, source: this store, captures: []}\n"
    assert loaded(tmp_path, text).points["temp"].address == Address(table=Table.INPUT, number=1)
