"""The bytes that followed one question → what they say about who is on the line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.drivers.modbus import Expected, rtu_frames

_GATEWAY_CODES = frozenset({10, 11})


class Sound(StrEnum):
    """`twice`: two whole answers came to one question. `garbled`: bytes, but no whole frame among them."""

    ANSWER = "answer"
    REFUSAL = "refusal"
    TWICE = "twice"
    STRANGER = "stranger"
    GARBLED = "garbled"
    SILENCE = "silence"


PRESENT = frozenset({Sound.ANSWER, Sound.REFUSAL, Sound.TWICE})
"""Sounds that only a device of that unit id makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """`words` of an answer, `code` of a refusal (or of a gateway that reached nobody).

    `strangers` are other units whose whole frames were heard, `noise` counts the bytes that belong to no frame.
    """

    sound: Sound
    words: tuple[int, ...] = ()
    code: int | None = None
    strangers: tuple[int, ...] = ()
    noise: int = 0


def hear_rtu(received: bytes, expected: Expected, question: bytes) -> Heard:
    """What a serial line said; an adapter's echo of our own question is no answer."""
    received = received.removeprefix(question)
    frames = list(rtu_frames(received))
    noise = len(received) - sum(len(pdu) + 3 for _, pdu in frames)
    fitting = [pdu for unit, pdu in frames if expected.fits(unit, pdu)]
    strangers = tuple(sorted({unit for unit, _ in frames if unit != expected.unit}))
    if fitting:
        return hear_pdus(fitting, strangers, noise)
    if strangers:
        return Heard(sound=Sound.STRANGER, strangers=strangers, noise=noise)
    return Heard(sound=Sound.GARBLED if received else Sound.SILENCE, noise=noise)


def hear_pdus(fitting: Sequence[bytes], strangers: tuple[int, ...] = (), noise: int = 0) -> Heard:
    """Answers that fit the question, at least one."""
    pdu = fitting[0]
    if pdu[0] & 0x80:
        sound = Sound.SILENCE if pdu[1] in _GATEWAY_CODES else Sound.REFUSAL
        heard = Heard(sound=sound, code=pdu[1], strangers=strangers, noise=noise)
    else:
        heard = Heard(sound=Sound.ANSWER, words=_words(pdu), strangers=strangers, noise=noise)
    if len(fitting) > 1:
        return Heard(sound=Sound.TWICE, words=heard.words, code=heard.code, strangers=strangers, noise=noise)
    return heard


def _words(pdu: bytes) -> tuple[int, ...]:
    data = pdu[2:]
    if pdu[0] in {1, 2}:
        return tuple(byte >> bit & 1 for byte in data for bit in range(8))
    return tuple(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
