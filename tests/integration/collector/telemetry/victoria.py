"""A real VictoriaMetrics (Debian's) that takes InfluxDB's writes, on a port and in a folder of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

PROGRAM = "victoria-metrics"
LOOKS, BETWEEN_LOOKS_S = 600, 0.05


@dataclass
class Victoria:
    """Keeps one value of each instant (dedup), and shows at once what was written (flush)."""

    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert shutil.which(PROGRAM), f"{PROGRAM} is missing: apt-get install {PROGRAM}"
        self.port = self.port or _free_port()
        options = {
            "httpListenAddr": f"127.0.0.1:{self.port}",
            "storageDataPath": str(self.folder),
            "retentionPeriod": "100y",
            "dedup.minScrapeInterval": "1ms",
            "search.latencyOffset": "0s",
            "search.disableCache": "true",
            "memory.allowedBytes": "200MB",
        }
        command = [PROGRAM, *(f"-{name}={value}" for name, value in options.items())]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(LOOKS):
            if self._answers("/health"):
                return
            assert self.process.poll() is None, "the server ended"
            threading.Event().wait(BETWEEN_LOOKS_S)
        raise AssertionError("the server does not answer")

    def flush(self) -> None:
        assert self._answers("/internal/force_flush")

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
