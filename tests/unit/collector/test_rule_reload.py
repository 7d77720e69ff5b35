"""Rules that change on disk come into force, or are refused and named, while those before go on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from collector import reload
from collector.reload import RuleReload
from configs.documents import Faulty
from rules.book import RuleBook
from tests.unit.rules.judged import rule_text

RULE = "refrigeration.too_warm"


class Folder:
    """Rules and overrides on disk, and what was handed on of them."""

    def __init__(self, path: Path) -> None:
        self.rules, self.overrides = path / "rules", path / "overrides"
        self.rules.mkdir()
        self.overrides.mkdir()
        self.write("rule", rule_text())
        self.reload = RuleReload(self.rules, self.overrides)
        self.taken: list[RuleBook] = []
        self.reload.hand_to(self.taken.append)

    def write(self, name: str, text: str) -> None:
        (self.rules / f"{name}.yaml").write_text(text, encoding="utf-8")

    def override(self, text: str) -> None:
        (self.overrides / "limits.yaml").write_text(f"rule: {RULE}\n{text}\n", encoding="utf-8")

    def looks(self) -> None:
        """Twice: a file has to lie still once."""
        self.reload.look()
        self.reload.look()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setattr(reload, "SHIPPED", tmp_path / "shipped")
    return Folder(tmp_path)


def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


def test_files_that_stay_as_they_are_are_not_read(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload, "load_rules", lambda *_: pytest.fail("read"))
    folder.looks()
    folder.write("rule", rule_text())
    folder.looks()
    assert folder.taken == []


def test_a_changed_rule_comes_into_force(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    folder.write("rule", rule_text().replace("for: 30m", "for: 29m"))
    folder.looks()
    (book,) = folder.taken
    assert book is folder.reload.book
    assert book.by_id[RULE].hold.total_seconds() == 29 * 60
    assert f"rules read again rules=1 changed={RULE}" in caplog.text


def test_a_file_that_is_still_being_written_is_left_alone(folder: Folder) -> None:
    folder.write("rule", rule_text().replace("severity: high", "severity: low"))
    folder.reload.look()
    assert folder.taken == []
    folder.reload.look()
    assert len(folder.taken) == 1


def test_faulty_rules_are_refused_with_file_and_line_and_those_before_go_on(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    before = folder.reload.book
    folder.write("rule", rule_text().replace("when: temp.control", "when: temp.controll"))
    folder.looks()
    assert (folder.taken, folder.reload.book) == ([], before)
    (fault,) = folder.reload.refused
    assert (Path(fault.file).name, fault.line) == ("rule.yaml", 11)
    assert refusals(caplog) == [f"rules refused, those before go on fault={fault.sentence('en')}"]


def test_mended_rules_are_refused_no_more(folder: Folder) -> None:
    folder.write("rule", "id: nothing")
    folder.looks()
    folder.write("rule", rule_text())
    folder.looks()
    assert (folder.reload.refused, folder.taken) == ((), [])


def test_rules_that_cannot_even_be_read_are_refused_and_those_before_go_on(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def run_out(*_: object) -> RuleBook:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(reload, "load_rules", run_out)
        folder.reload.look(asked=True)
    (fault,) = folder.reload.refused
    assert (fault.file, "Too many open files" in fault.what.en) == (str(folder.rules), True)
    assert refusals(caplog)[-1] == f"rules refused, those before go on fault={fault.sentence('en')}"
    folder.reload.look(asked=True)
    assert folder.reload.refused == ()


def refuses_once() -> Callable[[RuleBook], None]:
    refusing = [OSError("no memory")]

    def take(_: RuleBook) -> None:
        if refusing:
            raise refusing.pop()

    return take


def test_rules_that_cannot_be_taken_over_are_taken_with_the_next_look(folder: Folder) -> None:
    folder.reload.hand_to(refuses_once())
    folder.write("rule", rule_text().replace("severity: high", "severity: low"))
    folder.looks()
    assert "no memory" in folder.reload.refused[0].what.en
    folder.reload.look(asked=True)
    assert (folder.reload.refused, len(folder.taken)) == ((), 2)


def test_rules_that_could_not_be_taken_over_are_tried_again_by_themselves_and_ever_more_seldom(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    looks, tried = list[int](), list[int]()

    def take(_: RuleBook) -> None:
        tried.append(len(looks))
        if len(tried) < 5:
            raise OSError("the database is busy")

    folder.reload.hand_to(take)
    folder.write("rule", rule_text().replace("severity: high", "severity: low"))
    for look in range(40):
        looks.append(look)
        folder.reload.look()
    assert tried == [2, 4, 8, 16, 32]
    assert (folder.reload.refused, folder.reload.book.by_id[RULE].severity) == ((), "low")
    assert len(refusals(caplog)) == 2  # the trace and its sentence, once


def test_a_file_that_could_not_be_read_for_a_moment_is_read_again(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> RuleBook:
        raise Faulty([reload._no_folder(folder.rules)])

    folder.write("rule", rule_text().replace("severity: high", "severity: low"))
    with monkeypatch.context() as patch:
        patch.setattr(reload, "load_rules", busy)
        folder.looks()
    assert (len(folder.reload.refused), folder.taken) == (1, [])
    folder.looks()
    assert (folder.reload.refused, len(folder.taken)) == ((), 1)


def test_who_took_rules_that_others_could_not_take_is_given_those_that_are_put_back(folder: Folder) -> None:
    folder.reload.hand_to(refuses_once())
    folder.write("rule", rule_text().replace("severity: high", "severity: low"))
    folder.looks()
    folder.write("rule", rule_text())
    folder.looks()
    assert [book.by_id[RULE].severity for book in folder.taken] == ["low", "high"]


def test_a_limit_that_differs_for_a_store_comes_into_force(folder: Folder) -> None:
    folder.override("stores: {store-1: {limit: -14}}")
    folder.looks()
    assert folder.taken[0].overrides.params(RULE, "store-1", "any") == {"limit": -14}
    folder.override("stores: {store-1: {limmit: -14}}")
    folder.looks()
    assert (len(folder.taken), folder.reload.refused[0].line) == (1, 2)


def test_a_folder_that_is_gone_takes_nothing_along(folder: Folder) -> None:
    folder.override("chain: {limit: -14}")
    folder.looks()
    (folder.overrides / "limits.yaml").unlink()
    folder.overrides.rmdir()
    folder.looks()
    assert folder.reload.book.overrides.chain == {RULE: {"limit": -14}}
    assert folder.reload.refused[0].file == str(folder.overrides)


def test_who_asks_is_told_how_the_files_are(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    folder.reload.look(asked=True)
    assert "rules read again rules=1 nothing to change" in caplog.text


def test_it_runs_until_it_is_stopped(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload, "LOOK_EVERY_S", 0.02)
    swapped = threading.Event()
    folder.reload.hand_to(lambda _: swapped.set())
    thread = threading.Thread(target=folder.reload.run)
    thread.start()
    folder.write("rule", rule_text().replace("severity: high", "severity: low"))
    assert swapped.wait(10)
    folder.reload.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_rules_that_cannot_be_used_to_begin_with_are_named(tmp_path: Path) -> None:
    with pytest.raises(Faulty):
        RuleReload(tmp_path, None)
