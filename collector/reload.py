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
        self.book = self._load()
        self._take: list[Callable[[RuleBook], None]] = []
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
        if not asked and (not settled or stamps == self._read):
            return
        prints = prints_of(stamps)
        self._read = stamps
        if asked or prints != self._prints:
            self._prints = prints
            self._take_over(stamps)

    def _take_over(self, stamps: Stamps) -> None:
        try:
            book = self._load()
            if self._stamps() != stamps:
                self._prints = {}  # somebody writes at this very moment; the next look reads all of it
                return
            if told := changes_between(self.book, book):
                for take in self._take:
                    take(book)
                self.book = book
        except Faulty as faulty:
            self._refuse(faulty.faults)
            return
        except Exception as error:  # whatever it was, stores are judged on, and whoever asks how it stands must know
            log.exception("changed rules cannot be taken over")
            self._refuse((_trouble(self._rules or SHIPPED, error),))
            return
        self.refused = ()
        log.info("rules read again rules=%d %s", len(book.rules), told or "nothing to change")

    def _refuse(self, faults: tuple[Fault, ...]) -> None:
        self.refused = faults
        for fault in faults:
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
    fix = Text(
        zh="排除原因后发送 SIGHUP 重试，详见日志", en="see the log for why, then send SIGHUP to have them read again"
    )
    return Fault(file=str(folder), line=1, what=what, fix=fix)


def _no_folder(folder: Path) -> Fault:
    what = Text(zh="文件夹不存在", en="there is no such folder")
    return Fault(file=str(folder), line=1, what=what, fix=Text(zh="请恢复该文件夹", en="put it back"))
