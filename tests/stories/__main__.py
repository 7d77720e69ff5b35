"""`python -m tests.stories [--write] [STORY …]` plays the stories of the faults and writes or compares their files."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from difflib import unified_diff

from simulators.faults import KINDS, FaultKind
from tests.stories.fault_story import drafted, file_of, play, read_story, written


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 1 where a story goes otherwise than its file tells."""
    parser = argparse.ArgumentParser(prog="python -m tests.stories", description=__doc__)
    parser.add_argument("stories", nargs="*", help="files without .yaml, such as compressor_dead.condensing_unit (all)")
    parser.add_argument("--write", action="store_true", help="write the files anew; a new fault gets its first one")
    arguments = parser.parse_args(argv)
    told = [
        _tell(kind, write=arguments.write)
        for kind in KINDS
        if file_of(kind).stem in (arguments.stories or [file_of(kind).stem])
    ]
    return 0 if all(told) else 1


def _tell(kind: FaultKind, *, write: bool) -> bool:
    file = file_of(kind)
    story = read_story(file) if file.exists() else drafted(kind)
    began = time.process_time()
    played = play(kind, story)
    text, before = written(story, played), file.read_text(encoding="utf-8") if file.exists() else ""
    if write:
        file.write_text(text, encoding="utf-8")
    print(f"{'=' if text == before else '!'} {file.stem} ({time.process_time() - began:.1f} s CPU)", flush=True)
    for each in played.shortfalls:
        print(f"  falls short: {each}")
    for line in list(unified_diff(before.splitlines(), text.splitlines(), n=0, lineterm=""))[2:]:
        print(f"  {line}")
    return text == before


if __name__ == "__main__":
    raise SystemExit(main())
