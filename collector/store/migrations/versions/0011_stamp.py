"""Who wrote last of a store: each transaction leaves a number of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("store", sa.Column("stamp", sa.Integer()))
