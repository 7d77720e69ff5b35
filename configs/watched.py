"""How files on disk stand, for programs that take over what changes in them while they run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

Stamps = Mapping[Path, tuple[int, ...] | None]
"""File → what of its metadata changes with it; None where there is no such file."""

Prints = Mapping[Path, bytes | None]
"""File → digest of its content; None where it cannot be read."""


def stamps_of(files: Iterable[Path]) -> Stamps:
    return {file: _stamp_of(file) for file in files}


def prints_of(files: Iterable[Path]) -> Prints:
    return {file: print_of(file) for file in files}


def print_of(file: Path | None) -> bytes | None:
    try:
        return hashlib.sha256(file.read_bytes()).digest() if file else None
    except OSError:
        return None


def _stamp_of(file: Path) -> tuple[int, ...] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
