"""Several collectors divide the stores so that each store has exactly one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collector.partitions import ALL, LAST, Partitions
from edge_agent.contract.topics import EVERY_BATCH, EVERY_HISTORY, STORE_ID, batch_topic

STORES = st.from_regex(STORE_ID, fullmatch=True)


@given(store=STORES, cut=st.integers(0, LAST - 1))
def test_every_store_has_exactly_one_of_two_collectors(store: str, cut: int) -> None:
    low, high = Partitions(last=cut), Partitions(first=cut + 1)
    assert low.holds(store) != high.holds(store)


@given(store=STORES, ends=st.tuples(st.integers(0, LAST), st.integers(0, LAST)))
def test_it_subscribes_to_exactly_the_stores_that_it_holds(store: str, ends: tuple[int, int]) -> None:
    part = Partitions(first=min(ends), last=max(ends))
    folder = batch_topic(store).split("/")[2]
    heard = part.all or any(topic.split("/")[2] == folder for topic in part.topics("batch"))
    assert heard == part.holds(store)


def test_one_collector_for_all_subscribes_once() -> None:
    assert (ALL.topics("batch"), ALL.topics("history")) == ([EVERY_BATCH], [EVERY_HISTORY])
