"""Files of causes: what they are read as, and every fault of them at once with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from configs.documents import Faulty
from rules.causes import cause_files, load_causes
from rules.families import load_families
from rules.load import load_rules
from rules.model import Above, Cause
from tests.unit.rules.judged import book_in, rule_text

TEXT = """\
params: {cold: 12}
params_for: {freezer: {cold: 15}}
causes:
  coil:
    text: {zh: 结冰, en: Coil}
    duties: [freezer, cold_room]
    signs:
      - {when: temp.evaporator < temp.control - cold, for: 4, else: 2}
      - {raised: refrigeration.probe_fault, against: 5}
    staff_checks: [{zh: 看, en: Look}]
"""


def causes_in(folder: Path, text: str = TEXT, name: str = "refrigeration_case") -> dict[str, Cause]:
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return dict(load_causes([path]).by_class[name])


def test_it_reads_a_cause(tmp_path: Path) -> None:
    coil = causes_in(tmp_path)["coil"]
    assert [(sign.ratio, sign.otherwise) for sign in coil.signs] == [(4, 0.5), (0.2, 1)]
    assert (coil.params_of("freezer"), coil.params_of("cold_room")) == ({"cold": 15}, {"cold": 12})
    assert (coil.fits("freezer"), coil.fits("open_chiller"), coil.fits("")) == (True, False, True)


@pytest.mark.parametrize(
    ("replace", "by", "line", "fault"),
    [
        ("temp.evaporator <", "temp.evaporater <", 8, "no point temp.evaporater — did you mean temp.evaporator?"),
        ("- cold,", "- cool,", 8, "no point cool — did you mean cold?"),
        ("for: 4, else: 2", "for: 0.5", 8, "for is 0.5"),
        ("for: 4, else: 2", "for: 4, against: 2", 8, "either for or against"),
        ("for: 4, else: 2", "against: 4, else: 2", 8, "else goes with when and for"),
        ("raised: refrigeration.probe_fault", "when: in.door, raised: a.b", 9, "either when or raised"),
        ("duties: [freezer", "duties: [freezr", 6, "does not apply to freezr — did you mean freezer?"),
        ("{freezer: {cold", "{freezer: {cool", 2, "there is no param cool — did you mean cold?"),
        ("{cold: 12}", "{in.door: 12, cold: 12}", 1, "in.door is the name of a point"),
        ("{zh: 看, en: Look}", '{zh: 看, en: "Look {cool}"}', 10, "no point cool — did you mean cold?"),
        ("en: Coil", 'en: "{cold}"', 5, "no value can stand here"),
        ("    staff_checks: [{zh: 看, en: Look}]\n", "", 4, "does not say what to check"),
    ],
)
def test_it_says_what_is_wrong_and_where(tmp_path: Path, replace: str, by: str, line: int, fault: str) -> None:
    assert replace in TEXT
    with pytest.raises(Faulty) as caught:
        causes_in(tmp_path, TEXT.replace(replace, by))
    assert [found.line for found in caught.value.faults] == [line]
    assert fault in str(caught.value)


def test_a_file_of_no_class_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Faulty, match=r"no device class refrigeration_cas — did you mean refrigeration_case\?"):
        causes_in(tmp_path, name="refrigeration_cas")


def test_causes_of_any_class_can_only_ask_what_every_device_answers(tmp_path: Path) -> None:
    with pytest.raises(Faulty, match=r"has no point temp\.evaporator"):
        causes_in(tmp_path, name="any")


def test_a_folder_of_rules_brings_its_own_causes_in_place_of_the_shipped(tmp_path: Path) -> None:
    (tmp_path / "causes").mkdir()
    (tmp_path / "causes" / "refrigeration_case.yaml").write_text(TEXT, encoding="utf-8")
    names = {path.stem: path.parent for path in cause_files(tmp_path)}
    assert names["refrigeration_case"] == tmp_path / "causes"
    assert names["ac_unit"] != tmp_path / "causes"
    suspects = book_in(tmp_path, rule_text("causes: [coil]")).by_id["refrigeration.too_warm"].suspects
    assert [suspect.cause.id for suspect in suspects["refrigeration_case"]] == ["coil"]


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("causes: [evaporator_icd]", "there is no cause evaporator_icd — did you mean evaporator_iced?"),
        ("causes: [{evaporator_iced: 0}]", "is 0"),
        ("family: coling", "there is no family coling — did you mean cooling?"),
        ("folds_under: [{family: coling, of: feeder}]", "there is no family coling"),
        ("folds_under: [{of: feeder}]", "either rule or family"),
        ("folds_under: [{rule: bus.dwn, of: bus}]", "there is no rule bus.dwn — did you mean bus.down?"),
    ],
)
def test_a_rule_names_causes_and_families_that_there_are(tmp_path: Path, more: str, fault: str) -> None:
    with pytest.raises(Faulty) as caught:
        book_in(tmp_path, rule_text(more))
    assert fault in str(caught.value)


def test_a_rule_folds_as_its_family_does_unless_it_says_otherwise(tmp_path: Path) -> None:
    own = book_in(tmp_path, rule_text("family: cooling\nfolds_under: [{rule: bus.down, of: bus}]")).rules[0]
    assert own.folds_under == (Above(of="bus", rule="bus.down"),)
    (tmp_path / "rule-0.yaml").write_text(rule_text("family: cooling"), encoding="utf-8")
    rule = load_rules(tmp_path).rules[0]
    assert rule.folds_under == load_families()["cooling"].folds_under


def test_a_rule_without_a_family_is_one_of_its_own(tmp_path: Path) -> None:
    rule = book_in(tmp_path, rule_text()).rules[0]
    assert (rule.family, rule.folds_under) == (rule.id, ())


def test_families_fold_under_families_that_there_are(tmp_path: Path) -> None:
    path = tmp_path / "families.yaml"
    text = "families: {air: {text: {zh: 空调, en: Air}, folds_under: [{family: ar, of: store}]}}"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Faulty, match="there is no family ar"):
        load_families(path)


def test_the_causes_of_the_page_are_right(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/rules.md").read_text(encoding="utf-8")
    (text,) = [block for block in page.split("```yaml\n") if "staff_checks" in block]
    (iced,) = causes_in(tmp_path, text.split("```")[0]).values()
    assert (len(iced.signs), set(iced.numbers)) == (3, {"coil"})
