"""What the routes of operators have in common: bodies that refuse what they do not know, and refusals as problems."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from http import HTTPStatus
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from collector.api.problems import Problem, not_found
from collector.domain.acting import ActionRefused, NotYours
from collector.operating import NotThere
from edge_agent.contract.text import Text

Reason = Annotated[str, Field(max_length=500)]
Instant = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


@contextmanager
def refusing() -> Iterator[None]:
    """What is refused within becomes the request's answer; nothing of it is written."""
    title = Text(zh="未改动", en="Nothing was changed")
    try:
        yield
    except NotThere as missing:
        raise not_found(Text(zh="没有这一条，或已经结束", en=str(missing))) from missing
    except NotYours as refused:
        raise Problem(HTTPStatus.FORBIDDEN, title, refused.reason) from refused
    except ActionRefused as refused:
        raise Problem(HTTPStatus.CONFLICT, title, refused.reason) from refused
