"""The shape of the code, held by tests: sizes, layers and habits that a reader may rely on."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("edge_agent", "collector", "rules", "configs", "simulators")
LONGEST_FILE, LONGEST_FUNCTION = 350, 40


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if "node_modules" not in path.parts:
                yield path


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_is_longer_than_one_sitting() -> None:
    too_long = {
        str(path.relative_to(ROOT)): lines
        for path in sources()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }
    assert not too_long


def test_no_function_is_longer_than_a_screen() -> None:
    too_long = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in sources()
        for node in functions(path)
        if node.end_lineno and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert not too_long


def test_every_module_opens_with_a_sentence() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sources()
        if "versions" not in path.parts and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent


def test_imports_keep_to_the_layers() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    linted = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize(
    ("library", "files"),
    [
        ("pymodbus", {"edge_agent/drivers/modbus.py"}),
        ("serial", {"edge_agent/drivers/serial_line.py"}),
        ("influxdb_client", {"collector/telemetry/influx.py"}),
        ("paho", {"edge_agent/broker_link.py", "collector/subscriber.py"}),
    ],
)
def test_one_file_speaks_to_a_library(library: str, files: set[str]) -> None:
    speaking = {
        str(path.relative_to(ROOT))
        for path in sources()
        if path.parts[len(ROOT.parts)] in {"edge_agent", "collector", "rules"} and library in imported(path)
    }
    assert speaking <= files


def imported(path: Path) -> set[str]:
    """Top-level names of what a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names
