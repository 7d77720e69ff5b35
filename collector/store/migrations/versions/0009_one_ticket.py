"""One ticket for one fault: the family of each, the alarms that are written on it; what is remembered of a store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_OPEN = "state NOT IN ('closed', 'cancelled', 'merged')"
_FAMILIES = {
    "refrigeration.air_temperature_high": "cooling",
    "refrigeration.probe_fault": "probe",
    "device.silent": "line",
    "ac.cannot_hold_set_point": "air",
    "store.offline": "offline",
}
"""Of the faults that there were tickets of until now; any other is a family of its own."""


def upgrade() -> None:
    op.add_column("memory", sa.Column("history", sa.LargeBinary()))
    op.add_column("segment_memory", sa.Column("history", sa.LargeBinary()))
    op.create_table(
        "store_memory",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("store", "stream")),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.Column("memory", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("store", "stream", "segment", name="pk_store_memory"),
    )
    _families()
    _alarms()


def _families() -> None:
    op.add_column("ticket", sa.Column("family", sa.String(), nullable=False, server_default=""))
    op.add_column("ticket", sa.Column("merged_into", sa.Integer()))
    op.drop_index("ux_ticket_open", "ticket")
    op.execute("UPDATE ticket SET family = fault")
    for fault, family in _FAMILIES.items():
        op.execute(
            sa.text("UPDATE ticket SET family = :family WHERE fault = :fault").bindparams(family=family, fault=fault)
        )
    op.create_index("ux_ticket_open", "ticket", ["store", "device", "family"], unique=True, sqlite_where=sa.text(_OPEN))


def _alarms() -> None:
    """Each open ticket gets the alarm that it tells of, with its newest episode's beginning."""
    op.create_table(
        "ticket_alarm",
        sa.Column("ticket", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("device", "rule", "family", "severity")),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.Column("since_at_least", sa.Boolean(), nullable=False),
        sa.Column("raised_at", sa.Integer(), nullable=False),
        sa.Column("cleared_at", sa.Integer()),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("evidence", "diagnosis")),
        sa.PrimaryKeyConstraint("ticket", "device", "rule", name="pk_ticket_alarm"),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.id"], name="fk_ticket_alarm_ticket"),
    )
    op.execute(
        f"""INSERT INTO ticket_alarm (ticket, device, rule, family, severity, title, since, since_at_least, raised_at,
            cleared_at, evidence, diagnosis)
        SELECT id, device, fault, family, severity, title, coalesce(began, since), since_at_least,
            coalesce((SELECT raised_at FROM episode AS last WHERE last.store = ticket.store
                AND last.device = ticket.device AND last.rule = fault AND last.since = began), opened_at),
            CASE WHEN alarm_active THEN NULL ELSE coalesce(normal_since, updated_at) END, evidence, diagnosis
        FROM (SELECT ticket.*, (SELECT max(episode.since) FROM episode WHERE episode.store = ticket.store
            AND episode.device = ticket.device AND episode.rule = ticket.fault AND episode.ticket = ticket.id) AS began
            FROM ticket) AS ticket WHERE {_OPEN}"""  # noqa: S608 — constants only
    )
