"""A disk under SQLite that fails as told: refuses, fills, loses power. It needs no privilege and no tool.

SQLite asks its operating system through a table of functions (a VFS, https://www.sqlite.org/vfs.html). This one passes
everything on to the ordinary one, and keeps a second account: what of each file was synced, and what was only written.
When the power goes, each sector that was only written is kept or lost by the dice, in any order; whoever has the file
open can do nothing any more. Renaming and making folders pass it by.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import sqlite3
from collections.abc import Callable
from ctypes import POINTER, Structure, byref, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any

SECTOR = 512
NAME = b"sick"

_LIB: Any = ctypes.CDLL(_sqlite3.__file__)
_LIB.sqlite3_vfs_find.restype = c_void_p
_LIB.sqlite3_vfs_register.argtypes = (c_void_p, c_int)
_LIB.sqlite3_vfs_unregister.argtypes = (c_void_p,)

_OPEN = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_DELETE = ctypes.CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
_CLOSE = ctypes.CFUNCTYPE(c_int, c_void_p)
_BYTES = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_TRUNCATE = ctypes.CFUNCTYPE(c_int, c_void_p, c_int64)
_SYNC = ctypes.CFUNCTYPE(c_int, c_void_p, c_int)


class _Vfs(Structure):
    _fields_ = (
        ("version", c_int),
        ("file_size", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", _OPEN),
        ("delete", _DELETE),
        *((f"other{number}", c_void_p) for number in range(14)),
    )


class _Methods(Structure):
    _fields_ = (
        ("version", c_int),
        ("close", _CLOSE),
        ("read", _BYTES),
        ("write", _BYTES),
        ("truncate", _TRUNCATE),
        ("sync", _SYNC),
        *((f"other{number}", c_void_p) for number in range(13)),
    )


class _File(Structure):
    _fields_ = (("methods", POINTER(_Methods)),)


@dataclass(slots=True)
class _Kept:
    """Of one file: what is on the medium, and what was done to it since, in order: (offset, bytes), or a new length."""

    synced: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, bytes] | int] = field(default_factory=list)
    deleted: bool = False

    def sync(self) -> None:
        for change in self.since:
            _apply(self.synced, change)
        self.since.clear()

    def lose(self, dice: Random, share: float) -> None:
        """Of what was not synced, `share` of the sectors have reached the medium."""
        for change in self.since:
            if isinstance(change, int):
                if dice.random() < share:
                    _apply(self.synced, change)
                continue
            offset, data = change
            for at in range(0, len(data), SECTOR):
                if dice.random() < share:
                    _apply(self.synced, (offset + at, data[at : at + SECTOR]))
        self.since.clear()


class SickDisk:
    """While it is entered, SQLite's files in this process are on it.

    `refuse` is asked before each "read", "write", "truncate" and "sync" with the file's path, and answers an error code
    of SQLite or 0. `operations` counts writes, truncations and syncs; at number `cut_at` the power goes.
    """

    def __init__(self, dice: Random) -> None:
        self.refuse: Callable[[str, str], int] = _nothing_refused
        self.operations = 0
        self.cut_at: int | None = None
        self.dead = False
        self._dice = dice
        self._files: dict[str, _Kept] = {}
        self._open: dict[int, tuple[str, _Methods]] = {}
        ordinary = _LIB.sqlite3_vfs_find(None)
        self._ordinary = _Vfs.from_address(ordinary)
        self._vfs = _Vfs.from_buffer_copy(self._ordinary)
        self._vfs.name = NAME
        self._vfs.open, self._vfs.delete = _OPEN(self._do_open), _DELETE(self._do_delete)
        self._methods: dict[int, _Methods] = {}

    def __enter__(self) -> SickDisk:
        _LIB.sqlite3_vfs_register(byref(self._vfs), 1)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _LIB.sqlite3_vfs_unregister(byref(self._vfs))
        _LIB.sqlite3_vfs_register(ctypes.addressof(self._ordinary), 1)

    def restore_power(self, share: float) -> None:
        """The files as the next boot finds them, with `share` of what was not synced; nobody has one open any more."""
        assert not self._open, "close what is open first: it is dead"
        for path, kept in self._files.items():
            kept.lose(self._dice, share)
            gone = kept.deleted and self._dice.random() < 0.5
            if gone or path.endswith("-shm"):
                Path(path).unlink(missing_ok=True)
            else:
                Path(path).write_bytes(kept.synced)
        self._files.clear()
        self.dead, self.cut_at, self.operations = False, None, 0

    def _do_open(self, _vfs: int, name: int | None, file: int, flags: int, flags_out: int | None) -> int:
        if self.dead:
            return sqlite3.SQLITE_CANTOPEN
        path = ctypes.string_at(name).decode() if name else ""
        known = Path(path).read_bytes() if path and Path(path).exists() else b""
        code: int = self._ordinary.open(ctypes.addressof(self._ordinary), name, file, flags, flags_out)
        if code == sqlite3.SQLITE_OK and path:
            self._open[file] = path, self._take_over(_File.from_address(file))
            kept = self._files.setdefault(path, _Kept(bytearray(known)))
            if kept.deleted:
                self._files[path] = _Kept()
        return code

    def _take_over(self, file: _File) -> _Methods:
        """Answers the ordinary functions; there is one table of them for files with locks, and one for others."""
        address = ctypes.addressof(file.methods.contents)
        ordinary = _Methods.from_address(address)
        if address not in self._methods:
            ours = self._methods[address] = _Methods.from_buffer_copy(ordinary)
            ours.close, ours.sync = _CLOSE(self._do_close), _SYNC(self._do_sync)
            ours.read, ours.write = _BYTES(self._do_read), _BYTES(self._do_write)
            ours.truncate = _TRUNCATE(self._do_truncate)
        file.methods = ctypes.pointer(self._methods[address])
        return ordinary

    def _do_delete(self, _vfs: int, name: bytes, sync_folder: int) -> int:
        if self.dead:
            return sqlite3.SQLITE_IOERR_DELETE
        if kept := self._files.get(name.decode()):
            kept.deleted = True
        return int(self._ordinary.delete(ctypes.addressof(self._ordinary), name, sync_folder))

    def _do_close(self, file: int) -> int:
        return int(self._open.pop(file)[1].close(file))

    def _do_read(self, file: int, buffer: int, amount: int, offset: int) -> int:
        if code := self._refused("read", file, sqlite3.SQLITE_IOERR_READ):
            return code
        return int(self._open[file][1].read(file, buffer, amount, offset))

    def _do_write(self, file: int, buffer: int, amount: int, offset: int) -> int:
        if code := self._refused("write", file, sqlite3.SQLITE_IOERR_WRITE):
            return code
        self._files[self._open[file][0]].since.append((offset, ctypes.string_at(buffer, amount)))
        return int(self._open[file][1].write(file, buffer, amount, offset))

    def _do_truncate(self, file: int, size: int) -> int:
        if code := self._refused("truncate", file, sqlite3.SQLITE_IOERR_TRUNCATE):
            return code
        self._files[self._open[file][0]].since.append(size)
        return int(self._open[file][1].truncate(file, size))

    def _do_sync(self, file: int, _flags: int) -> int:
        """A sync that fails is no promise for later: the kernel may forget what it could not write."""
        if code := self._refused("sync", file, sqlite3.SQLITE_IOERR_FSYNC):
            if not self.dead:
                self._files[self._open[file][0]].lose(self._dice, 0.5)
            return code
        self._files[self._open[file][0]].sync()
        for path in [path for path, kept in self._files.items() if kept.deleted]:
            del self._files[path]  # a file system's journal keeps its order
        return sqlite3.SQLITE_OK

    def _refused(self, operation: str, file: int, when_dead: int) -> int:
        if operation != "read":
            self.operations += 1
            self.dead = self.dead or self.operations == self.cut_at
        return when_dead if self.dead else self.refuse(operation, self._open[file][0])


def _nothing_refused(_operation: str, _path: str) -> int:
    return sqlite3.SQLITE_OK


def _apply(content: bytearray, change: tuple[int, bytes] | int) -> None:
    if isinstance(change, int):
        del content[change:]
        return
    offset, data = change
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data
