"""Loading rule files: every fault at once, each with its line and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from configs.documents import Faulty
from edge_agent.contract.readings import Device
from edge_agent.contract.text import same
from rules.load import load_library, load_rules
from rules.selftest import run_tests
from tests.unit.rules.judged import book_in, freezer, rule_text


def faults(folder: Path, *texts: str) -> list[str]:
    with pytest.raises(Faulty) as caught:
        book_in(folder, *texts)
    assert all(fault.what.zh and fault.fix.zh for fault in caught.value.faults)
    return [fault.sentence("en").removeprefix(f"{folder}/") for fault in caught.value.faults]


def test_it_reads_a_rule(tmp_path: Path) -> None:
    book = book_in(tmp_path, rule_text())
    rule = book.by_id["refrigeration.too_warm"]
    assert (rule.params_of("freezer"), rule.params_of("chiller")) == ({"limit": -12}, {"limit": 8})
    assert book.plan(freezer()).rules[0][1] == {"limit": -12}


def test_it_finds_every_fault_of_every_file_at_once(tmp_path: Path) -> None:
    first = rule_text("unless: defrost.activ\nnormal: temp.control < limt\nevidence: [temp.air]\nlimit: limits")
    found = faults(tmp_path, first, rule_text("severty: low", id_="refrigeration.other"))
    assert found == [
        "rule-0.yaml:13: column 1: a refrigeration_case has no point defrost.activ — did you mean defrost.active?",
        "rule-0.yaml:14: column 16: a refrigeration_case has no point limt — did you mean limit?",
        "rule-0.yaml:15: a refrigeration_case has no point temp.air — did you mean temp.air_on?",
        "rule-0.yaml:16: there is no param limits — did you mean limit?",
        "rule-1.yaml:13: there is no setting called severty — check the spelling, or remove it",
    ]


@pytest.mark.parametrize(
    ("replace", "by", "fault"),
    [
        ("[refrigeration_case]", "[refrigeration]", "the catalogue has no device_class refrigeration"),
        ("params: {limit: -12}", "params: {temp.control: 1, limit: -12}", "temp.control is the name of a point"),
        ("params: {limit: -12}", "params: {limit: .inf}", "value is inf"),
        ("{chiller: {limit: 8}}", "{chilled: {limit: 8}}", "does not apply to chilled — did you mean chiller?"),
        ("{chiller: {limit: 8}}", "{chiller: {limt: 8}}", "there is no param limt — did you mean limit?"),
        ("for {held_for}", "for {hold}", "a refrigeration_case has no point hold"),
        ("en: Too warm", 'en: "{temp.control}"', "no value can stand here"),
        ("duty: freezer", "duty: freezr", "the rule does not apply to freezr — did you mean freezer?"),
        ("-10x4", "-10x3", "temp.control has 3 steps — expect has 4"),
        ("-10x4", "-10x", "-10x cannot be understood"),
        ("-10x4", '"!brokenx4"', "there is no quality broken"),
        ("-10x4", "truex4", "temp.control never reports True — it is a number"),
        ("temp.control: -10x4", "temp.contrl: -10x4", "a refrigeration_case has no point temp.contrl"),
        ("expect: pendingx3 active", "expect: pendingx3 actve", "an alarm has no state actve — did you mean active?"),
        ("expect: pendingx3 active", "expect: '!!'", "!! cannot be understood"),
        ("temp.control: -10x4", "temp.control: -10x4\n    state.mode: colling", "state.mode never says colling"),
        ("it: waits", "it: ' '", "the test does not say what it shows"),
        ("en: Too warm", "en: ''", "rule-0.yaml:2: the text is empty in en"),
        ("zh: 变质", "zh: ' '", "the text is empty in zh"),
        ("when: temp.control > limit", "when: temp.control > 5 and temp.control < 3", "this can never be true"),
        ("params: {limit: -12}", "params: {not: 1, limit: -12}", "not means something else in a condition"),
        ("params: {limit: -12}", "params: {held_for: 1, limit: -12}", "held_for means something else in a text"),
        ("every: 10m", "every: 10", "every is 10"),
        ("every: 10m", "every: 0s", "a step takes no time"),
        ("every: 10m", "every: 10m\n    first_cause: ice", "there is no cause ice"),
        ("for: 30m", "for: half an hour", "for is 'half an hour'"),
        ("severity: high", "severity: urgent", "severity is 'urgent'"),
        ("id: refrigeration.too_warm", "id: TooWarm", "id is 'TooWarm'"),
    ],
)
def test_it_says_what_is_wrong(tmp_path: Path, replace: str, by: str, fault: str) -> None:
    text = rule_text()
    assert replace in text
    assert fault in "\n".join(faults(tmp_path, text.replace(replace, by)))


@pytest.mark.parametrize("name", ["other.yml", "causes/any.YAML", "overrides/mine.yml"])
def test_it_refuses_files_that_nobody_reads(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("", encoding="utf-8")
    (found,) = faults(tmp_path, rule_text())
    assert found.startswith(f"{name}:1: only files named .yaml are read")


@pytest.mark.parametrize("name", [".gitlab-ci.yml", ".github/ci.yml"])
def test_it_leaves_hidden_files_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("", encoding="utf-8")
    assert book_in(tmp_path, rule_text()).rules


def test_it_refuses_two_rules_of_one_name(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, rule_text(), rule_text())
    assert found.startswith("rule-1.yaml:1: refrigeration.too_warm is already the rule of")


def test_it_refuses_two_causes_of_one_name(tmp_path: Path) -> None:
    text = rule_text("causes: [door_left_open, {door_left_open: 2}]")
    assert "there is already a cause door_left_open" in faults(tmp_path, text)[0]


def test_it_refuses_an_inhibitor_that_there_is_not(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, rule_text("inhibited_by: [refrigeration.dor]"))
    assert "there is no rule refrigeration.dor" in found


def test_it_refuses_rules_that_inhibit_each_other(tmp_path: Path) -> None:
    one = rule_text("inhibited_by: [refrigeration.other]")
    other = rule_text("inhibited_by: [refrigeration.too_warm]", id_="refrigeration.other")
    assert "these rules inhibit each other" in faults(tmp_path, one, other)[0]


def test_it_says_when_there_is_nothing_to_load(tmp_path: Path) -> None:
    assert "there are no rules in this folder" in faults(tmp_path)[0]
    (tmp_path / "empty.yaml").write_text("")
    assert faults(tmp_path)[0].startswith("empty.yaml:1:")


def test_a_rule_without_classes_applies_to_those_of_its_folder_or_to_all(tmp_path: Path) -> None:
    (tmp_path / "ac_unit").mkdir()
    (tmp_path / "ac_unit/a.yaml").write_text(everywhere("ac.silent"), encoding="utf-8")
    (tmp_path / "b.yaml").write_text(everywhere("device.silent"), encoding="utf-8")
    by_id = load_rules(tmp_path).by_id
    assert by_id["ac.silent"].device_classes == {"ac_unit"}
    assert len(by_id["device.silent"].device_classes) > 3


def everywhere(id_: str) -> str:
    text = rule_text(id_=id_).replace("{device_class: [refrigeration_case]}", "{}")
    text = text.replace("temp.control > limit", "silent()").replace("{temp.control}", "{limit}")
    return text.replace("temp.control: -10x4", "alarm.any: '!no_answer'").replace(
        "{duty: freezer}", "{device_class: ac_unit}"
    )


def test_the_limit_of_a_chart_goes_by_duty(tmp_path: Path) -> None:
    rule = book_in(tmp_path, rule_text("limit: limit")).by_id["refrigeration.too_warm"]
    assert rule.limit is not None
    assert [rule.params_of(duty)[rule.limit] for duty in ("freezer", "chiller")] == [-12, 8]


def test_the_plan_of_an_unknown_class_is_empty(tmp_path: Path) -> None:
    device = Device(id="x", device_class="y", duty="z", profile="p", profile_version=1, proven=False, name=same("x"))
    assert book_in(tmp_path, rule_text()).plan(device).rules == ()


def test_the_rule_of_the_page_is_right(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/rules.md").read_text(encoding="utf-8")
    (tmp_path / "rule.yaml").write_text(page.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    library = load_library(tmp_path)
    assert [outcome.test.it for outcome in run_tests(library.book, library.tests) if not outcome.passed] == []


def test_a_rule_says_whether_it_is_on_trial_and_whether_its_alarm_waits_for_a_reset(tmp_path: Path) -> None:
    plain = book_in(tmp_path, rule_text()).by_id["refrigeration.too_warm"]
    assert (plain.shadow, plain.latched) == (False, False)
    rule = book_in(tmp_path, rule_text("shadow: true\nlatched: true")).by_id["refrigeration.too_warm"]
    assert (rule.shadow, rule.latched) == (True, True)
