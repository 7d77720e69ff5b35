"""What a bad line or a bad controller makes of an answer: (answer, faults, rng) → what is sent, and when."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from pymodbus.framer import FramerRTU

LATEST = 5.0
"""Seconds beyond the master's patience by which an answer is late at most."""

_EXCEPTIONS = (1, 2, 3, 4, 5, 6, 8, 10, 11)
_BUSY = 6
_EXCEPTION = 0x80


class LineFault(StrEnum):
    """The names that `simulate device --fault` takes.

    `silence` on a gateway is told by the gateway with exception 0x0B, after `mute` it says nothing either. `stale` is a
    gateway that gives up, and hands the late answer to the next request of that unit, under its transaction.
    """

    SILENCE = "silence"
    DELAY = "delay"
    LATE = "late"
    WRONG_UNIT = "wrong_unit"
    WRONG_TRANSACTION = "wrong_transaction"
    TRUNCATED = "truncated"
    CRC = "crc"
    NOISE = "noise"
    GARBAGE = "garbage"
    EXCEPTION = "exception"
    BUSY = "busy"
    TRICKLE = "trickle"
    ECHO = "echo"
    CLOSED = "closed"
    MUTE = "mute"
    STALE = "stale"
    BABBLE = "babble"


class Framing(StrEnum):
    RTU = "rtu"
    TCP = "tcp"


_ON_SOCKET = frozenset(LineFault) - {LineFault.WRONG_TRANSACTION, LineFault.STALE}
_ON_SERIAL = _ON_SOCKET - {LineFault.CLOSED, LineFault.MUTE}
_ON_TCP = frozenset(LineFault) - {LineFault.CRC, LineFault.ECHO, LineFault.BABBLE}


def faults_on(framing: Framing, *, socket: bool) -> frozenset[LineFault]:
    """The faults that such a line can have: only frames of RTU have a CRC, only a socket can be closed, and what a
    controller babbles ends at its gateway."""
    if framing is Framing.TCP:
        return _ON_TCP
    return _ON_SOCKET if socket else _ON_SERIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`transaction` means nothing on RTU; `request` is the frame that is answered, for adapters that echo it."""

    framing: Framing
    unit: int
    pdu: bytes
    transaction: int = 0
    request: bytes = b""

    @property
    def frame(self) -> bytes:
        head = bytes([self.unit]) + self.pdu
        if self.framing is Framing.RTU:
            return head + FramerRTU.compute_CRC(head).to_bytes(2, "big")
        return self.transaction.to_bytes(2, "big") + b"\0\0" + len(head).to_bytes(2, "big") + head


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Bytes that are on the wire `after` seconds, counted from when the answer would have begun; `hang_up` follows."""

    after: float
    data: bytes
    hang_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultShare:
    """`share` of the answers (0..1) have all of `faults`."""

    faults: tuple[LineFault, ...]
    share: float = 1.0


class NoSuchFault(ValueError):
    """There is no fault of that name, or no share of 0..1 behind it."""


def fault_share(text: str) -> FaultShare:
    """`late`, `late:0.2` or `crc+late:0.01`. Raises NoSuchFault."""
    names, _, share = text.partition(":")
    try:
        found = FaultShare(
            faults=tuple(LineFault(name) for name in names.split("+")), share=float(share) if share else 1.0
        )
    except ValueError as error:
        raise NoSuchFault(f"{text}: NAME[+NAME][:SHARE], {', '.join(LineFault)}") from error
    if not 0.0 <= found.share <= 1.0:
        raise NoSuchFault(f"{text}: 0 <= SHARE <= 1")
    return found


def draw(mix: Sequence[FaultShare], rng: Random) -> tuple[LineFault, ...]:
    """The faults of the next answer; shares that add up to less than 1 leave the rest of the answers whole."""
    left = rng.random()
    for one in mix:
        left -= one.share
        if left < 0:
            return one.faults
    return ()


def spoiled(answer: Answer, faults: Collection[LineFault], rng: Random, patience: float) -> tuple[Sending, ...]:
    """What is sent instead of the answer; `patience` is how long (seconds) the master waits for it."""
    if not _SILENT.isdisjoint(faults):
        return ()
    for fault in faults:
        answer = _ANSWERS[fault](answer, rng) if fault in _ANSWERS else answer
    data = answer.frame
    for fault in faults:
        data = _BYTES[fault](data, answer, rng) if fault in _BYTES else data
    pieces = _trickle(data, rng, patience) if LineFault.TRICKLE in faults else (Sending(after=0.0, data=data),)
    if LineFault.CLOSED in faults:
        pieces = (Sending(after=0.0, data=data[: rng.randrange(len(data))], hang_up=True),)
    wait = sum(_WAITS[fault](rng, patience) for fault in faults if fault in _WAITS)
    return tuple(replace(piece, after=piece.after + wait) for piece in pieces)


