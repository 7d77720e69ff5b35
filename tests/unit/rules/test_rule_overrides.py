"""Params that differ by chain, store and device: found at their line when wrong, the nearer one in force."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from configs.documents import Faulty
from rules.book import RuleBook
from rules.engine import judge
from rules.load import load_rules
from rules.memory import DeviceMemory
from rules.neighbours import Neighbours, Setting
from tests.unit.rules.judged import freezer, rule_text, said

RULE = "refrigeration.too_warm"


def book_with(folder: Path, *texts: str) -> RuleBook:
    (folder / "rule.yaml").write_text(rule_text().replace("for: 30m", "for: 0s"), encoding="utf-8")
    (folder / "overrides").mkdir()
    for number, text in enumerate(texts):
        (folder / "overrides" / f"{number}.yaml").write_text(text, encoding="utf-8")
    return load_rules(folder)


ALL = f"""\
rule: {RULE}
chain: {{limit: -13}}
stores:
  store-1: {{limit: -14}}
devices:
  store-1/freezer-2: {{limit: -15}}
  store-2/freezer-2: {{limit: -16}}
"""


@pytest.mark.parametrize(
    ("store", "device", "limit"),
    [
        ("store-9", "freezer-1", -13),
        ("store-1", "freezer-1", -14),
        ("store-1", "freezer-2", -15),
        ("store-2", "freezer-2", -16),
        ("store-2", "freezer-1", -13),
        ("", "freezer-2", -13),
    ],
)
def test_the_nearer_one_wins(tmp_path: Path, store: str, device: str, limit: float) -> None:
    book = book_with(tmp_path, ALL)
    assert book.params(book.by_id[RULE], freezer(device), store) == {"limit": limit}
    ((_, params),) = book.plan(freezer(device), store).rules
    assert params == {"limit": limit}


def test_a_duty_counts_less_than_the_chain(tmp_path: Path) -> None:
    assert book_with(tmp_path).params(load_rules(tmp_path).by_id[RULE], freezer(duty="chiller")) == {"limit": 8}
    (tmp_path / "overrides" / "chain.yaml").write_text(ALL, encoding="utf-8")
    book = load_rules(tmp_path)
    assert book.params(book.by_id[RULE], freezer(duty="chiller")) == {"limit": -13}


def test_devices_without_anything_of_their_own_share_a_plan(tmp_path: Path) -> None:
    book = book_with(tmp_path, ALL)
    assert book.plan(freezer("a"), "store-5") is book.plan(freezer("b"), "store-6")
    assert book.plan(freezer("freezer-2"), "store-1") is not book.plan(freezer("freezer-2"), "store-2")


def test_judging_goes_by_them_and_says_so(tmp_path: Path) -> None:
    book, told = book_with(tmp_path, ALL), said(0, "freezer-2", temp_control=-14.5)
    strict, mild = (Neighbours(setting=Setting(id=store)) for store in ("store-2", "store-9"))
    (change,) = judge(book, freezer("freezer-2"), DeviceMemory(), told, strict).changes
    assert change.evidence.params == {"limit": -16}
    assert judge(book, freezer("freezer-2"), DeviceMemory(), told, mild).changes == ()


def test_another_limit_is_asked_about_at_once(tmp_path: Path) -> None:
    """Nothing that the device reports has changed, but the plan has."""
    book = book_with(tmp_path, ALL)
    told = [said(minute, "freezer-2", temp_control=-15.5) for minute in (0, 1)]
    before = judge(replace(book, overrides=load_rules().overrides), freezer("freezer-2"), DeviceMemory(), told[0])
    assert before.changes == ()
    strict = Neighbours(setting=Setting(id="store-2"))
    assert judge(book, freezer("freezer-2"), before.memory, told[1], strict).changes != ()


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("rule: refrigeration.too_cold\n", 1, "there is no rule refrigeration.too_cold"),
        (f"rule: {RULE}\nchain: {{limt: 3}}\n", 2, f"{RULE} has no param limt"),
        (f"rule: {RULE}\nstores:\n  s:\n    limit: 1\n    more: 2\n", 5, f"{RULE} has no param more"),
        (f"rule: {RULE}\nstores:\n  Store 1: {{limit: 1}}\n", 3, "Store 1 is no id of a store"),
        (f"rule: {RULE}\ndevices:\n  freezer-1: {{limit: 1}}\n", 3, "freezer-1 is no store and device"),
        (f"rule: {RULE}\nchain: {{limit: warm}}\n", 2, ""),
    ],
)
def test_it_refuses_what_names_nothing(tmp_path: Path, text: str, line: int, what: str) -> None:
    with pytest.raises(Faulty) as caught:
        book_with(tmp_path, text)
    (fault,) = caught.value.faults
    assert fault.line == line
    assert what in fault.what.en


def test_it_refuses_to_be_told_twice(tmp_path: Path) -> None:
    with pytest.raises(Faulty) as caught:
        book_with(tmp_path, ALL, f"rule: {RULE}\nchain: {{limit: 1}}\n")
    assert [fault.file for fault in caught.value.faults] == [str(tmp_path / "overrides" / "1.yaml")]
