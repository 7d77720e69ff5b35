"""Every story from the plant to the ticket, compared with a transcript that a store manager could read.

`STORIES=write pytest tests/stories` writes the transcripts anew; read the difference before you keep it.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge_agent.contract.text import Text
from edge_agent.settings import load_site
from rules.load import load_rules
from rules.model import Change, Rule
from simulators.demo_folder import SITE
from simulators.story import Expectation, Story, story, story_names
from tests.stories.virtual_store import VirtualStore
from tests.virtual_time import run_virtually

TRANSCRIPTS = Path(__file__).parent
SITE_NOW = load_site(SITE)
NAMES = {device.id: device.name for device in SITE_NOW.devices}
RULES = load_rules().by_id


@pytest.mark.parametrize("name", story_names())
def test_it_goes_as_the_transcript_tells(name: str) -> None:
    played = VirtualStore(story(name, NAMES))
    run_virtually(played.play)
    assert raised(played) == played.story.expect
    told = transcript(played)
    file = TRANSCRIPTS / f"{name}.txt"
    if os.environ.get("STORIES") == "write":
        file.write_text(told, encoding="utf-8")
    assert told == file.read_text(encoding="utf-8")


def raised(played: VirtualStore) -> frozenset[Expectation]:
    """The tickets: of a device's alarms of one family the first one opens it, the others join."""
    changes = [change for change in played.changes if change.kind == "raised"]
    assert len(changes) == len({(change.device, change.rule) for change in changes}), "an alarm was raised twice"
    first: dict[tuple[str, str], Change] = {}
    for change in changes:
        first.setdefault((change.device, RULES[change.rule].family), change)
    return frozenset(Expectation(device=change.device, fault=change.rule) for change in first.values())


def transcript(played: VirtualStore) -> str:
    lines = [(one.at, one.text.en) for one in played.told]
    for change in played.changes:
        lines += [(change.at, line) for line in alarm_lines(change, RULES[change.rule])]
    told = "\n".join(f"{hour(at)}  {line}" for at, line in sorted(lines, key=lambda line: line[0]))
    return f"{heading(played.story)}\n\n{told}\n\n{played.readings} readings were sent.\n"


def heading(of: Story) -> str:
    return f"{of.title.en} / {of.title.zh}"


def alarm_lines(change: Change, rule: Rule) -> list[str]:
    name, evidence = NAMES[change.device].en, change.evidence
    if change.kind == "cleared":
        return [f"  ALARM OVER {name}: {rule.title.en}"]
    minutes = evidence.held_for.total_seconds() / 60
    lines = [
        f"  ALARM {name}: {rule.title.en}, {change.severity}, since {hour(change.since)} ({minutes:.0f} min)",
        f"    because {evidence.condition.en}",
        *(f"    excluded {text.en}" for text in evidence.excluded),
    ]
    for cause in (one for one in change.diagnosis if one.likelihood):
        reasons = said([*cause.supports, *cause.contradicts])
        lines.append(f"    {cause.likelihood:4.0%}  {cause.cause.en}{reasons}")
    return lines


def said(texts: list[Text]) -> str:
    return f" ({'; '.join(text.en for text in texts)})" if texts else ""


def hour(at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(SITE_NOW.timezone)):%H:%M:%S}"
