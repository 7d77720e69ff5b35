"""The story of one fault, from its onset in the twin until its ticket is closed: a file for each kind of fault.

A file says where and how the fault befalls a part of the reference store, and has the transcript that must come of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pydantic

from configs.documents import build, read_document
from configs.durations import Duration, duration_text
from simulators.faults import FaultKind
from simulators.fleet.plan import Episode, candidates
from simulators.fleet.run import Telling, faults_of, too_warm
from simulators.reference import ReferenceMachine
from tests.stories.chronicle import Chronicle, Line
from tests.stories.parts import KNOWN_AT, PARTS, ZONE, known, machines_of

FOLDER = Path(__file__).parent / "faults"
CALM = timedelta(hours=1)
"""Nothing must follow for so long after all is mended and closed."""
_QUICK, _LASTS, _WATCHED = timedelta(hours=4), timedelta(days=1), timedelta(hours=12)


class StoryDocument(pydantic.BaseModel):
    """`begins`: hour of the store's day. `over`: how long it grows. `lasts`: until it is mended; `watched`: how long,
    at most, somebody looks on after that.

    What came of it is written, not thought up: the transcript, and in words where it falls short of the bars."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    part: str
    device: str
    begins: time
    over: Duration = timedelta()
    severity: float = 1.0
    lasts: Duration
    watched: Duration
    falls_short: list[str] = []
    transcript: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """`shortfalls` are in words; none where one ticket named the right cause first, in time, and was closed."""

    transcript: str
    shortfalls: tuple[str, ...]


def file_of(kind: FaultKind) -> Path:
    return FOLDER / f"{kind.name}.{kind.on or 'any'}.yaml"


def read_story(path: Path) -> StoryDocument:
    """Raises Faulty."""
    return build(StoryDocument, read_document(path))


def drafted(kind: FaultKind) -> StoryDocument:
    """A story to begin with: the first device that can have it; what grows for days is made quick. Raises
    StopIteration where no part has such a device."""
    part, device = next((name, one) for name in PARTS for one in candidates(machines_of(name), kind))
    return StoryDocument(
        part=part,
        device=device,
        begins=time(10),
        over=min(kind.grows[0], _QUICK),
        lasts=min(kind.lasts[0], _LASTS),
        watched=_WATCHED,
    )


def play(kind: FaultKind, story: StoryDocument) -> Played:
    """From the plant to the ticket, with everything between that ships."""
    here, episode = known(story.part), _episode(kind, story)
    chronicle, told = here.chronicle.apart(), Telling(here.machines, here.state)
    spoilt: list[Line] = []
    while not _is_over(told.state.at, episode, story, chronicle):
        for heard in told.turn(faults_of([episode], told.state.at)):
            chronicle.take(heard.telemetry, heard.arrives_at)
        if told.state.at >= episode.onset_at:
            spoilt += _spoilt(told, here.machines, spoilt)
    happened = [Line(episode.onset_at, _beginning(kind, here.machines, story)), Line(episode.mended_at, "it is mended")]
    still = [Line(told.state.at, f"T{number} is open still") for number in sorted(chronicle.numbers.values())]
    lines = sorted([*happened, *spoilt, *chronicle.lines, *still], key=lambda line: line.at)
    return Played(
        transcript="\n".join(f"{_offset(line.at - episode.onset_at)}  {line.text}" for line in lines),
        shortfalls=tuple(_shortfalls(kind, chronicle, spoilt)),
    )


def _episode(kind: FaultKind, story: StoryDocument) -> Episode:
    onset = datetime.combine(KNOWN_AT.astimezone(ZONE).date(), story.begins, ZONE).astimezone(UTC)
    return Episode(
        device=story.device,
        kind=kind,
        onset_at=onset,
        over=story.over,
        severity=story.severity,
        mended_at=onset + story.lasts,
    )


def _is_over(at: datetime, episode: Episode, story: StoryDocument, chronicle: Chronicle) -> bool:
    if at >= episode.mended_at + story.watched:
        return True
    last = max((line.at for line in chronicle.lines), default=episode.mended_at)
    return not chronicle.numbers and at >= max(last, episode.mended_at) + CALM


def _spoilt(told: Telling, machines: Sequence[ReferenceMachine], known_of: Sequence[Line]) -> Iterator[Line]:
    for machine in machines:
        text = f"the food of {machine.device} is too warm"
        if too_warm(told.state, machine.device) and all(line.text != text for line in known_of):
            yield Line(told.state.at, text)


def _beginning(kind: FaultKind, machines: Sequence[ReferenceMachine], story: StoryDocument) -> str:
    named = next((machine.name.en for machine in machines if machine.device == story.device), "The store")
    grows = f", growing for {duration_text(story.over)}" if story.over else ""
    return f"{named}: {kind.said.en}{grows}"


def _shortfalls(kind: FaultKind, chronicle: Chronicle, spoilt: Sequence[Line]) -> Iterator[str]:
    """Measured by the bars that a fleet is measured by."""
    if not (opened := chronicle.opened):
        yield "there is no ticket"
        return
    first = opened[0]
    if first.causes[:1] != (kind.name,):
        yield f"the first ticket says {', '.join(first.causes[:1]) or 'no cause'}"
    if len(opened) > 1:
        yield f"{len(opened)} tickets were opened"
    if spoilt and first.opened_at > spoilt[0].at:
        yield "the food was too warm before anybody was told"


def _offset(since: timedelta) -> str:
    hours, minutes = divmod(round(since / timedelta(minutes=1)), 60)
    return f"{hours:02}:{minutes:02}"


def written(story: StoryDocument, played: Played) -> str:
    """The file, as `python -m tests.stories --write` leaves it."""
    lines = [f"part: {story.part}", f"device: {story.device}", f'begins: "{story.begins:%H:%M}"']
    lines += [f"over: {duration_text(story.over)}"] if story.over else []
    lines += [f"severity: {story.severity:g}"] if story.severity != 1.0 else []
    lines += [f"lasts: {duration_text(story.lasts)}", f"watched: {duration_text(story.watched)}"]
    lines += ["falls_short:", *(f"  - {each}" for each in played.shortfalls)] if played.shortfalls else []
    return "\n".join([*lines, "transcript: |", *(f"  {line}" for line in played.transcript.splitlines()), ""])
