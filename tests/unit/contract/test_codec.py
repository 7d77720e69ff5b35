"""Messages survive the wire; what is no message raises one declared error and no other."""

from __future__ import annotations

import json
import zlib
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.clock import from_ms
from edge_agent.contract.codec import (
    UNPACKED_AT_MOST,
    Undecodable,
    bounds_of,
    decode_ack,
    decode_batch,
    encode_ack,
    encode_batch,
    encode_body,
    split_batch,
)
from edge_agent.contract.readings import Ack, Batch, Body, Gap, Quality, Reading, Telemetry
from tests.unit.contract.released import ACKS, BATCHES, FOLDER, STATUS, STORE, STREAM

names = st.text(min_size=1, max_size=20)
values = st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.text(max_size=10)
bad = st.sampled_from([quality for quality in Quality if quality is not Quality.GOOD])
instants = st.integers(min_value=0, max_value=4_102_444_800_000).map(from_ms)
telemetries = st.builds(
    lambda good, missing, **rest: Telemetry(
        readings=(
            *(Reading(point=f"g.{point}", value=value) for point, value in good.items()),
            *(Reading(point=f"b.{point}", value=None, quality=quality) for point, quality in missing.items()),
        ),
        **rest,
    ),
    good=st.dictionaries(names, values, max_size=5),
    missing=st.dictionaries(names, bad, max_size=5),
    device=names,
    at=instants,
    boot=names,
    mono=st.floats(min_value=0, max_value=1e9),
    clock_trusted=st.booleans(),
    repaired=st.booleans(),
)
seqs = st.integers(min_value=1, max_value=2**53)
gaps = st.builds(
    lambda ends, count, reason: Gap(from_seq=min(ends), to_seq=max(ends), count=count, reason=reason),
    ends=st.tuples(seqs, seqs),
    count=seqs,
    reason=names,
)
bodies: st.SearchStrategy[Body] = telemetries | gaps | st.just(STATUS)


def sent_and_received(*entries: tuple[int, Body]) -> Batch:
    return decode_batch(STORE, encode_batch(STREAM, [(seq, encode_body(body)) for seq, body in entries]))


@given(st.lists(st.tuples(seqs, bodies), max_size=5))
def test_what_is_sent_is_received(entries: list[tuple[int, Body]]) -> None:
    batch = sent_and_received(*entries)
    assert [(entry.seq, entry.body) for entry in batch.entries] == entries
    assert (batch.store, batch.stream) == (STORE, STREAM)


@given(
    st.builds(
        Ack,
        stream=names,
        upto=seqs,
        ranges=st.lists(st.tuples(seqs, seqs).map(lambda ends: (min(ends), max(ends))), max_size=4).map(tuple),
        at=st.none() | instants,
    )
)
def test_acknowledgements_survive(ack: Ack) -> None:
    assert decode_ack(encode_ack(ack)) == ack


@pytest.mark.parametrize("name", BATCHES)
def test_a_released_batch_is_understood_for_ever(name: str) -> None:
    assert decode_batch(STORE, (FOLDER / name).read_bytes()) == BATCHES[name]


@pytest.mark.parametrize("name", ACKS)
def test_a_released_ack_is_understood_for_ever(name: str) -> None:
    assert decode_ack((FOLDER / name).read_bytes()) == ACKS[name]


def test_every_released_message_is_tested() -> None:
    assert {file.name for file in FOLDER.iterdir()} == BATCHES.keys() | ACKS.keys()


@pytest.mark.parametrize("name", BATCHES)
def test_what_is_sent_today_is_what_was_released(name: str) -> None:
    entries = [(entry.seq, encode_body(entry.body)) for entry in BATCHES[name].entries]
    live_from, present_from = BATCHES[name].live_from, BATCHES[name].present_from
    packed = name.endswith(".zlib")
    today = encode_batch(STREAM, entries, live_from=live_from, present_from=present_from, compressed=packed)
    assert json.loads(unpacked(today)) == json.loads(unpacked((FOLDER / name).read_bytes()))


def unpacked(payload: bytes) -> bytes:
    return payload if payload.startswith(b"{") else zlib.decompress(payload)


@given(st.lists(st.tuples(seqs, bodies), max_size=5), st.integers(0, 2**53), st.integers(0, 2**53))
def test_a_compressed_batch_is_the_same_batch(
    entries: list[tuple[int, Body]], live_from: int, present_from: int
) -> None:
    framed = [(seq, encode_body(body)) for seq, body in entries]
    plain, packed = (
        encode_batch(STREAM, framed, live_from=live_from, present_from=present_from, compressed=each)
        for each in (False, True)
    )
    assert decode_batch(STORE, packed) == decode_batch(STORE, plain)
    assert split_batch(packed) == split_batch(plain) == (STREAM, framed)
    assert bounds_of(packed) == bounds_of(plain) == (live_from, present_from)


def test_a_batch_that_would_unpack_beyond_the_bound_is_not_compressed() -> None:
    large = [(1, b'{"padding":"%s"}' % (b"0" * UNPACKED_AT_MOST))]
    assert split_batch(encode_batch(STREAM, large, compressed=True)) == (STREAM, large)


