"""Each collector says for itself that its stores fell silent together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "office_line",
        sa.Column("partitions", sa.String(), nullable=False),
        sa.Column("unheard_since", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("partitions", name="pk_office_line"),
    )
    op.execute(
        "INSERT INTO office_line (partitions, unheard_since) "
        "SELECT '0-255', silent_since FROM store_line WHERE store = '_office' AND silent_since IS NOT NULL"
    )
    op.execute("DELETE FROM store_line WHERE store = '_office'")
