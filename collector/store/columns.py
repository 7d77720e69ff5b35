"""How instants and structured values stand in a column."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Dialect, Integer, Text, TypeDecorator

from edge_agent.contract.clock import from_ms, to_ms


class Instant(TypeDecorator[datetime]):
    """Milliseconds since 1970, UTC."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 — SQLAlchemy's signature
        return None if value is None else to_ms(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 — SQLAlchemy's signature
        return None if value is None else from_ms(value)


class Json(TypeDecorator[Any]):
    """A value of the given type, as msgspec writes it in JSON."""

    impl = Text
    cache_ok = True

    def __init__(self, type_: Any = object) -> None:
        super().__init__()
        self.type_ = type_
        self._decoder = msgspec.json.Decoder(Any if type_ is object else type_)

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 — SQLAlchemy's signature
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 — SQLAlchemy's signature
        return None if value is None else self._decoder.decode(value)
