"""Rule files → RuleBook, with every fault of every file found in one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from configs.documents import Document, Fault, Faulty, build, read_document
from edge_agent.contract.text import Text
from rules.book import RuleBook, book_of
from rules.build import RuleTest, Shelf, rule_of
from rules.causes import FOLDER, cause_files, load_causes
from rules.document import RuleShape
from rules.families import FOUND_BY_HEAD_OFFICE, load_families
from rules.food_table import food_file, load_food
from rules.model import Rule
from rules.naming import suggestion
from rules.override_files import FOLDER as OVERRIDES
from rules.override_files import load_overrides

SHIPPED = Path(__file__).parent / "library"


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """The rules in force and the tests that stand in their files."""

    book: RuleBook
    tests: tuple[RuleTest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    document: Document
    rule: Rule
    tests: tuple[RuleTest, ...]


def load_rules(folder: Path | None = None, overrides: Path | None = None) -> RuleBook:
    """The rules of a folder and the folders in it; None means those that ship with storewarden. Raises Faulty.

    `overrides` is the folder in which params differ by chain, store and device; None means the one among the rules.
    """
    return load_library(folder, overrides).book


def load_library(folder: Path | None = None, overrides: Path | None = None) -> Library:
    """As `load_rules`, with the rules' own tests."""
    root = SHIPPED if folder is None else folder
    causes = load_causes(cause_files(root))
    loaded, faults = _load_files(root, Shelf(causes=causes, families=load_families()))
    faults += [*_twice(loaded), *_unknown_inhibitors(loaded), *_unknown_parents(loaded)]
    if folder is None and not faults:
        faults += causes.unknown_rules(each.rule.id for each in loaded)
    if not loaded and not faults:
        faults.append(_no_rules(root))
    if overrides is not None and not overrides.is_dir():
        faults.append(_no_folder(overrides))
    faults += [_not_read(path) for path in {*_misnamed(root), *_misnamed(overrides or root)}]
    if faults:
        raise Faulty(faults)
    tests = tuple(test for each in loaded for test in each.tests)
    store_causes = causes.by_class.get("store", {})
    rules = _in_order(loaded)
    changed = load_overrides(overrides or root / OVERRIDES, {rule.id: rule for rule in rules})
    food = load_food(food_file(root))
    book = book_of(rules, changed, store_causes=store_causes, food=food, creeping=causes.creeping)
    return Library(book=book, tests=tests)


def _load_files(root: Path, shelf: Shelf) -> tuple[list[_Loaded], list[Fault]]:
    loaded: list[_Loaded] = []
    faults: list[Fault] = []
    beside = {FOLDER, OVERRIDES}
    paths = (path for path in root.rglob("*.yaml") if path.parent.name not in beside and path != food_file(root))
    for path in sorted(paths):
        try:
            document = read_document(path)
            rule, tests = rule_of(document, build(RuleShape, document), shelf)
        except Faulty as error:
            faults += error.faults
        else:
            loaded.append(_Loaded(document=document, rule=rule, tests=tests))
    return loaded, faults


def _misnamed(folder: Path) -> Iterable[Path]:
    """Files that somebody will believe to be in force; what is hidden, as by version control, is none of them."""
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.suffix.lower() in {".yml", ".yaml"} and path.suffix != ".yaml":
            yield path


def _not_read(path: Path) -> Fault:
    return Fault(
        file=str(path),
        line=1,
        what=Text(zh="只读取 .yaml 文件，此文件不起作用", en="only files named .yaml are read, and this one is not"),
        fix=Text(zh=f"请改名为 {path.stem}.yaml", en=f"call it {path.stem}.yaml"),
    )


def _no_folder(path: Path) -> Fault:
    return Fault(
        file=str(path),
        line=1,
        what=Text(zh="没有这个文件夹", en="there is no such folder"),
        fix=Text(zh="请更正路径，或创建它", en="correct the path, or create it"),
    )


def _no_rules(root: Path) -> Fault:
    if not root.is_dir():
        return _no_folder(root)
    return Fault(
        file=str(root),
        line=1,
        what=Text(zh="文件夹中没有规则", en="there are no rules in this folder"),
        fix=Text(zh="请给出含有 .yaml 规则文件的文件夹", en="name a folder with rule files (.yaml)"),
    )


def _twice(loaded: Sequence[_Loaded]) -> Iterable[Fault]:
    first: dict[str, _Loaded] = {}
    for each in loaded:
        other = first.setdefault(each.rule.id, each)
        if other is not each:
            path = other.document.path
            what = Text(zh=f"规则 {each.rule.id} 已在 {path} 中", en=f"{each.rule.id} is already the rule of {path}")
            yield each.document.fault(("id",), what, Text(zh="请换一个 id", en="choose another id"))


def _unknown_inhibitors(loaded: Sequence[_Loaded]) -> Iterable[Fault]:
    known = {each.rule.id for each in loaded}
    for each in loaded:
        for position, other in enumerate(each.rule.inhibited_by):
            if other not in known:
                what = Text(zh=f"没有规则 {other}", en=f"there is no rule {other}")
                yield each.document.fault(("inhibited_by", position), what, suggestion(other, known - {each.rule.id}))


def _unknown_parents(loaded: Sequence[_Loaded]) -> Iterable[Fault]:
    known = {each.rule.id for each in loaded} | FOUND_BY_HEAD_OFFICE
    for each in loaded:
        for position, above in enumerate(each.rule.folds_under):
            if above.rule and above.rule not in known:
                what = Text(zh=f"没有规则 {above.rule}", en=f"there is no rule {above.rule}")
                yield each.document.fault(("folds_under", position), what, suggestion(above.rule, known))


def _in_order(loaded: Sequence[_Loaded]) -> list[Rule]:
    """Each rule after those that inhibit it. Raises Faulty: some inhibit each other."""
    by_id: Mapping[str, _Loaded] = {each.rule.id: each for each in loaded}
    try:
        order = list(TopologicalSorter({id_: each.rule.inhibited_by for id_, each in by_id.items()}).static_order())
    except CycleError as error:
        cycle = error.args[1]
        around = " → ".join(reversed(cycle))
        what = Text(zh=f"规则互相抑制：{around}", en=f"these rules inhibit each other: {around}")
        fix = Text(zh="请去掉其中一个 inhibited_by", en="remove one inhibited_by of them")
        raise Faulty([by_id[cycle[0]].document.fault(("inhibited_by",), what, fix)]) from error
    return [by_id[id_].rule for id_ in order]
