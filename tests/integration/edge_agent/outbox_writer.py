"""Appends polls to an outbox as fast as it can, and prints each number it was given, until it is killed."""

from __future__ import annotations

import sys
from pathlib import Path

from edge_agent.outbox.queue import Outbox
from tests.unit.edge_agent.bodies import polled


def main(path: Path) -> None:
    outbox = Outbox(path)
    while True:
        if outbox.rescuing:
            outbox.rescue_on()
        number = outbox.counters().last_seq
        sys.stdout.write(f"{outbox.append([polled(number), polled(number + 1), polled(number + 2)])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
