"""What was: earlier alarms of a device, and what a store had to drop, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from collector.api.office import OfficeHere
from collector.api.problems import documented, not_found
from collector.api.session import signed_in
from collector.domain.episodes import Episode
from collector.store import episodes, inventory, streams
from collector.store.streams import Loss
from edge_agent.contract.text import Text

LISTED_AT_MOST = 500

router = APIRouter(
    prefix="/api/v1/stores",
    tags=["stores"],
    dependencies=[Depends(signed_in)],
    responses=documented(HTTPStatus.UNAUTHORIZED),
)

_Limit = Annotated[int, Query(description="The newest so many", ge=1, le=LISTED_AT_MOST)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEpisode:
    """An alarm from `since` to `cleared_at`, which is null while it goes on.

    `past`: it was over when the store's record of it arrived, so that nobody was told and there is no `ticket`.
    """

    fault: str
    severity: str
    title: Text
    since: datetime
    since_at_least: bool
    raised_at: datetime
    cleared_at: datetime | None
    past: bool
    ticket: int | None
    condition: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeList:
    """The newest first."""

    episodes: tuple[ShownEpisode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LossList:
    """What a store had to drop, or never had: `count` entries between two numbers. The newest first."""

    losses: tuple[Loss, ...]


@router.get(
    "/{store}/devices/{device}/episodes",
    operation_id="listEpisodes",
    summary="Alarms of a device, those of before as well, the newest first",
    responses=documented(HTTPStatus.NOT_FOUND),
)
def list_episodes(store: str, device: str, office: OfficeHere, limit: _Limit = 50) -> EpisodeList:
    with office.database.reading() as connection:
        if inventory.device_class(connection, store, device) is None:
            raise not_found(Text(zh=f"门店 {store} 没有设备 {device}", en=f"the store {store} has no device {device}"))
        return EpisodeList(episodes=tuple(map(_show, episodes.of_device(connection, store, device, limit))))


@router.get("/{store}/losses", operation_id="listLosses", summary="What a store had to drop, the newest first")
def list_losses(store: str, office: OfficeHere, limit: _Limit = 50) -> LossList:
    with office.database.reading() as connection:
        return LossList(losses=streams.losses(connection, store, limit))


def _show(episode: Episode) -> ShownEpisode:
    return ShownEpisode(
        fault=episode.rule,
        severity=episode.severity,
        title=episode.title,
        since=episode.since,
        since_at_least=episode.since_at_least,
        raised_at=episode.raised_at,
        cleared_at=episode.cleared_at,
        past=episode.past,
        ticket=episode.ticket,
        condition=episode.evidence.condition,
    )
