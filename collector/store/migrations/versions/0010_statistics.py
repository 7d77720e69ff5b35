"""What is remembered of a device in two rows: what each poll changes, and the larger rest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "statistics",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("store", "device")),
        *(sa.Column(name, sa.LargeBinary()) for name in ("tracked", "history")),
        sa.PrimaryKeyConstraint("store", "device", name="pk_statistics"),
        sa.ForeignKeyConstraint(
            ["store", "device"], ["device.store", "device.id"], name="fk_statistics_store_device_device"
        ),
    )
    op.execute("INSERT INTO statistics (store, device, history) SELECT store, device, history FROM memory")
    op.drop_column("memory", "history")
    op.add_column("segment_memory", sa.Column("tracked", sa.LargeBinary()))
