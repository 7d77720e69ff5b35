"""What the outbox may take of a disk and does to it: free space, and bytes written."""

from __future__ import annotations

import os
from pathlib import Path

SHARE_OF_DISK = 0.5
"""Of what is free or already ours: the rest is for logs, updates, and the write-ahead log."""

SPARE_BYTES = 8 * 1024 * 1024
"""Never planned for: a disk without a free block refuses even to delete."""

_IO = Path("/proc/self/io")


def bytes_written() -> int:
    """What this process has had written to disks since it began, in whole pages; 0 where the machine does not say."""
    try:
        lines = _IO.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.removeprefix("write_bytes:")) for line in lines if line.startswith("write_bytes:")), 0)


def bytes_free(folder: Path) -> int:
    """For programs that are not root. Raises OSError."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def bound(file_bytes: int, free_bytes: int, at_most: int) -> int:
    """How large the file may become: when others fill the disk the bound falls, until the file grows no more."""
    room = int((file_bytes + max(0, free_bytes - SPARE_BYTES)) * SHARE_OF_DISK)
    return min(at_most, room)
