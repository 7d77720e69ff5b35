"""Alarms as operators see them: their audit, what holds them back, and what tickets turned out to be."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    _alarms()
    _audit()
    _suppressions()
    _rules()


def _alarms() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("store", "device", "rule")),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("priority", sa.String()),
        sa.Column("food", sa.Boolean(), nullable=False),
        sa.Column("latching", sa.Boolean(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("since", "raised_at", "noted_at")),
        *(sa.Column(name, sa.Integer()) for name in ("told_at", "cleared_at", "acknowledged_at")),
        sa.Column("acknowledged_by", sa.String()),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alarm"),
        sa.ForeignKeyConstraint(["store", "device"], ["device.store", "device.id"], name="fk_alarm_store_device"),
        sa.UniqueConstraint("store", "device", "rule", name="uq_alarm_store_device_rule"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alarm_told_at", "alarm", ["told_at"])


def _audit() -> None:
    op.create_table(
        "alarm_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("actor", "kind", "store", "device", "rule", "severity")
        ),
        *(sa.Column(name, sa.String()) for name in ("priority", "source", "target", "reason")),
        sa.Column("until", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_alarm_entry"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alarm_entry_at", "alarm_entry", ["at"])
    op.create_index("ix_alarm_entry_about", "alarm_entry", ["store", "device", "rule"])


def _suppressions() -> None:
    op.create_table(
        "suppression",
        sa.Column("id", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("kind", "store", "device", "rule", "purpose", "reason", "actor")
        ),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("begins_at", "until")),
        sa.Column("ended_at", sa.Integer()),
        sa.Column("ended_by", sa.String()),
        sa.Column("reminded_at", sa.Integer()),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_suppression"),
        sa.ForeignKeyConstraint(["store", "device"], ["device.store", "device.id"], name="fk_suppression_store_device"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_suppression_settled_store", "suppression", ["settled", "store"])


def _rules() -> None:
    op.create_table(
        "rule_mode",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("rule", "mode", "actor")),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("rule", name="pk_rule_mode"),
    )
    op.create_table(
        "closure",
        sa.Column("ticket", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("rule", "code")),
        sa.Column("food", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("note", sa.String()),
        sa.PrimaryKeyConstraint("ticket", name="pk_closure"),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.id"], name="fk_closure_ticket"),
    )
    op.create_index("ix_closure_rule_at", "closure", ["rule", "at"])
