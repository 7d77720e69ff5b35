"""The documents say what is: links lead somewhere, commands exist, generated pages are current."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from edge_agent.contract.schema import contract_document
from edge_agent.profiles.document import ProfileDocument
from edge_agent.profiles.load import load_profile
from edge_agent.profiles.point_document import PointDocument
from edge_agent.profiles.supported import supported_document
from edge_agent.profiles.write_document import WriteDocument

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "SUPPORTED.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "systemd").rglob("*.md")),
]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`([^`\n]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_a_page_names_exist(page: Path) -> None:
    named = (code.rstrip("/") for code in CODE.findall(page.read_text(encoding="utf-8")))
    ours = [
        name
        for name in named
        if re.fullmatch(r"(edge_agent|collector|rules|configs|simulators|tests|docs|systemd)/[\w./-]+", name)
    ]
    assert [name for name in ours if not (ROOT / name).exists()] == []


def test_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)`", (ROOT / "README.md").read_text(encoding="utf-8"))) <= targets


def test_programs_of_the_readme_are_installed() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert set(scripts) == {"edge-agent", "collector", "fault-rules", "simulate"}


def test_contract_page_is_current() -> None:
    assert (ROOT / "docs/contract.md").read_text(encoding="utf-8") == contract_document()


def test_the_table_of_supported_controllers_is_current() -> None:
    assert (ROOT / "SUPPORTED.md").read_text(encoding="utf-8") == supported_document()


def test_the_example_of_the_guide_is_a_profile_without_faults(tmp_path: Path) -> None:
    guide = (ROOT / "docs/add-a-device.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(profile: .*?)```", guide, re.DOTALL)
    assert examples
    for example in examples:
        file = tmp_path / f"{example.split()[1]}.yaml"
        file.write_text(example, encoding="utf-8")
        assert load_profile(file).points


def test_the_page_of_the_schema_names_every_key() -> None:
    page = (ROOT / "docs/profile-schema.md").read_text(encoding="utf-8")
    keys = {*ProfileDocument.model_fields, *PointDocument.model_fields, *WriteDocument.model_fields} - {"source"}
    assert [key for key in sorted(keys) if f"`{key}" not in page and f" {key}:" not in page] == []
    assert [number for number in range(1, 29) if f"| {number} |" not in page] == []


def test_every_decision_is_listed() -> None:
    listed = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    pages = [page.name for page in (ROOT / "docs/decisions").glob("[0-9]*.md")]
    assert [page for page in pages if f"({page})" not in listed] == []


def test_pinned_requirements_name_no_host_and_no_machine() -> None:
    named = [
        path.name for path in ROOT.glob("requirements/*.txt") if re.search(r"https?://|file:|/opt/", path.read_text())
    ]
    assert named == []


def test_the_lock_of_the_page_names_no_host() -> None:
    assert '"resolved"' not in (ROOT / "collector/web/package-lock.json").read_text(encoding="utf-8")
