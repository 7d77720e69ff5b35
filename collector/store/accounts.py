"""Who may come in: accounts, sessions and one-time links. Tokens are stored as hashes only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.dialects import sqlite

from collector.domain.accounts import LINK_LASTS, SESSION_LASTS, Account
from collector.store.account_tables import account, login_link, session


def write_account(connection: Connection, who: Account, password_hash: str, at: datetime) -> bool:
    """True where the account is new. One that is there gets the password and role, and its sessions end."""
    new = connection.execute(select(account.c.name).where(account.c.name == who.name)).one_or_none() is None
    told = {"role": who.role, "password_hash": password_hash}
    statement = sqlite.insert(account).values(name=who.name, created_at=at, **told)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=told))
    connection.execute(delete(session).where(session.c.account == who.name))
    connection.execute(delete(login_link).where(login_link.c.account == who.name))
    return new


def find_account(connection: Connection, name: str) -> tuple[Account, str] | None:
    """With the hash of its password."""
    row = connection.execute(select(account).where(account.c.name == name)).one_or_none()
    return None if row is None else (Account(name=row.name, role=row.role), row.password_hash)


def open_session(connection: Connection, name: str, token_hash: str, at: datetime) -> None:
    """Sessions that have ended are swept out on the way."""
    connection.execute(delete(session).where(session.c.ends_by <= at))
    connection.execute(insert(session).values(token_hash=token_hash, account=name, ends_by=at + SESSION_LASTS))


def whose_session(connection: Connection, token_hash: str, at: datetime) -> Account | None:
    query = select(account).join(session, session.c.account == account.c.name)
    row = connection.execute(query.where(session.c.token_hash == token_hash, session.c.ends_by > at)).one_or_none()
    return None if row is None else Account(name=row.name, role=row.role)


def end_session(connection: Connection, token_hash: str) -> None:
    connection.execute(delete(session).where(session.c.token_hash == token_hash))


def make_link(connection: Connection, name: str, token_hash: str, at: datetime) -> None:
    connection.execute(delete(login_link).where(login_link.c.use_by <= at))
    connection.execute(insert(login_link).values(token_hash=token_hash, account=name, use_by=at + LINK_LASTS))


def is_link_good(connection: Connection, token_hash: str, at: datetime) -> bool:
    return connection.execute(select(login_link.c.use_by).where(_good(token_hash, at))).one_or_none() is not None


def use_link(connection: Connection, token_hash: str, at: datetime) -> Account | None:
    """Compare and set: whoever comes second, or late, gets None."""
    statement = update(login_link).where(_good(token_hash, at)).values(used_at=at).returning(login_link.c.account)
    name = connection.execute(statement).scalar_one_or_none()
    found = None if name is None else find_account(connection, name)
    return None if found is None else found[0]


def _good(token_hash: str, at: datetime) -> ColumnElement[bool]:
    return (login_link.c.token_hash == token_hash) & login_link.c.used_at.is_(None) & (login_link.c.use_by > at)
