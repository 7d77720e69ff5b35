"""Lines to stores that are silent or shared by two agents; what quarantine refused, and how often it came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "store_line",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("silent_since", sa.Integer(), nullable=True),
        sa.Column("rivals_since", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["store"], ["store.id"], name="fk_store_line_store"),
        sa.PrimaryKeyConstraint("store", name="pk_store_line"),
    )
    op.add_column("quarantine", sa.Column("digest", sa.String(), nullable=True))
    op.add_column("quarantine", sa.Column("refused", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("quarantine", sa.Column("times", sa.Integer(), nullable=False, server_default="1"))
    op.create_index("ix_quarantine_digest", "quarantine", ["digest"], unique=True)
