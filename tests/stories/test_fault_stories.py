"""Each fault from the plant to the ticket, compared with the file that tells its story.

`python -m tests.stories --write [STORY …]` writes the files anew; read the difference before you keep it.
"""

from __future__ import annotations

import pytest

from simulators.faults import KINDS, FaultKind
from tests.stories.fault_story import FOLDER, drafted, file_of, play, read_story, written
from tests.stories.parts import PARTS, known

TOLD = sorted(
    (kind for kind in KINDS if file_of(kind).exists()), key=lambda kind: (read_story(file_of(kind)).part, kind.name)
)


def name_of(kind: FaultKind) -> str:
    return file_of(kind).stem


def test_every_fault_has_its_story_and_every_story_its_fault() -> None:
    untold = [name_of(kind) for kind in KINDS if kind not in TOLD]
    assert not untold, f"nobody has told them: run python -m tests.stories --write {' '.join(untold)}, and read them"
    assert {file.stem for file in FOLDER.iterdir()} == {name_of(kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_a_new_fault_of_its_kind_finds_a_place_for_its_story(kind: FaultKind) -> None:
    draft = drafted(kind)
    assert draft.part in PARTS
    assert draft.over <= draft.lasts


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", PARTS)
def test_nothing_is_wrong_before_a_story_begins(part: str) -> None:
    assert known(part).chronicle.numbers == {}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", TOLD, ids=name_of)
def test_it_goes_as_its_file_tells(kind: FaultKind) -> None:
    story = read_story(file_of(kind))
    assert written(story, play(kind, story)) == file_of(kind).read_text(encoding="utf-8")
