"""Statistics of a device as they are stored: read when they are first asked for, which most polls do not do."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

import msgspec

from rules.memory import History, Tracked


class _Unread:
    """Stands for the object that its bytes tell of. What nobody can read is `lost`, and tells of nothing."""

    __slots__ = ()
    _decoder: ClassVar[msgspec.msgpack.Decoder[Any]]
    if TYPE_CHECKING:
        _stored: bytes
        _read: bool
        lost: bool

    @classmethod
    def of(cls, stored: bytes) -> Self:
        unread = cls.__new__(cls)
        object.__setattr__(unread, "_stored", stored)
        object.__setattr__(unread, "_read", False)
        object.__setattr__(unread, "lost", False)
        return unread

    def unread(self) -> Self:
        """As before anybody asked: its bytes take a tenth of the room."""
        return self.of(self._stored) if self._read else self

    def __getattr__(self, name: str) -> Any:
        """Called where a field has no value yet."""
        if name not in {each.name for each in fields(self._decoder.type)}:
            raise AttributeError(name)
        try:
            known = self._decoder.decode(self._stored)
        except msgspec.DecodeError:
            known = self._decoder.type()
            object.__setattr__(self, "lost", True)
        for each in fields(known):
            object.__setattr__(self, each.name, getattr(known, each.name))
        object.__setattr__(self, "_read", True)
        return getattr(known, name)

    def __eq__(self, other: object) -> bool:
        kind = self._decoder.type
        return isinstance(other, kind) and all(
            getattr(self, each.name) == getattr(other, each.name) for each in fields(kind)
        )

    __hash__ = None  # type: ignore[assignment]


class UnreadTracked(_Unread, Tracked):
    __slots__ = ("_read", "_stored", "lost")
    _decoder = msgspec.msgpack.Decoder(Tracked)


class UnreadHistory(_Unread, History):
    __slots__ = ("_read", "_stored", "lost")
    _decoder = msgspec.msgpack.Decoder(History)
