"""Modbus frames as a controller sends them, made without the library that the agent reads them with."""

from __future__ import annotations


def rtu(unit: int, pdu: bytes) -> bytes:
    frame = bytes([unit]) + pdu
    return frame + crc(frame).to_bytes(2, "little")


def tcp(transaction: int, unit: int, pdu: bytes) -> bytes:
    return transaction.to_bytes(2, "big") + b"\0\0" + (len(pdu) + 1).to_bytes(2, "big") + bytes([unit]) + pdu


def word_reply(function: int, *words: int) -> bytes:
    return bytes([function, 2 * len(words)]) + b"".join(word.to_bytes(2, "big") for word in words)


def exception_reply(function: int, code: int) -> bytes:
    return bytes([function | 0x80, code])


def crc(frame: bytes) -> int:
    """CRC-16 of the Modbus serial line guide, bit by bit."""
    register = 0xFFFF
    for byte in frame:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ 0xA001 if register & 1 else register >> 1
    return register
