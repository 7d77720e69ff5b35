"""Many polls of one device as one compressed block, column by column, and back.

A poll's instant and number are kept once for all its points. A block is zlib over MessagePack; its first member is the
layout's version, so that what is on disk is read for ever.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from collector.telemetry.columns import Numbers, Run, pack_numbers, pack_run, unpack_numbers, unpack_run
from edge_agent.contract.readings import Quality

LAYOUT = 1
COMPRESSION = 6

# Written in blocks for ever: numbers are added, never changed.
QUALITY_CODES = {
    Quality.GOOD: 0,
    Quality.NO_ANSWER: 1,
    Quality.BUS_DOWN: 2,
    Quality.REFUSED: 3,
    Quality.PROBE_FAULT: 4,
    Quality.OUT_OF_RANGE: 5,
}
QUALITIES = {code: quality for quality, code in QUALITY_CODES.items()}
NUMBER, WORD = 0, 255
"""What a kind says beside the codes of bad qualities: there is a number, there is a word."""


@dataclass(frozen=True, slots=True)
class Poll:
    """What one poll of a device brought. `values` are numbers, words or None, one for each of `points` (their ids).

    `codes` has the quality of each value, or nothing where all are good.
    """

    at_ms: int
    seq: int
    points: Sequence[int]
    values: Sequence[float | str | None]
    codes: bytes


class Column(msgspec.Struct, array_like=True, frozen=True):
    """One point in a block: in which `rows` (None: in all), of which `kinds` (empty: all numbers)."""

    point: int
    rows: Run | None
    kinds: bytes
    numbers: Numbers | None
    words: tuple[str, ...]


class Block(msgspec.Struct, array_like=True, frozen=True):
    """Polls in the order of their instants and numbers."""

    layout: int
    at_ms: Run
    seqs: Run
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """One point's readings, oldest first: where in the block, what, and how good (codes)."""

    rows: Sequence[int]
    values: Sequence[float | str | None]
    codes: Sequence[int]


_encode_body = msgspec.msgpack.Encoder().encode
_decode_body = msgspec.msgpack.Decoder(tuple[list[int], list[float | bool | str | None], bytes]).decode
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Block).decode


def encode_body(points: Sequence[int], values: Sequence[float | str | None], codes: bytes) -> bytes:
    """A poll as it stands in the log until it is sealed."""
    return _encode_body((points, values, codes))


def decode_poll(at_ms: int, seq: int, body: bytes) -> Poll:
    points, values, codes = _decode_body(body)
    return Poll(at_ms, seq, points, values, codes)


def seal(polls: Sequence[Poll], tracks: Mapping[int, Track] | None = None) -> bytes:
    """`polls` in order, at least one, no two of one instant and number; `tracks` where they are known."""
    block = Block(
        LAYOUT,
        pack_run([poll.at_ms for poll in polls]),
        pack_run([poll.seq for poll in polls]),
        tuple(_column(point, track, len(polls)) for point, track in sorted((tracks or tracks_of(polls)).items())),
    )
    return zlib.compress(_encode(block), COMPRESSION)


def open_block(body: bytes) -> Block:
    return _decode(zlib.decompress(body))


def tracks_of(polls: Sequence[Poll]) -> dict[int, Track]:
    """By point."""
    if polls and all(poll.points == polls[0].points and not poll.codes for poll in polls):
        return _full_tracks(polls)
    tracks: dict[int, tuple[list[int], list[float | str | None], list[int]]] = {}
    for row, poll in enumerate(polls):
        codes = poll.codes or bytes(len(poll.points))
        for point, value, code in zip(poll.points, poll.values, codes, strict=True):
            if (track := tracks.get(point)) is None:
                track = tracks[point] = ([], [], [])
            track[0].append(row)
            track[1].append(plain(value))
            track[2].append(code)
    return {point: Track(*track) for point, track in tracks.items()}


def _full_tracks(polls: Sequence[Poll]) -> dict[int, Track]:
    """The same points in every poll, and all good: turned over at once, which is several times as fast."""
    rows, codes = range(len(polls)), bytes(len(polls))
    columns = zip(*[poll.values for poll in polls], strict=True)
    return {
        point: Track(rows, list(map(plain, column)) if bool in set(map(type, column)) else column, codes)
        for point, column in zip(polls[0].points, columns, strict=True)
    }


def plain(value: float | str | None) -> float | str | None:
    """A flag as a number."""
    return float(value) if value is True or value is False else value


def track(column: Column, polls: int) -> Track:
    """`polls` is how many the block has."""
    rows = list(range(polls)) if column.rows is None else unpack_run(column.rows)
    numbers = [] if column.numbers is None else unpack_numbers(column.numbers)
    if not column.kinds:
        return Track(rows, numbers, bytes(len(rows)))
    number, word = iter(numbers), iter(column.words)
    values = [next(number) if kind == NUMBER else next(word) if kind == WORD else None for kind in column.kinds]
    return Track(rows, values, column.kinds.translate(_CODE_OF_KIND))


def polls_of(block: Block) -> list[Poll]:
    """The inverse of `seal`; points within a poll come in the order of their ids."""
    at_ms, seqs = unpack_run(block.at_ms), unpack_run(block.seqs)
    cells: list[list[tuple[int, float | str | None, int]]] = [[] for _ in at_ms]
    for column in block.columns:
        found = track(column, len(at_ms))
        for row, value, code in zip(found.rows, found.values, found.codes, strict=True):
            cells[row].append((column.point, value, code))
    return [_poll(*instant, cell) for instant, cell in zip(zip(at_ms, seqs, strict=True), cells, strict=True)]


def in_order(polls: Iterable[Poll]) -> list[Poll]:
    """By instant and number; of two that are of the same, the first that came."""
    once: dict[tuple[int, int], Poll] = {}
    for poll in polls:
        once.setdefault((poll.at_ms, poll.seq), poll)
    return [once[key] for key in sorted(once)]


def _poll(at_ms: int, seq: int, cells: Sequence[tuple[int, float | str | None, int]]) -> Poll:
    codes = bytes(code for _, _, code in cells)
    return Poll(at_ms, seq, [point for point, _, _ in cells], [value for _, value, _ in cells], _if_any(codes))


def _column(point: int, found: Track, polls: int) -> Column:
    if not any(found.codes) and str not in map(type, found.values):
        rows = None if len(found.rows) == polls else pack_run(found.rows)
        return Column(point, rows, b"", pack_numbers(found.values), ())  # type: ignore[arg-type] # good, and no words
    kinds = bytes(_kinds(found))
    numbers = [float(value) for value in found.values if value is not None and not isinstance(value, str)]
    return Column(
        point,
        None if len(found.rows) == polls else pack_run(found.rows),
        _if_any(kinds),
        pack_numbers(numbers) if numbers else None,
        tuple(value for value in found.values if isinstance(value, str)),
    )


def _kinds(found: Track) -> Iterator[int]:
    for value, code in zip(found.values, found.codes, strict=True):
        yield WORD if isinstance(value, str) else code


def _if_any(codes: bytes) -> bytes:
    return codes if any(codes) else b""


_CODE_OF_KIND = bytes(range(255)) + b"\x00"
