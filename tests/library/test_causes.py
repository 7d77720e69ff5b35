"""What the shipped causes say: every fault has one, in both languages, and with something to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.contract.text import Text
from rules.causes import load_causes
from rules.families import FOUND_BY_HEAD_OFFICE, load_families
from rules.load import load_rules
from rules.model import Cause
from simulators.faults import KINDS

FOLDER = Path(__file__).parents[2] / "rules" / "causes"
BOOK = load_causes(sorted(FOLDER.glob("*.yaml")))
CAUSES = [(device_class, cause) for device_class, causes in BOOK.by_class.items() for cause in causes.values()]
HAN = re.compile(r"[\u4e00-\u9fff]")
FAULTS = {
    "refrigeration_case": """refrigerant_leak_slow refrigerant_leak_fast compressor_dead short_cycling compressor_locked
        evaporator_fan_dead evaporator_iced defrost_heater_dead defrost_never_terminates missed_defrosts door_left_open
        curtain_blocked set_point_changed probe_open probe_short probe_stuck probe_drifting condenser_fouled
        condenser_fan_dead""",
    "condensing_unit": """refrigerant_leak_slow refrigerant_leak_fast condenser_fouled condenser_fan_dead
        compressor_dead short_cycling compressor_locked""",
    "any": "controller_silent",
    "energy_meter": "circuit_tripped phase_lost phase_imbalance overload night_load_abnormal",
    "ac_unit": "ac_filter_clogged ac_outdoor_unit_hot ac_low_on_charge ac_and_heating_at_once",
    "lighting_circuit": "lamp_out relay_welded relay_dead sign_lit_by_day sign_dark_by_night",
    "signage": "screen_black",
    "price_tag_gateway": "price_tag_gateway_offline",
    "dry_contact": "water_leak",
    "ups": "ups_on_battery",
    "store": "store_power_cut line_to_head_office_down bus_down",
}


def texts(cause: Cause) -> Iterator[Text]:
    yield cause.text
    yield from (*cause.staff_checks, *cause.checks, *cause.parts, *cause.tools)
    for sign in cause.signs:
        yield from (text for text in (sign.because, sign.otherwise_because) if text is not None)


@pytest.mark.parametrize("device_class", FAULTS)
def test_every_fault_is_among_the_causes_of_its_class(device_class: str) -> None:
    assert set(FAULTS[device_class].split()) <= BOOK.by_class[device_class].keys()


@pytest.mark.parametrize(("device_class", "cause"), CAUSES, ids=lambda each: getattr(each, "id", each))
def test_every_cause_speaks_both_languages(device_class: str, cause: Cause) -> None:
    assert [text for text in texts(cause) if not HAN.search(text.zh) or HAN.search(text.en) or not text.en] == []


@pytest.mark.parametrize(("device_class", "cause"), CAUSES, ids=lambda each: getattr(each, "id", each))
def test_every_cause_says_what_to_do_and_every_sign_why(device_class: str, cause: Cause) -> None:
    assert cause.staff_checks or cause.checks
    assert [sign for sign in cause.signs if sign.ratio != 1 and sign.when is None and sign.raised is None] == []


def test_a_cause_creeps_where_the_fault_that_it_is_called_by_grows() -> None:
    growing = {kind.name for kind in KINDS if not kind.sudden}
    sudden = {kind.name for kind in KINDS if kind.sudden}
    assert load_rules().creeping >= growing
    assert load_rules().creeping & (sudden - growing) == set()
    assert growing & sudden == set()


def test_most_causes_begin_with_what_staff_can_do_on_the_telephone() -> None:
    asked = [cause.id for _, cause in CAUSES if cause.staff_checks]
    assert len(asked) > 0.75 * len(CAUSES)


def test_every_rule_is_of_a_family_that_there_is_and_folds_under_what_there_is() -> None:
    rules, families = load_rules().by_id, load_families()
    for rule in rules.values():
        assert rule.family in families
        assert {above.rule for above in rule.folds_under} <= {"", *rules, *FOUND_BY_HEAD_OFFICE}
