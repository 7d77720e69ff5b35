"""Hot reload of rules: their files are watched; what changed and is sound is swapped in, what is not is refused."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import rules
from configs.documents import Fault, Faulty
from configs.watched import Prints, Stamps, prints_of, stamps_of
from edge_agent.contract.text import Text
from rules.book import RuleBook
from rules.load import load_rules

LOOK_EVERY_S = 2.0
LOOKS_APART_AT_MOST = 128
"""What was refused is tried again two looks later, then after twice as many each time: what was in its way may be gone
though no file has changed. Four minutes at most."""
SHIPPED = Path(rules.__file__).parent
"""Rules, causes, families and classes of products that a folder of one's own builds on."""

log = logging.getLogger(__name__)


class RuleReload:
    """`book` is in force and `refused` what is wrong with the files since, if anything. `rules` and `overrides` are the
    folders of the settings. Raises Faulty where the rules to begin with cannot be used."""

    def __init__(self, rules: Path | None, overrides: Path | None) -> None:
        self._rules, self._overrides = rules, overrides
        self._read = self._seen = self._stamps()
        self._prints: Prints = prints_of(self._read)
        self.refused: tuple[Fault, ...] = ()
        self._pause = self._looks_left = 1
        self.book = self._load()
        self._take: list[Callable[[RuleBook], None]] = []
        self._half_taken = False
        self._asked = threading.Event()
        self._ends = False

    def hand_to(self, *takers: Callable[[RuleBook], None]) -> None:
        """Who is given each book that comes into force from now on."""
        self._take += takers

    def ask(self) -> None:
        """Look now, and say how the files are, also when they are as they were."""
        self._asked.set()

    def stop(self) -> None:
        self._ends = True
        self._asked.set()

    def run(self) -> None:
        """Until it is stopped."""
        while True:
            asked = self._asked.wait(LOOK_EVERY_S)
            self._asked.clear()
            if self._ends:
                return
            try:
                self.look(asked=asked)
            except Exception:  # where even looking fails, stores are judged on, and the next look may do
                log.exception("cannot look whether rules have changed, those before go on")

    def look(self, *, asked: bool = False) -> None:
        """A file that is still being written is left alone: half of it may well be sound."""
        stamps = self._stamps()
        settled, self._seen = stamps == self._seen, stamps
        again = self._is_due_again()
        if not asked and not (settled and (again or stamps != self._read)):
            return
        prints = prints_of(stamps)
        self._read = stamps
        if asked or prints != self._prints:
            self._prints, self._pause = prints, 1
            self._take_over(stamps, said=())
        elif again:
            self._take_over(stamps, said=self.refused)

    def _is_due_again(self) -> bool:
        self._looks_left -= 1
        return bool(self.refused) and self._looks_left <= 0

    def _take_over(self, stamps: Stamps, said: tuple[Fault, ...]) -> None:
        """`said` is what the log has named already."""
        try:
            book = self._load()
            if self._stamps() != stamps:
                self._prints = {}  # somebody writes at this very moment; the next look reads all of it
                return
            told = changes_between(self.book, book)
            if told or self._half_taken:
                self._hand_on(book)
        except Faulty as faulty:
            self._refuse(faulty.faults, said)
            return
        except Exception as error:  # whatever it was, stores are judged on, and whoever asks how it stands must know
            fault = _trouble(self._rules or SHIPPED, error)
            if fault not in said:
                log.exception("changed rules cannot be taken over")
            self._refuse((fault,), said)
            return
        self.refused = ()
        log.info("rules read again rules=%d %s", len(book.rules), told or "nothing to change")

    def _hand_on(self, book: RuleBook) -> None:
        """Who had taken one that others could not take is given the next in any case."""
        self._half_taken = True
        for take in self._take:
            take(book)
        self.book, self._half_taken = book, False

    def _refuse(self, faults: tuple[Fault, ...], said: tuple[Fault, ...]) -> None:
        self.refused = faults
        self._pause = self._looks_left = min(2 * self._pause, LOOKS_APART_AT_MOST)
        for fault in faults:
            if fault not in said:
                log.error("rules refused, those before go on fault=%s", fault.sentence("en"))

    def _load(self) -> RuleBook:
        """Checked, and ready to judge by. Raises Faulty."""
        if gone := [folder for folder in (self._rules, self._overrides) if folder and not folder.is_dir()]:
            raise Faulty(map(_no_folder, gone))
        book = load_rules(self._rules, self._overrides)
        book.make_plans()
        return book

    def _stamps(self) -> Stamps:
        folders = {SHIPPED, self._rules or SHIPPED, self._overrides or SHIPPED}
        return stamps_of(sorted({file for folder in folders for file in folder.rglob("*.yaml")}))


def changes_between(before: RuleBook, after: RuleBook) -> str:
    """What differs, in words for a log; empty where both judge alike."""
    return " ".join(_told(before, after))


def _told(before: RuleBook, after: RuleBook) -> Iterator[str]:
    gone, new = before.by_id.keys() - after.by_id.keys(), after.by_id.keys() - before.by_id.keys()
    both = before.by_id.keys() & after.by_id.keys()
    other = {id_ for id_ in both if replace(before.by_id[id_], file="") != replace(after.by_id[id_], file="")}
    for what, ids in (("new", new), ("changed", other), ("gone", gone)):
        if ids:
            yield f"{what}={','.join(sorted(ids))}"
    beside = {"overrides": "overrides", "store_causes": "store_causes", "food": "product_classes"}
    yield from (f"{word}=changed" for name, word in beside.items() if getattr(before, name) != getattr(after, name))


def _trouble(folder: Path, error: Exception) -> Fault:
    what = Text(zh=f"无法采用更改后的规则：{error!r}", en=f"the changed rules cannot be taken over: {error!r}")
    fix = Text(zh="会自动重试，原因详见日志", en="they are tried again by themselves; see the log for why")
    return Fault(file=str(folder), line=1, what=what, fix=fix)


def _no_folder(folder: Path) -> Fault:
    what = Text(zh="文件夹不存在", en="there is no such folder")
    return Fault(file=str(folder), line=1, what=what, fix=Text(zh="请恢复该文件夹", en="put it back"))
