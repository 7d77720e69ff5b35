"""Passwords, tokens and the limit to attempts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from collector.domain.accounts import (
    FAILURES_ALLOWED,
    FAILURES_ALLOWED_PER_ADDRESS,
    LOCKED_FOR,
    Attempts,
    Cost,
    hash_password,
    hash_token,
    password_matches,
    retry_after,
)

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)
QUICK = Cost(log_n=4, r=8, p=1)


def test_it_knows_a_password_again_by_its_hash_alone() -> None:
    stored = hash_password("冷冻柜-42", b"salt", QUICK)
    assert password_matches("冷冻柜-42", stored)
    assert not password_matches("冷冻柜-43", stored)
    assert "42" not in stored.split("$")[-1] or stored.startswith("scrypt$4$8$1$")


def test_it_reads_hashes_of_every_cost() -> None:
    assert password_matches("secret", hash_password("secret", b"salt", Cost(log_n=5, r=4, p=2)))


def test_it_gives_the_same_password_another_hash_with_another_salt() -> None:
    assert hash_password("secret", b"one", QUICK) != hash_password("secret", b"two", QUICK)
    assert hash_token("token") != "token"


def test_it_locks_a_name_at_an_address_after_five_failures_for_a_minute() -> None:
    attempts = Attempts()
    for second in range(FAILURES_ALLOWED):
        assert not attempts.locked_for("li", "a", NOON)
        attempts.fail("li", "a", NOON + timedelta(seconds=second))
    assert attempts.locked_for("li", "a", NOON + timedelta(seconds=5)) == LOCKED_FOR - timedelta(seconds=5)
    assert not attempts.locked_for("wang", "a", NOON)
    assert not attempts.locked_for("li", "b", NOON)
    assert not attempts.locked_for("li", "a", NOON + LOCKED_FOR + timedelta(seconds=5))


def test_it_locks_an_address_that_tries_many_names() -> None:
    attempts = Attempts()
    for number in range(FAILURES_ALLOWED_PER_ADDRESS):
        attempts.fail(f"name-{number}", "a", NOON)
    assert attempts.locked_for("li", "a", NOON) == LOCKED_FOR


def test_it_forgets_failures_after_a_success_and_after_a_minute() -> None:
    attempts = Attempts()
    for _ in range(FAILURES_ALLOWED - 1):
        attempts.fail("li", "a", NOON)
    attempts.succeed("li", "a")
    attempts.fail("li", "a", NOON)
    assert not attempts.locked_for("li", "a", NOON)


def test_it_does_not_grow_for_ever() -> None:
    attempts = Attempts()
    for number in range(10_100):
        attempts.fail("li", f"address-{number}", NOON + timedelta(seconds=number))
    assert len(attempts._failures) < 10_000


def test_it_never_says_to_come_back_too_early() -> None:
    assert [retry_after(timedelta(seconds=wait)) for wait in (0.0, 0.2, 1.0, 1.1)] == [1, 1, 1, 2]