def babble(rng: Random, share: float = 1.0) -> Iterator[Sending]:
    """What a controller says that nobody asked, without end, `share` of the time; each `after` the one before."""
    pause = (1.0 - share) / max(share, 0.001)
    yield Sending(after=rng.uniform(0.0, pause), data=b"")
    while True:
        for _ in range(50):
            yield Sending(after=0.02, data=rng.randbytes(rng.randint(1, 12)))
        yield Sending(after=pause, data=b"")


def _other_unit(answer: Answer, rng: Random) -> Answer:
    return replace(answer, unit=rng.choice([unit for unit in range(1, 248) if unit != answer.unit]))


def _other_transaction(answer: Answer, rng: Random) -> Answer:
    return replace(answer, transaction=(answer.transaction + rng.choice((-3, -2, -1, 1, 2, 3))) & 0xFFFF)


def _exception(answer: Answer, rng: Random) -> Answer:
    return replace(answer, pdu=bytes([answer.pdu[0] | _EXCEPTION, rng.choice(_EXCEPTIONS)]))


def _busy(answer: Answer, _: Random) -> Answer:
    return replace(answer, pdu=bytes([answer.pdu[0] | _EXCEPTION, _BUSY]))


def _truncated(data: bytes, _: Answer, rng: Random) -> bytes:
    return data[: rng.randrange(1, len(data))]


def _damaged(data: bytes, _: Answer, rng: Random) -> bytes:
    """Bits fall over, one, a burst or anywhere; always so that CRC-16 can tell."""
    number = int.from_bytes(data, "big")
    while True:
        damaged = (number ^ _error(len(data) * 8, rng)).to_bytes(len(data), "big")
        if FramerRTU.compute_CRC(damaged[:-2]) != int.from_bytes(damaged[-2:], "big"):
            return damaged


def _error(bits: int, rng: Random) -> int:
    kind = rng.random()
    if kind < 0.4:
        return 1 << rng.randrange(bits)
    if kind < 0.7:
        length = rng.randint(2, min(16, bits))
        return (rng.getrandbits(length) | 1) << rng.randrange(bits - length + 1)
    return rng.getrandbits(bits)


def _noise(data: bytes, _: Answer, rng: Random) -> bytes:
    return rng.randbytes(rng.randint(1, 8)) + data + rng.randbytes(rng.randint(0, 4))


def _garbage(data: bytes, _: Answer, rng: Random) -> bytes:
    return rng.randbytes(rng.randint(1, 3 * len(data)))


def _echo(data: bytes, answer: Answer, _: Random) -> bytes:
    return answer.request + data


def _trickle(data: bytes, rng: Random, patience: float) -> tuple[Sending, ...]:
    """Byte after byte with long pauses, so that it ends somewhere between at once and beyond the patience."""
    pause = rng.uniform(0.1, 2.0) * patience / len(data)
    return tuple(Sending(after=pause * index, data=data[index : index + 1]) for index in range(len(data)))


def _delay(rng: Random, patience: float) -> float:
    return patience * rng.uniform(1.05, 2.0)


def _late(rng: Random, patience: float) -> float:
    return patience + rng.uniform(0.0, LATEST)


_SILENT = frozenset({LineFault.SILENCE, LineFault.MUTE, LineFault.STALE})
_ANSWERS: dict[LineFault, Callable[[Answer, Random], Answer]] = {
    LineFault.WRONG_UNIT: _other_unit,
    LineFault.WRONG_TRANSACTION: _other_transaction,
    LineFault.EXCEPTION: _exception,
    LineFault.BUSY: _busy,
}
_BYTES: dict[LineFault, Callable[[bytes, Answer, Random], bytes]] = {
    LineFault.TRUNCATED: _truncated,
    LineFault.CRC: _damaged,
    LineFault.NOISE: _noise,
    LineFault.GARBAGE: _garbage,
    LineFault.ECHO: _echo,
}
_WAITS: dict[LineFault, Callable[[Random, float], float]] = {LineFault.DELAY: _delay, LineFault.LATE: _late}