@pytest.mark.parametrize(
    "payload",
    [
        zlib.compress(b" " * (UNPACKED_AT_MOST + 1)),
        zlib.compress(b"[" * UNPACKED_AT_MOST),
        zlib.compress(b'{"stream":"s","entries":[]}')[:-1],
        zlib.compress(b'{"stream":"s","entries":[]}') + b"{",
        zlib.compress(zlib.compress(b'{"stream":"s","entries":[]}')),
        b"x",
        b"x marks the spot",
    ],
)
def test_a_bomb_and_a_damaged_archive_are_refused(payload: bytes) -> None:
    for read in (lambda: decode_batch(STORE, payload), lambda: split_batch(payload), lambda: bounds_of(payload)):
        with pytest.raises(Undecodable):
            read()


@pytest.mark.parametrize("bound", ["live_from", "present_from"])
@pytest.mark.parametrize("number", [-1, 2**53 + 1, "8001"])
def test_the_beginning_of_a_lane_is_a_number_of_the_stream(bound: str, number: object) -> None:
    message = {"stream": "s", "entries": [], bound: number}
    with pytest.raises(Undecodable):
        decode_batch(STORE, msgspec.json.encode(message))


def test_the_time_of_head_office_has_a_zone() -> None:
    with pytest.raises(Undecodable):
        decode_ack(b'{"stream":"s","upto":1,"at":"2026-07-15T04:00:00"}')


def test_fields_that_a_later_release_adds_are_passed_over() -> None:
    message = json.loads((FOLDER / "batch_telemetry.json").read_bytes())
    message["colour"] = message["entries"][0]["colour"] = message["entries"][0]["body"]["colour"] = {"red": [1, 2]}
    assert decode_batch(STORE, json.dumps(message).encode()) == BATCHES["batch_telemetry.json"]


def test_whole_numbers_are_numbers() -> None:
    """Another program's encoder may write 5 where ours writes 5.0."""
    payload = (FOLDER / "batch_telemetry.json").read_bytes().replace(b"-19.8", b"5")
    telemetry = decode_batch(STORE, payload).entries[0].body
    assert isinstance(telemetry, Telemetry)
    assert telemetry.readings[0] == Reading(point="temp.control", value=5.0)
    assert isinstance(telemetry.readings[0].value, float)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_noise_raises_the_declared_error_and_no_other(payload: bytes) -> None:
    for decode in (decode_ack, lambda noise: decode_batch(STORE, noise)):
        with pytest.raises(Undecodable):
            decode(payload)


@given(st.data())
def test_a_damaged_message_raises_the_declared_error_or_none(data: st.DataObject) -> None:
    payload = bytearray((FOLDER / "batch_mixed.json").read_bytes())
    for _ in range(data.draw(st.integers(min_value=1, max_value=4))):
        payload[data.draw(st.integers(min_value=0, max_value=len(payload) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Undecodable):
        decode_batch(STORE, bytes(payload))


def body_with(**changes: Any) -> bytes:
    message = json.loads((FOLDER / "batch_telemetry.json").read_bytes())
    message["entries"][0]["body"] |= changes
    return msgspec.json.encode(message)


@pytest.mark.parametrize(
    "payload",
    [
        body_with(at=10**30),
        body_with(at=10**17),
        body_with(at="noon"),
        body_with(kind="weather"),
        body_with(good={"temp.control": None}),
        body_with(bad={"temp.control": "tired"}),
        body_with(good={"temp.control": 0}).replace(b":0}", b":1e999}"),
        body_with(good={"temp.control": 0}).replace(b":0}", b":NaN}"),
        b'{"stream":"s","colour":' + b"[" * 100_000,
        (FOLDER / "batch_status.json").read_bytes().replace(b"2026-07-15T04:05:00Z", b"2026-07-15T04:05:00"),
    ],
)
def test_impossible_values_are_refused(payload: bytes) -> None:
    with pytest.raises(Undecodable):
        decode_batch(STORE, payload)


@pytest.mark.parametrize("reason", ["probe_fault", "good"])
def test_a_reading_has_a_value_or_a_reason_against_it(reason: str) -> None:
    """The two maps of the wire could name one point twice, or a reason that is none."""
    with pytest.raises(Undecodable):
        decode_batch(STORE, body_with(good={"temp.control": 1.0}, bad={"temp.control": reason}))
    with pytest.raises(Undecodable):
        decode_batch(STORE, body_with(good={}, bad={"temp.control": "good"}))


@pytest.mark.parametrize(
    "gap", [{"from_seq": 5, "to_seq": 4}, {"from_seq": -1}, {"to_seq": 2**60}, {"count": -1}, {"count": 2**70}]
)
def test_a_gap_is_a_range(gap: dict[str, int]) -> None:
    body = {"kind": "gap", "gap": {"from_seq": 1, "to_seq": 9, "count": 9, "reason": "full"} | gap}
    with pytest.raises(Undecodable):
        decode_batch(STORE, msgspec.json.encode({"stream": "s", "entries": [{"seq": 1, "body": body}]}))


@pytest.mark.parametrize("seq", [0, -1, 2**60, 2**70])
def test_a_number_that_no_outbox_gives_is_refused(seq: int) -> None:
    payload = (FOLDER / "batch_gap.json").read_bytes().replace(b'"seq":141', b'"seq":%d' % seq)
    with pytest.raises(Undecodable):
        decode_batch(STORE, payload)


def test_instants_keep_their_millisecond() -> None:
    at = datetime.fromisoformat("2026-07-15T04:00:00.999+00:00")
    telemetry = Telemetry(device="d", at=at, boot="b", mono=0.0, clock_trusted=True, readings=())
    assert sent_and_received((1, telemetry)).entries[0].body == telemetry
