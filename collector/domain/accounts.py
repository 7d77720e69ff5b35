"""Passwords, tokens and login attempts: what proves who somebody is, decided without clock or chance."""

from __future__ import annotations

import hashlib
import hmac
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from collector.domain.tickets import Role

SESSION_LASTS = timedelta(days=7)
LINK_LASTS = timedelta(minutes=15)
FAILURES_ALLOWED = 5
FAILURES_ALLOWED_PER_ADDRESS = 20
LOCKED_FOR = timedelta(minutes=1)

_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    name: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of scrypt: `log_n` is the binary logarithm of N. The default takes 32 MB and about a quarter of a second."""

    log_n: int = 15
    r: int = 8
    p: int = 3


def hash_password(password: str, salt: bytes, cost: Cost | None = None) -> str:
    """`scrypt$LOG_N$R$P$SALT$KEY`, so that costs can grow without breaking what is stored."""
    cost = cost or Cost()
    key = _scrypt(password, salt, cost)
    return f"scrypt${cost.log_n}${cost.r}${cost.p}${salt.hex()}${key.hex()}"


def password_matches(password: str, stored: str) -> bool:
    _, log_n, r, p, salt, key = stored.split("$")
    cost = Cost(log_n=int(log_n), r=int(r), p=int(p))
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt), cost), bytes.fromhex(key))


def hash_token(token: str) -> str:
    """Tokens are long and random: one round of SHA-256 keeps a stolen database from being a bunch of keys."""
    return hashlib.sha256(token.encode()).hexdigest()


def _scrypt(password: str, salt: bytes, cost: Cost) -> bytes:
    n = 1 << cost.log_n
    memory = 128 * n * cost.r + 128 * cost.r * cost.p + (1 << 20)
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=cost.r, p=cost.p, maxmem=memory, dklen=32)


@dataclass(slots=True)
class Attempts:
    """Failed logins of the last minute, by name and address, and by address alone. Used from one thread at a time."""

    _failures: dict[tuple[str | None, str], list[datetime]] = field(default_factory=dict)

    def locked_for(self, name: str, address: str, at: datetime) -> timedelta:
        """How long to wait before the next attempt is looked at; zero when it may be."""
        waits = [self._wait((name, address), FAILURES_ALLOWED, at)]
        waits.append(self._wait((None, address), FAILURES_ALLOWED_PER_ADDRESS, at))
        return max(waits)

    def fail(self, name: str, address: str, at: datetime) -> None:
        for key in ((name, address), (None, address)):
            self._failures[key] = [*self._recent(key, at), at]
        if len(self._failures) > _REMEMBERED:
            self._failures = {key: times for key in self._failures if (times := self._recent(key, at))}

    def succeed(self, name: str, address: str) -> None:
        self._failures.pop((name, address), None)

    def _wait(self, key: tuple[str | None, str], allowed: int, at: datetime) -> timedelta:
        recent = self._recent(key, at)
        return recent[-allowed] + LOCKED_FOR - at if len(recent) >= allowed else timedelta()

    def _recent(self, key: tuple[str | None, str], at: datetime) -> list[datetime]:
        return [time for time in self._failures.get(key, []) if at - time < LOCKED_FOR]


def retry_after(wait: timedelta) -> int:
    """Whole seconds for a Retry-After header, never too few."""
    return max(1, math.ceil(wait.total_seconds()))
