"""How often Python looks for garbage that refers to itself: a batch makes a million values, and hardly any of that."""

from __future__ import annotations

import gc

NEW, YOUNG, OLD = 400_000, 10, 10
"""With Python's own 700, 10, 10 the looking takes half of the time of the ingest."""


def collect_seldom() -> None:
    """To be called when all that lasts has been made: it is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW, YOUNG, OLD)
