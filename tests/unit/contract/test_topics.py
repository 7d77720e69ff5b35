"""A topic names its store, and nothing else passes for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.topics import (
    STORE_ID,
    NotOurTopic,
    Topic,
    ack_topic,
    batch_topic,
    history_topic,
    parse_topic,
    partition,
)

stores = st.from_regex(STORE_ID, fullmatch=True)


@given(stores)
def test_what_is_built_is_parsed(store: str) -> None:
    assert parse_topic(batch_topic(store)) == Topic(store=store, direction="up", leaf="batch")
    assert parse_topic(history_topic(store)) == Topic(store=store, direction="up", leaf="history")
    assert parse_topic(ack_topic(store)) == Topic(store=store, direction="down", leaf="ack")


def test_topics_of_a_release_stay() -> None:
    assert batch_topic("cn-sh-0042") == f"sw/1/{partition('cn-sh-0042')}/cn-sh-0042/up/batch"
    assert (partition("demo-001"), partition("cn-sh-0042")) == ("c8", "c6")


def test_stores_spread_over_the_partitions() -> None:
    filled = [partition(f"cn-sh-{number:04}") for number in range(2560)]
    assert len(set(filled)) > 240
    assert max(filled.count(digits) for digits in set(filled)) < 40


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "sw/1/00/demo-001/up/batch",
        "sw/2/c8/demo-001/up/batch",
        "sw/1/c8/demo-001/sideways/batch",
        "sw/1/c8/demo-001/up/batch/more",
        "sw/1/c8/demo-001/up/",
        "sw/1/c8/Demo-001/up/batch",
        "sw/1/c8/+/up/batch",
        "sw/1/c8/demo-001/up/batch\n",
    ],
)
def test_a_foreign_topic_is_refused(topic: str) -> None:
    with pytest.raises(NotOurTopic):
        parse_topic(topic)


@pytest.mark.parametrize("store", ["-a", "a-", "A", "a/b", "a+", "", "店", "a" * 64])
def test_an_unsafe_id_is_no_store(store: str) -> None:
    assert STORE_ID.fullmatch(store) is None
