"""`make torture`: every ordeal for its full number of rounds; prints the table, writes build/torture.json.

`--share 0.1` runs a tenth of the rounds; names choose ordeals. Exit status 1 where a promise did not hold. One that
fails or hangs stops no other; what has been found so far stands in the file at any time.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import msgspec

from tests.torture.ordeals import TRIALS
from tests.torture.toll import Toll, table
from tests.torture.trial import run_trial

REPORT = Path("build/torture.json")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make torture")
    parser.add_argument("ordeals", nargs="*", choices=[*TRIALS, []], help="all, unless some are named")
    parser.add_argument("--share", type=float, default=1.0, help="of the rounds of each")
    parser.add_argument("--seed", default=secrets.token_hex(4))
    told = parser.parse_args()
    tolls: dict[str, Toll] = {}
    took_s: dict[str, float] = {}
    for name in told.ordeals or TRIALS:
        began = time.monotonic()  # noqa: TID251 — how long a person has waited
        tolls[name] = _run(name, told.share, f"{told.seed} {name}")
        took_s[name] = time.monotonic() - began  # noqa: TID251
        _tell(name, tolls[name], took_s[name])
        _write(told.seed, told.share, tolls, took_s)
    sys.stdout.write(f"\nseed {told.seed}, {sum(took_s.values()) / 60:.0f} min\n\n{table([*tolls.values()])}")
    return 0 if all(toll.ok for toll in tolls.values()) else 1


def _run(name: str, share: float, seed: str) -> Toll:
    trial = TRIALS[name]
    return run_trial(name, max(1, round(trial.rounds * share)), seed, trial.minutes * 60)


def _tell(name: str, toll: Toll, took_s: float) -> None:
    held = "held" if toll.ok else f"BROKEN: {toll.figures}"
    print(f"{name}: {toll.rounds} rounds in {took_s:.0f} s, {held}", flush=True)


def _write(seed: str, share: float, tolls: Mapping[str, Toll], took_s: Mapping[str, float]) -> None:
    told = [
        {"name": name, **asdict(toll), "ok": toll.ok, "took_s": round(took_s[name])} for name, toll in tolls.items()
    ]
    report = {"seed": seed, "share": share, "took_s": round(sum(took_s.values())), "tolls": told}
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_bytes(msgspec.json.format(msgspec.json.encode(report)))


if __name__ == "__main__":
    raise SystemExit(main())
